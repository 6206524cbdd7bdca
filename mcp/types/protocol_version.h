#pragma once

#include <optional>
#include <string_view>

namespace mcp {

/// The revisions of the Model Context Protocol this build speaks, oldest first.
enum class ProtocolVersion { v2024_11_05, v2025_03_26, v2025_06_18, v2025_11_25 };

inline constexpr ProtocolVersion kLatestVersion = ProtocolVersion::v2025_11_25;

/// "2025-11-25".
std::string_view to_string(ProtocolVersion version);

/// Nothing for a revision we do not speak.
std::optional<ProtocolVersion> parse_protocol_version(std::string_view text);

/// A JSON array of all versions, newest first, for error data: ["2025-11-25",…].
std::string_view supported_versions_json();

}  // namespace mcp
