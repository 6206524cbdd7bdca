#pragma once

#include <chrono>
#include <optional>

#include "mcp/http/http_server.h"
#include "mcp/rpc/message.h"
#include "mcp/session/http_access.h"
#include "mcp/session/http_sessions.h"

namespace mcp {

/// The answer to one POSTed request (MCP 2025-11-25, "Sending Messages to the Server"): JSON, or a stream from the first
/// notification, or the first sign of life, on. Lives in the frame of the coroutine that serves the request. Loop thread only.
class PostReply final : public OpenStream {
 public:
  using Clock = std::chrono::steady_clock;

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

  /// False when the client does not read; one that is gone counts as one that is not interested (disconnecting is no cancellation).
  bool notify(const Message& notification);

  void keep_alive(Clock::time_point now) override;

  /// False when a stream was written, which then has to be ended.
  bool finish(const std::optional<Message>& answer);

 private:
  void begin();

  HttpExchange& exchange_;
  HttpSession& session_;
  HttpHeaders headers_;
  const AcceptedTypes accepted_;
  bool streaming_ = false;
  bool gone_ = false;
  const Clock::time_point silent_until_;
};

}  // namespace mcp
