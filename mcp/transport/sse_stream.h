#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "mcp/http/sse_reader.h"
#include "mcp/rpc/pending_calls.h"
#include "mcp/transport/streamable_connection.h"

namespace mcp {

/// The event stream of an HTTP+SSE server (MCP 2024-11-05): learns from it where messages go, hands responses to who waits for them
/// and everything else to the connection's receiver. Its end ends the connection. Loop thread only. Held by shared_ptr.
class SseStream : public std::enable_shared_from_this<SseStream> {
 public:
  SseStream(std::shared_ptr<StreamableConnection> connection, std::chrono::steady_clock::duration endpoint_timeout);

  /// Opens the stream, the first time. The connection is `initializing` until it is known where messages go; where that does not
  /// come about, the connection is given up with the reason.
  void start();

  /// It is known where messages go.
  bool connected() const { return connected_; }

  PendingCalls& pending() { return pending_; }

 private:
  static Task<void> run(std::shared_ptr<SseStream> self);
  Task<Error> read();
  void arm_limit();
  bool take(SseEvent& event);
  void take_endpoint(std::string_view reference);
  void take_text(std::string text);
  void take_message(std::string text);
  void refuse(std::uint64_t answered, const Error& why);
  void end(const Error& reason);
  Error too_large() const;

  std::shared_ptr<StreamableConnection> connection_;
  const std::chrono::steady_clock::duration endpoint_timeout_;
  boost::asio::steady_timer limit_;
  PendingCalls pending_;
  bool started_ = false;
  bool connected_ = false;
  bool stopped_ = false;
};

}  // namespace mcp
