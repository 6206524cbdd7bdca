#pragma once

#include <functional>
#include <optional>

#include "gateway/admin/status.h"
#include "gateway/host/environment.h"

namespace gateway {

struct ServeOptions {
  Config config;
  std::string state_dir;
  HostEnvironment environment;
  bool stdio = false;                                          // speak MCP on stdin and stdout
  std::optional<ListenAddress> listen, admin;                  // as the command line says; they win over the file
  std::string profile;                                         // what is served there, one of the configuration's; "" = all servers
  std::chrono::milliseconds drain = std::chrono::seconds(10);  // how long calls may go on after SIGTERM

  /// Told from the loop thread: once when the listeners accept, once when every server came to the end of its first start. In stdio
  /// mode stdout belongs to MCP, so write elsewhere.
  std::function<void(const GatewayStatus&)> on_listening;
  std::function<void(const GatewayStatus&)> on_settled;
  /// Told whenever a server got further, while some are on their first start.
  std::function<void(const GatewayStatus&)> on_progress;
  /// The gateway begins to stop while this many requests of clients are open; `drain` is how long it waits for them.
  std::function<void(std::size_t open)> on_stopping;
};

/// Runs the gateway until SIGTERM or SIGINT (or, in stdio mode, until stdin ends), or its terminal is closed. Another SIGHUP, but
/// in stdio mode, has it read its configuration again, as every change of the file does. In stdio mode a listener whose port cannot
/// be had takes a free one of the same host. Error: a listener could not be opened, another gateway has the state folder, or a
/// required server did not start (every reason is listed).
mcp::Result<> serve(ServeOptions options);

struct RelayStdioOptions {
  std::string state_dir;
  std::string profile;                                            // "" = all servers
  std::chrono::milliseconds drain = std::chrono::seconds(10);     // how long calls may go on after the end
  std::chrono::milliseconds patience = std::chrono::seconds(10);  // how long the gateway may be away
};

/// Speaks MCP on stdin and stdout and passes everything to the gateway that runs on the state folder, whichever does, until stdin
/// ends or SIGTERM or SIGINT comes. Error: none has run for a while (Relay).
mcp::Result<> relay_stdio(const RelayStdioOptions& options);

}  // namespace gateway
