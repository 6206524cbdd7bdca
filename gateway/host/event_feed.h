#pragma once

#include <functional>
#include <optional>
#include <string>

#include "gateway/admin/event_log.h"
#include "gateway/admin/status.h"
#include "gateway/host/gateway.h"
#include "gateway/host/tool_changes.h"

namespace gateway {

/// Writes what happens in a gateway into the log that /api/v1/events tells from: each event an object with "at" (RFC 3339) and
///
///   server        "server": as /api/v1/servers shows it, at every change of its state or phase, also where it is there no more
///                 (state "removed")
///   tools         "server", "gained", "lost", "changed": callable names of /mcp, twenty of each at most, and "more" beside them
///   reload        "trigger", and "plan" as /api/v1/plan has it, or "error"
///   environments  "environments" as /api/v1/environments shows those that changed
///   gateway       "ready", "settled" (every server came to the end of its first start), "stopping": when one of them changes
///
/// Loop thread only.
class EventFeed {
 public:
  explicit EventFeed(EventLog& log) : log_(log) {}

  void server_changed(const RuntimeStatus& server);
  void server_absent(const AbsentServer& server);
  void server_removed(const ServerName& server);

  /// What a gateway is to tell this.
  Gateway::Listener listener(std::function<void(const Runtime&)> after_server_change);

  void tools_changed(const ServerName& server, const ToolChanges& changes);
  void reloaded(const std::string& trigger, const mcp::Result<Plan>& outcome);

  /// The difference to those that it heard of last.
  void environments_changed(const EnvironmentStates& environments);

  struct GatewayState {
    bool ready = false, settled = false, stopping = false;
    bool operator==(const GatewayState&) const = default;
  };
  /// Nothing where that is what it heard last.
  void gateway_is(const GatewayState& state);

 private:
  EventLog& log_;
  EnvironmentStates environments_;
  std::optional<GatewayState> state_;
};

}  // namespace gateway
