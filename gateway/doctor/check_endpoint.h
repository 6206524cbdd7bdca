#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "gateway/config/config_file.h"
#include "gateway/doctor/check.h"
#include "gateway/doctor/check_login.h"
#include "gateway/inspect/endpoint_client.h"
#include "mcp/base/task.h"

namespace gateway {

/// What there is to say of an HTTP server without asking it: where its credentials would travel unprotected.
Checks check_address_of(const ServerSpec& server);

/// Asks an HTTP server as little as can be: a GET, and where that does not tell, a ping outside any session. No session is begun,
/// but by servers of HTTP+SSE, whose GET is one; it ends with the connection.
/// Names that fail, connections, certificates, statuses. Each answer may take `patience`. Loop thread only. `environment`: the
/// gateway's; it tells of proxies. `login` may be empty.
mcp::Task<Checks> check_endpoint(mcp::Executor executor,
                                 const ServerSpec& server,
                                 const Environment& environment,
                                 const FindLogin& login,
                                 std::chrono::milliseconds patience);

/// What a GET of the endpoint says; nothing where a POST has to tell.
std::optional<Check> judge_get(const ServerSpec& server, const HttpAnswer& answer);

/// What a POSTed ping says.
Check judge_post(const ServerSpec& server, const HttpAnswer& answer);

}  // namespace gateway
