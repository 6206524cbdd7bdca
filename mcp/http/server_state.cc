#include "mcp/http/server_state.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "mcp/http/server_connection.h"

namespace mcp {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kBufferSize = std::size_t{64} << 10;
constexpr std::chrono::milliseconds kLongestInterval(500);
constexpr std::chrono::milliseconds kShortestInterval(5);
constexpr std::chrono::seconds kTimeForFirstRequest(1);
constexpr std::size_t kMostClosed = 64;

ServerState::Duration sweep_interval(const HttpServerOptions& options) {
  const auto shortest = std::min({options.head_timeout, options.body_timeout, options.idle_timeout, options.write_timeout});
  return std::clamp<ServerState::Duration>(shortest / 4, kShortestInterval, kLongestInterval);
}

}  // namespace

ServerState::ServerState(const Executor& executor, const HttpServerOptions& options, HttpHandler handler)
    : executor_(executor),
      options_(options),
      handler_(std::move(handler)),
      interval_(sweep_interval(options)),
      buffers_(std::max(kBufferSize, options.max_head)),
      bodies_(options.max_bodies),
      now_(std::chrono::steady_clock::now()),
      sweep_timer_(executor),
      room_(executor, asio::steady_timer::time_point::max()),
      drained_(executor) {}

void ServerState::add(ServerConnection& connection) {
  connection.set_index(connections_.size());
  connections_.push_back(&connection);
  start_sweep();
}

void ServerState::remove(ServerConnection& connection) {
  if (full()) wake_acceptors();
  ServerConnection* const last = connections_.back();
  connections_[connection.index()] = last;
  last->set_index(connection.index());
  connections_.pop_back();
  if (connections_.empty() && stopping_) sweep_timer_.cancel();
}

/// Several at once: to look for them takes time, and where there are many more will come.
void ServerState::close_strangers() {
  std::size_t closed = 0;
  for (ServerConnection* connection : connections_) {
    // One that has just come is about to ask.
    if (!connection->is_stranger() || now_ - connection->accepted_at() < kTimeForFirstRequest) continue;
    connection->close();
    if (++closed == kMostClosed) return;
  }
}

Task<void> ServerState::wait_for_room() {
  wanted_ = true;
  close_strangers();
  co_await room_.async_wait(asio::as_tuple(asio::use_awaitable));
  wanted_ = false;
}

ServerState::TimePoint ServerState::deadline_in(Duration timeout) const {
  if (timeout >= TimePoint::max() - now_ - interval_) return TimePoint::max();
  return now_ + interval_ + timeout;
}

void ServerState::request_ended() {
  --busy_;
  if (busy_ == 0 && stopping_) drained_.set();
}

Task<void> ServerState::drain(TimePoint deadline) {
  stopping_ = true;
  for (ServerConnection* connection : connections_)
    connection->stop();
  if (busy_ == 0) co_return;
  co_await drained_.wait_until(deadline);
}

void ServerState::close_all() {
  for (ServerConnection* connection : connections_)
    connection->close();
}

void ServerState::start_sweep() {
  if (sweeping_) return;
  sweeping_ = true;
  now_ = std::chrono::steady_clock::now();
  sweep_timer_.expires_at(now_ + interval_);
  sweep_timer_.async_wait([self = shared_from_this()](boost::system::error_code) { self->sweep(); });
}

void ServerState::sweep() {
  sweeping_ = false;
  if (connections_.empty()) return;
  start_sweep();
  for (ServerConnection* connection : connections_)
    connection->sweep(now_);
  if (wanted_ && full()) close_strangers();
}

}  // namespace mcp
