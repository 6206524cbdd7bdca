#include "gateway/cli/startup_text.h"

#include <algorithm>

namespace gateway {

std::string startup_text(const GatewayStatus& status) {
  std::string starting;
  for (const RuntimeStatus& server : status.servers) {
    if (server.state == RuntimeState::starting) starting += (starting.empty() ? " " : ", ") + server.name.str();
  }
  const auto ready = std::ranges::count(status.servers, RuntimeState::ready, &RuntimeStatus::state);
  return "starting:" + starting + " (" + std::to_string(ready) + " of " + std::to_string(status.servers.size()) + " ready)";
}

}  // namespace gateway
