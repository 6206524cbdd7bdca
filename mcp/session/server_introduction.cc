#include "mcp/session/server_introduction.h"

#include <utility>

#include "mcp/json/text.h"
#include "mcp/rpc/error_codes.h"

namespace mcp {

namespace {

/// Why there is no session where the server answered initialize with an error.
Error refusal(const Message& response) {
  constexpr std::size_t kShown = 500;  // of a text that may be of any length
  const std::string_view error = response.raw(response.envelope().error);
  const std::string_view data = member(error, "data");
  std::string message = decode_json_string(member(error, "message")).substr(0, kShown);
  // A gateway that says what is wrong with a configuration says it of ours: of the one that led us there.
  if (decode_json_string(member(data, "reason")) == to_string(ErrorCode::config_invalid)) {
    std::string remedy = decode_json_string(member(data, "remedy")).substr(0, kShown);
    if (message.ends_with(remedy)) message.resize(message.find_last_not_of(" .", message.size() - remedy.size() - 1) + 1);
    return {ErrorCode::config_invalid, std::move(message), std::move(remedy)};
  }
  const std::string code(member(error, "code").substr(0, 20));
  message = "the server refused initialize with error " + code + ": " + message;
  // Every MCP server knows the method.
  if (code == std::to_string(kMethodNotFound)) {
    return {ErrorCode::not_mcp, std::move(message), "Check that what is configured is an MCP server."};
  }
  return {ErrorCode::server_unavailable, std::move(message), "Give the server what its message asks for; its log may say more."};
}

}  // namespace

Result<ServerIntroduction> read_introduction(const Message& response) {
  if (response.is_error()) return std::unexpected(refusal(response));
  const std::string_view result = response.raw(response.envelope().result);
  const std::string version = decode_json_string(member(result, "protocolVersion"));
  if (version.empty()) return fail(ErrorCode::not_mcp, "the answer to initialize has no protocolVersion");
  const auto known = parse_protocol_version(version);
  if (!known) {
    return fail(ErrorCode::unsupported_version,
                "the server wants MCP revision \"" + version.substr(0, 40) + "\", which this version does not speak",
                "Supported are 2024-11-05, 2025-03-26, 2025-06-18 and 2025-11-25.");
  }
  ServerIntroduction introduction{.version = *known};
  if (const auto info = member(result, "serverInfo"); info.starts_with('{')) introduction.server_info = info;
  if (const auto capabilities = member(result, "capabilities"); !capabilities.empty()) introduction.capabilities = capabilities;
  introduction.instructions = decode_json_string(member(result, "instructions"));
  return introduction;
}

bool declares(std::string_view capabilities, std::string_view capability) {
  const std::string_view value = member(capabilities, capability);
  return !value.empty() && value != "null" && value != "false";
}

bool declares_tool_tasks(std::string_view capabilities) {
  const std::string_view requests = member(member(capabilities, "tasks"), "requests");
  return member(member(requests, "tools"), "call").starts_with('{');
}

std::string instance_of(const Message& initialize) {
  const std::string_view instance = member(initialize.raw(initialize.envelope().meta), "switchyard/instance");
  return decode_json_string(instance);
}

}  // namespace mcp
