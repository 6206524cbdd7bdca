#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "mcp/rpc/request_handler.h"
#include "mcp/session/client_session.h"

namespace gateway {

/// One upstream session of a SessionPool, and whose it is. Loop thread only.
struct PooledSession {
  /// Its server keeps something of the holder's that no other client may meet.
  bool pinned() const { return knows_roots || !subscriptions.empty() || tasks > 0; }

  std::string principal, capabilities;
  std::shared_ptr<mcp::ClientSession> session;  // null until it is being opened
  mcp::Cancellation* opening = nullptr;         // of opening, while it is under way
  bool opened = false;                          // opening has ended, good or bad
  std::optional<mcp::Error> failure;            // why it is not, or no longer, open
  std::uint64_t holder = 0;                     // the client (Caller::id) that uses it, or did last
  std::weak_ptr<mcp::ClientPeer> peer;
  int leases = 0;
  bool doubtful = false;                                          // a request did not end well: something may still be going on
  bool checking = false;                                          // whether the server still knows it
  bool knows_roots = false;                                       // the server has asked for the holder's roots
  int tasks = 0;                                                  // of the holder's that may still want something of it
  std::map<std::string, std::string, std::less<>> subscriptions;  // URI as the server knows it → as the holder does
  std::optional<mcp::LoggingLevel> log_level;                     // as the server was told last
  std::chrono::steady_clock::time_point last_used;
};

}  // namespace gateway
