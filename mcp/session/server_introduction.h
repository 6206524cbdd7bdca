#pragma once

#include <string>
#include <string_view>

#include "mcp/base/result.h"
#include "mcp/rpc/message.h"
#include "mcp/types/protocol_version.h"

namespace mcp {

/// What a server said of itself in its answer to initialize.
struct ServerIntroduction {
  ProtocolVersion version = kLatestVersion;
  std::string server_info = "{}";   // JSON text, as it came
  std::string capabilities = "{}";  // JSON text, as it came
  std::string instructions;         // decoded; "" when there are none
};

/// Reads the answer to initialize. Errors: not_mcp, unsupported_version (a revision we do not speak), or what the server's error
/// says (server_unavailable, config_invalid).
Result<ServerIntroduction> read_introduction(const Message& response);

/// Whether a capabilities object (JSON text) declares this one.
bool declares(std::string_view capabilities, std::string_view capability);

/// Whether it declares that calls of tools can run as tasks (MCP 2025-11-25, "Tasks").
bool declares_tool_tasks(std::string_view capabilities);

/// The instance a client names in its initialize, "" when it names none. A gateway that meets its own is connected to itself.
std::string instance_of(const Message& initialize);

}  // namespace mcp
