#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gateway/cli/gateway_access.h"

namespace gateway {

/// Why there is no such tool, for people: it has another name here, it is kept back, its server is down, the profile does not have
/// it; or which one may have been meant. Asks for the same explanation as "switchyard explain", and ends in that command.
mcp::Error missing_tool(GatewayAccess& access, const std::string& profile, const std::string& tool);

/// The servers that a profile has, in its order. {} where there is nothing to learn.
std::vector<std::string> servers_of_profile(GatewayAccess& access, const std::string& profile, const std::string& any_server);

}  // namespace gateway
