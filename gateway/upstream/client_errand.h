#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "mcp/base/task.h"
#include "mcp/session/client_session.h"

namespace gateway {

/// For what we ask of a server on a client's behalf.
inline constexpr auto kClientErrand = std::chrono::seconds(10);

/// A request of ours on a client's behalf; what comes of it is only logged. True where the server did it.
mcp::Task<bool> tell(const mcp::Executor& executor, mcp::ClientSession& session, std::string_view method, std::string_view params);

/// {"uri":…}
std::string uri_params(std::string_view uri);

}  // namespace gateway
