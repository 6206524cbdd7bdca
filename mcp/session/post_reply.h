#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "mcp/base/clock.h"
#include "mcp/http/http_server.h"
#include "mcp/rpc/message.h"
#include "mcp/session/http_access.h"
#include "mcp/session/http_sessions.h"

namespace mcp {

/// The answer to one POSTed request (MCP 2025-11-25, "Sending Messages to the Server"): JSON, or a stream from the first message
/// before the answer, or the first sign of life, on. A stream goes on, and can be resumed, when its connection breaks. Lives in the
/// frame of the coroutine that serves the request. Loop thread only.
class PostReply final : public OpenAnswer {
 public:
  using Clock = mcp::Clock;

  /// `headers` go with the answer, whichever form it takes, and must outlive this.
  /// `patience` is how long it may take without a sign of life.
  PostReply(HttpExchange& exchange,
            HttpSession& session,
            AcceptedTypes accepted,
            HttpHeaders headers,
            Clock::time_point now,
            Clock::duration patience);
  ~PostReply() override;
  PostReply(const PostReply&) = delete;
  PostReply& operator=(const PostReply&) = delete;

  /// Sends a notification, or a request to the client, ahead of the answer. False when the client does not read; for one that is
  /// gone it is kept (disconnecting is no cancellation). To a client that takes no stream here, requests go by its GET stream, and
  /// notifications nowhere.
  bool send(const Message& message);

  void keep_alive(Clock::time_point now) override;

  /// False when a stream was written, which then has to be ended.
  bool finish(const std::optional<Message>& answer);

 private:
  void begin();

  HttpExchange& exchange_;
  HttpSession& session_;
  HttpHeaders headers_;
  const AcceptedTypes accepted_;
  std::shared_ptr<EventStream> stream_;  // once it has begun
  const Clock::time_point silent_until_;
};

}  // namespace mcp
