#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <utility>

#include "mcp/rpc/message.h"
#include "mcp/transport/streamable_connection.h"

namespace mcp {

/// Posts the messages that are no requests of ours, each in a POST of its own. They leave in the order of the calls, one behind the
/// other, but for responses and notifications/cancelled: each concerns one request alone, and leaves at once (eight at a time).
/// notifications/initialized makes the connection `initializing` until it has arrived; nothing overtakes it, and a server has 30 s
/// to take it, 5 s for any other message. At most 4096 wait in either line; more are dropped, and logged.
/// Loop thread only. Held by shared_ptr.
class StreamableSender : public std::enable_shared_from_this<StreamableSender> {
 public:
  explicit StreamableSender(std::shared_ptr<StreamableConnection> connection) : connection_(std::move(connection)) {}

  /// Never waits. Does nothing once the connection has ended. A message that is not taken is logged; where the server says that
  /// the session is lost, the connection is.
  void send(Message message);

  /// Forgets what waits.
  void clear();

 private:
  void start_prompt();
  Task<void> send_ordered();
  Task<void> send_prompt();
  Task<void> send_one(Message message, std::chrono::steady_clock::duration time);

  std::shared_ptr<StreamableConnection> connection_;
  std::deque<Message> ordered_;
  std::deque<Message> prompt_;
  bool sending_ordered_ = false;
  int sending_prompt_ = 0;
  bool dropping_ = false;  // until all of a line was sent
};

}  // namespace mcp
