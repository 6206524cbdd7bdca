// The streams of a connection: what is queued is written from the loop, and the client's end of the connection is watched.
#include <sys/socket.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <utility>
#include <vector>

#include "mcp/http/server_answer.h"
#include "mcp/http/server_connection.h"
#include "mcp/http/server_endpoint.h"

namespace mcp {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr std::size_t kPartsPerWrite = 48;
constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace

std::string_view ServerConnection::remote_address() const {
  if (remote_text_.empty()) remote_text_ = endpoint_text(remote_);
  return remote_text_;
}

void ServerConnection::begin_stream(HttpHeaders headers) {
  if (answer_ != Answer::none) return;
  answer_ = Answer::stream;
  if (gone_) return;
  chunked_ = reader_.head().http11();
  if (state_->stopping()) keep_alive_ = false;
  std::vector<std::pair<std::string_view, std::string_view>> all(headers.begin(), headers.end());
  all.emplace_back("Cache-Control", "no-cache");
  all.emplace_back("X-Accel-Buffering", "no");
  AnswerHead head;
  head.content_type = "text/event-stream";
  head.headers = all;
  head.length = chunked_ ? AnswerLength::chunked : AnswerLength::until_close;
  head.close = !keep_alive_;
  std::string text;
  write_head(text, head);
  queue_.push_raw(std::move(text));
  schedule_flush();
}

StreamWrite ServerConnection::write(std::string bytes) {
  if (gone_ || answer_ != Answer::stream) return StreamWrite::gone;
  if (bytes.empty() || head_only_) return StreamWrite::queued;
  const std::size_t limit = state_->options().max_queued;
  // What was queued in this turn of the loop has not been tried yet.
  if (queue_.waiting_behind_first() >= limit) flush();
  if (gone_) return StreamWrite::gone;
  if (queue_.waiting_behind_first() >= limit) {
    close();
    return StreamWrite::unread;
  }
  if (chunked_) {
    queue_.push_chunk(std::move(bytes));
  } else {
    queue_.push_raw(std::move(bytes));
  }
  schedule_flush();
  return StreamWrite::queued;
}

void ServerConnection::on_stream_end(std::function<void()> callback) {
  stream_end_ = std::move(callback);
  if (gone_ || state_->stopping()) stream_over();
}

Task<void> ServerConnection::end_stream() {
  if (answer_ != Answer::stream) co_return;
  if (!gone_ && chunked_ && !head_only_) queue_.push_raw(std::string(kLastChunk));
  flush();
  while (!gone_ && !queue_.empty()) {
    // flush() waits as well, and was first: by the time this wait ends it has written on.
    auto [error] = co_await socket_.async_wait(tcp::socket::wait_write, asio::as_tuple(asio::use_awaitable));
    if (error) close();
  }
  answer_ = Answer::done;
  stream_end_ = nullptr;
  if (state_->stopping()) keep_alive_ = false;
  if (!std::exchange(watching_, false)) co_return;
  ++watch_number_;
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

/// Writes from the loop, so that what is written in one turn goes out in one piece. A stream that outlives the turn is watched.
void ServerConnection::schedule_flush() {
  if (flush_posted_ || blocked_) return;
  flush_posted_ = true;
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    self->flush_posted_ = false;
    self->flush();
    if (self->answer_ == Answer::stream && !self->watching_ && !self->gone_) self->watch();
  });
}

void ServerConnection::flush() {
  if (gone_ || blocked_ || queue_.empty()) return;
  std::array<iovec, kPartsPerWrite> parts{};
  while (!queue_.empty()) {
    const std::size_t used = queue_.gather(parts);
    const ssize_t count = send(std::span(parts).first(used));
    if (count < 0) return;
    if (count == 0) {
      wait_until_writable();
      return;
    }
    queue_.consume(static_cast<std::size_t>(count));
    deadline_ = ServerState::TimePoint::max();
  }
}

void ServerConnection::wait_until_writable() {
  blocked_ = true;
  if (deadline_ == ServerState::TimePoint::max()) deadline_ = state_->deadline_in(state_->options().write_timeout);
  socket_.async_wait(tcp::socket::wait_write, [self = shared_from_this()](boost::system::error_code error) {
    self->blocked_ = false;
    if (error) {
      self->close();
    } else {
      self->flush();
    }
  });
}

/// Notices that the client goes away. One watch at a time: its number tells an old one from the present one.
void ServerConnection::watch() {
  watching_ = true;
  const std::uint32_t number = ++watch_number_;
  socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this(), number](boost::system::error_code error) {
    if (!error && number == self->watch_number_) self->client_readable();
  });
}

ServerConnection::Sign ServerConnection::look() {
  if (tls_) return look_tls();
  char byte = 0;
  const ssize_t count = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (count > 0) return Sign::sends;
  return count < 0 && (errno == EAGAIN || errno == EINTR) ? Sign::silent : Sign::gone;
}

void ServerConnection::client_readable() {
  if (gone_) return;
  const Sign sign = look();
  // The next request has begun: it waits its turn, and a client that sends is there.
  if (sign == Sign::sends) return;
  if (sign == Sign::silent) {
    watch();
  } else {
    close();
  }
}

void ServerConnection::stream_over() {
  if (!stream_end_) return;
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    if (!self->stream_end_) return;
    const auto callback = std::exchange(self->stream_end_, nullptr);
    callback();
  });
}

}  // namespace mcp
