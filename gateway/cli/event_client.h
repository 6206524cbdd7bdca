#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/host/state_file.h"
#include "mcp/base/result.h"

namespace gateway {

/// One event of /api/v1/events.
struct StreamEvent {
  std::string id, type;
  std::string data;  // valid JSON
};

/// How the following of events ended.
enum class FollowEnd {
  enough,    // the caller has what it wanted
  deadline,  // came first
  closed,    // the gateway ended the stream
};

/// The servers that an event shows, as /api/v1/servers does: all in a snapshot, one where it changed.
std::vector<std::string_view> servers_in(const StreamEvent& event);

/// Follows what happens in the gateway that runs, from a snapshot of it on; `server` "" means all. `on_event` is called from this
/// thread, and returns false once it has enough. Errors: connect_failed where the gateway cannot be reached; http_status with what
/// it said.
mcp::Result<FollowEnd> follow_events(const RunningGateway& gateway,
                                     const std::string& server,
                                     std::chrono::steady_clock::time_point deadline,
                                     const std::function<bool(const StreamEvent&)>& on_event);

}  // namespace gateway
