#pragma once

#include <optional>
#include <string_view>

namespace mcp {

/// How severe a server's log message is (MCP 2025-11-25, "Logging"; RFC 5424), least first.
enum class LoggingLevel { debug, info, notice, warning, error, critical, alert, emergency };

/// "warning".
std::string_view to_string(LoggingLevel level);

/// Nothing for a word that is no level.
std::optional<LoggingLevel> parse_logging_level(std::string_view text);

}  // namespace mcp
