#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/cli/command_line.h"
#include "gateway/cli/console.h"
#include "gateway/host/environment.h"
#include "gateway/host/state_file.h"

namespace gateway {

/// What every command gets.
struct CommandContext {
  GlobalOptions options;
  Console& console;
  HostEnvironment environment;

  std::string config_file() const;
  std::string state_dir() const;
  std::shared_ptr<oauth::CredentialStore> credential_store() const;  // of the state folder; never null
};

/// A tool call as a command makes it.
struct ToolQuestion {
  std::string profile;  // "" means all servers
  std::string tool;     // callable name
  std::string arguments = "{}";
};

/// The gateway a command asks: one that runs, or one of its own for as long as the command takes. Waits show a progress line. One
/// thread.
class GatewayAccess {
 public:
  /// The params of a progress notification, JSON. From any thread.
  using OnProgress = std::function<void(std::string_view params)>;

  virtual ~GatewayAccess() = default;

  /// What /api/v1/servers answers just now.
  virtual mcp::Result<std::string> servers() = 0;

  /// Waits until every server that was started for this command came to the end of its first start. A gateway that runs is not
  /// waited for: who is still starting there is part of what it has to tell.
  virtual void settle() = 0;

  /// Waits until a tool of this callable name is there, or every server came to the end of its first start, in one that runs at
  /// most ten seconds.
  virtual void await_tool(const std::string& profile, const std::string& tool) = 0;

  /// The same for the first start of one server.
  virtual void await_server(const std::string& server) = 0;

  /// What /api/v1/tools answers just now. `server` "" means all.
  virtual mcp::Result<std::string> tools(const std::string& profile, const std::string& server) = 0;

  /// What /api/v1/explain answers, once the servers that it depends on came to the end of their first start; in one that runs that
  /// is waited for ten seconds at most.
  virtual mcp::Result<std::string> explain(const std::string& profile, const std::string& name) = 0;

  /// The JSON-RPC response to tools/call. Shows no progress line of its own.
  virtual mcp::Result<std::string> call(const ToolQuestion& question, const OnProgress& on_progress) = 0;
};

/// The configuration that the user names, else that of the gateway that runs, else the usual one.
std::string known_config(const CommandContext& context);

/// The running gateway of the state folder, unless the user names another configuration than it has; else one of our own.
mcp::Result<std::unique_ptr<GatewayAccess>> open_gateway(const CommandContext& context);

/// Whether a gateway runs on the state folder with this configuration.
bool gateway_runs_on(const CommandContext& context, const std::string& config);

/// The configuration that the user names for this command, where the gateway that runs has another one; else "".
std::string other_config(const CommandContext& context, const RunningGateway& running);

/// The gateway that runs on the state folder and can be asked. Error config_invalid where none does.
mcp::Result<RunningGateway> running_gateway(const CommandContext& context);

/// The gateway that runs, over its admin API and its MCP endpoint.
std::unique_ptr<GatewayAccess> make_remote_access(RunningGateway gateway, const Console& console);

/// One of our own.
mcp::Result<std::unique_ptr<GatewayAccess>> make_local_access(const CommandContext& context);

}  // namespace gateway
