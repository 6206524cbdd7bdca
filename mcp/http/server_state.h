#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

#include "mcp/base/event.h"
#include "mcp/http/http_server.h"
#include "mcp/http/server_reader.h"
#include "mcp/http/tls_server.h"

namespace mcp {

class ServerConnection;

/// What the connections of one server share. Each of them holds it, so it outlives the HttpServer where a handler does. Loop
/// thread only.
class ServerState : public std::enable_shared_from_this<ServerState> {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  ServerState(const Executor& executor, const HttpServerOptions& options, HttpHandler handler);
  ServerState(const ServerState&) = delete;
  ServerState& operator=(const ServerState&) = delete;

  const Executor& executor() const { return executor_; }
  const HttpServerOptions& options() const { return options_; }
  const HttpHandler& handler() const { return handler_; }
  BufferPool& buffers() { return buffers_; }
  BodyBudget& bodies() { return bodies_; }

  /// What connections over TLS that come from here on speak with.
  void set_tls(std::shared_ptr<const TlsServerContext> context) { tls_ = std::move(context); }
  std::unique_ptr<TlsServerSession> accept_tls(int socket) const { return tls_ ? tls_->accept(socket) : nullptr; }

  void add(ServerConnection& connection);
  void remove(ServerConnection& connection);
  std::size_t connections() const { return connections_.size(); }

  /// At max_connections nothing is accepted; ends when there is room, or when `wake_acceptors` was called. Strangers'
  /// connections make room (HttpServerOptions::wary), but not in their first second.
  bool full() const { return connections_.size() >= options_.max_connections; }
  Task<void> wait_for_room();
  void wake_acceptors() { room_.cancel(); }

  /// The time of the last sweep: costs nothing to ask, and is late by at most one interval.
  TimePoint now() const { return now_; }
  /// A deadline that is never early: what it guards has at least `timeout`.
  TimePoint deadline_in(Duration timeout) const;

  /// Requests between the end of their head and the end of their handler.
  void request_began() { ++busy_; }
  void request_ended();

  bool stopping() const { return stopping_; }
  /// Tells every connection; then waits until no request is busy, at most until `deadline`.
  Task<void> drain(TimePoint deadline);
  void close_all();

 private:
  void close_strangers();
  void start_sweep();
  void sweep();

  const Executor executor_;
  const HttpServerOptions options_;
  const HttpHandler handler_;
  const Duration interval_;
  BufferPool buffers_;
  BodyBudget bodies_;
  std::shared_ptr<const TlsServerContext> tls_;
  std::vector<ServerConnection*> connections_;
  std::size_t busy_ = 0;
  bool stopping_ = false;
  bool sweeping_ = false;
  bool wanted_ = false;  // somebody waits for room
  TimePoint now_;
  boost::asio::steady_timer sweep_timer_;
  boost::asio::steady_timer room_;
  Event drained_;
};

}  // namespace mcp
