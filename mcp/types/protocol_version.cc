#include "mcp/types/protocol_version.h"

namespace mcp {

std::string_view to_string(ProtocolVersion version) {
  switch (version) {
    case ProtocolVersion::v2024_11_05:
      return "2024-11-05";
    case ProtocolVersion::v2025_03_26:
      return "2025-03-26";
    case ProtocolVersion::v2025_06_18:
      return "2025-06-18";
    case ProtocolVersion::v2025_11_25:
      return "2025-11-25";
  }
  return "2025-11-25";
}

std::optional<ProtocolVersion> parse_protocol_version(std::string_view text) {
  for (auto version :
       {ProtocolVersion::v2024_11_05, ProtocolVersion::v2025_03_26, ProtocolVersion::v2025_06_18, ProtocolVersion::v2025_11_25}) {
    if (text == to_string(version)) return version;
  }
  return std::nullopt;
}

std::string_view supported_versions_json() {
  return R"(["2025-11-25","2025-06-18","2025-03-26","2024-11-05"])";
}

}  // namespace mcp
