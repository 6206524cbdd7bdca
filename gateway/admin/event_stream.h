#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "gateway/admin/event_log.h"
#include "gateway/admin/status.h"

namespace gateway {

/// What one client of GET /api/v1/events gets, as text/event-stream: first "snapshot", which is what /api/v1/servers answers, then
/// what happens from that moment on. Who comes back with the id of the event it saw last gets what it missed instead, where that is
/// still known; who is too slow gets a snapshot again. One thread.
class EventStream {
 public:
  /// `server`: what concerns another one is left out; "" leaves out nothing. `last_seen`: of the Last-Event-ID header, or "".
  /// Errors: config_invalid where there is no such server; those of AdminSource.
  static mcp::Result<std::unique_ptr<EventStream>> open(AdminSource& source, std::string server, std::string_view last_seen);

  /// Becomes readable when there is more.
  int fd() const { return listener_.fd(); }

  /// What is to be sent now; "" where nothing is. Nothing where the gateway cannot tell any more.
  std::optional<std::string> next();

  /// Shows a client, and what stands between, that the stream lives.
  static std::string_view sign_of_life() { return ": still here\n\n"; }

 private:
  EventStream(AdminSource& source, std::string server);

  mcp::Result<std::string> snapshot();
  std::string frame(std::uint64_t id, const std::string& type, std::string_view data) const;

  AdminSource& source_;
  EventLog& log_;
  const EventLog::Listener listener_;
  const std::string server_;
  std::uint64_t seen_ = 0;
  std::string first_;  // what is sent before anything else
};

}  // namespace gateway
