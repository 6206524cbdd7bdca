#pragma once

#include <chrono>
#include <string>

#include "gateway/host/state_file.h"
#include "mcp/base/result.h"

namespace gateway {

/// One question to the admin API of the gateway that runs. `method` is "GET", "POST", "PUT" or "DELETE", `target` a path with its
/// query. Returns the answer's body, valid JSON. Errors: connect_failed where there is no answer within `patience`; http_status
/// with what the gateway said, the error object in Error::data.
mcp::Result<std::string> ask_admin(const RunningGateway& gateway,
                                   const std::string& method,
                                   const std::string& target,
                                   std::chrono::seconds patience = std::chrono::seconds(15));

}  // namespace gateway
