#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "mcp/base/log.h"

namespace mcp {

/// What a log line is made of, beside its format.
struct LogLine {
  std::chrono::system_clock::time_point time;
  LogLevel level = LogLevel::info;
  std::string_view target;
  std::string_view message;
  std::span<const LogField> fields = {};
};

/// Longest message and longest text value of a field, in bytes of what was passed in; the rest is replaced by "…".
inline constexpr std::size_t kLogTextLimit = 16 * 1024;

/// "HH:MM:SS.mmm LEVEL target  message key=value …" in local time, without a line end. One line whatever the parts contain: control
/// characters are escaped, invalid UTF-8 becomes U+FFFD. `colour` puts terminal colours around time, level and target.
std::string format_log_text(const LogLine& line, bool colour);

/// {"time":RFC 3339 in UTC with milliseconds,"level":…,"target":…,"message":…, fields…}, without a line end. Valid JSON for any
/// bytes.
std::string format_log_json(const LogLine& line);

/// "trace" … "error", "off".
std::string_view to_string(LogLevel level);

}  // namespace mcp
