#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gateway/doctor/check.h"
#include "gateway/host/state_file.h"
#include "mcp/base/result.h"

namespace gateway {

/// What is known of the gateway of the state folder.
struct GatewayFacts {
  mcp::Result<std::optional<RunningGateway>> running;
  mcp::Result<std::string> status;   // what its /api/v1/servers answered, valid JSON; looked at where one runs
  std::string other_config;          // the file that this command was told of, where the gateway has another; else ""
  std::vector<std::string> servers;  // to be looked at; {}: all
};

/// Whether one runs, how it does, and which of its servers do not.
Checks check_gateway(const GatewayFacts& facts);

/// Makes notes of the errors of servers in this group whose cause stands as an error of its own elsewhere, so that it is not
/// counted twice. `checks`: of all groups.
void count_once(Checks& checks);

}  // namespace gateway
