#include "mcp/session/era.h"

#include <string>

#include "mcp/json/text.h"
#include "mcp/rpc/error_codes.h"
#include "mcp/types/protocol_version.h"

namespace mcp {

namespace {

constexpr std::string_view kClaim = "io.modelcontextprotocol/protocolVersion";
constexpr std::size_t kShown = 40;  // of what was asked for

}  // namespace

std::optional<Message> refuse_stateless(const Message& request) {
  const Span meta = request.envelope().meta;
  const std::string_view claim = meta.present() ? member(request.raw(meta), kClaim) : std::string_view();
  if (claim.empty() && request.method() != "server/discover") return std::nullopt;
  return refuse_version(request.id(), claim.starts_with('"') ? decode_json_string(claim) : std::string(claim));
}

bool is_spoken(std::string_view version_header) {
  return version_header.empty() || parse_protocol_version(version_header);
}

Message refuse_version(std::string_view id, std::string_view requested) {
  requested = requested.substr(0, kShown);
  std::string message = "MCP without initialize is not spoken here.";
  if (!requested.empty()) message = "MCP revision \"" + std::string(requested) + "\" is not spoken here.";
  message += " Open a session with initialize, in a revision that is supported.";
  const std::string data =
      R"({"supported":)" + std::string(supported_versions_json()) + R"(,"requested":)" + json_string(requested) + "}";
  return Message::error(id, kUnsupportedVersion, message, data);
}

}  // namespace mcp
