#include "gateway/cli/startup_text.h"

#include <algorithm>

#include "mcp/json/text.h"

namespace gateway {

std::string startup_text(const GatewayStatus& status) {
  std::string starting;
  for (const RuntimeStatus& server : status.servers) {
    if (server.state == RuntimeState::starting) starting += (starting.empty() ? " " : ", ") + server.name.str();
  }
  const auto ready = std::ranges::count(status.servers, RuntimeState::ready, &RuntimeStatus::state);
  return "starting:" + starting + " (" + std::to_string(ready) + " of " + std::to_string(status.servers.size()) + " ready)";
}

std::string connect_text(const std::string& url, bool asks_for_token) {
  const std::string option = asks_for_token ? " --header \"Authorization: Bearer TOKEN\"" : "";
  const std::string member = asks_for_token ? R"(,"headers":{"Authorization":"Bearer TOKEN"})" : "";
  // One client passes over an entry that has a URL and no type.
  return "Connect a client:\n  claude mcp add --transport http switchyard " + url + option +
         "\nor, in a client's configuration:\n  {\"mcpServers\":{\"switchyard\":{\"type\":\"http\",\"url\":" +
         mcp::json_string(url) + member + "}}}\n";
}

}  // namespace gateway
