#include "mcp/http/server_connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <exception>
#include <utility>

#include "mcp/base/log.h"
#include "mcp/http/server_answer.h"

namespace mcp {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr ServerState::Duration kIdleBeforePark = std::chrono::seconds(1);
constexpr std::chrono::seconds kLinger(2);

}  // namespace

ServerConnection::ServerConnection(std::shared_ptr<ServerState> state,
                                   tcp::socket socket,
                                   const tcp::endpoint& remote,
                                   std::unique_ptr<TlsServerSession> tls)
    : state_(std::move(state)),
      socket_(std::move(socket)),
      remote_(remote),
      tls_(std::move(tls)),
      reader_(state_->buffers(), state_->bodies(), state_->options().max_head, state_->options().max_body) {
  state_->add(*this);
  accepted_at_ = state_->now();
}

ServerConnection::~ServerConnection() {
  set_busy(false);
  state_->remove(*this);
}

Task<void> ServerConnection::run(std::shared_ptr<ServerConnection> self) {
  ServerConnection& connection = *self;
  bool ready = true;
  if (connection.tls_) ready = co_await connection.shake_hands();
  if (ready) co_await serve_requests(connection);
  connection.close();
}

Task<void> ServerConnection::serve_requests(ServerConnection& connection) {
  while (!connection.gone_) {
    const RequestReader::Step step = connection.reader_.advance();
    if (step == RequestReader::Step::request) {
      co_await connection.serve();
      if (connection.keep_alive_) continue;
      co_await connection.linger();
      break;
    }
    if (step == RequestReader::Step::refused) {
      co_await connection.refuse(connection.reader_.refusal());
      break;
    }
    if (!connection.before_read()) {
      co_await connection.turn_away();
      break;
    }
    Received got;
    if (connection.tls_) {
      got = co_await connection.receive_tls();
    } else {
      auto [error, count] = co_await connection.socket_.async_read_some(connection.reader_.space(), kTuple);
      got = {error, count};
    }
    connection.waiting_ = Waiting::nothing;
    if (!got.error) {
      connection.reader_.commit(got.count);
      continue;
    }
    const bool go_on = co_await connection.after_failed_read();
    if (!go_on) break;
  }
}

/// False where there is nothing to wait for: the client is gone, or was answered before its body came.
bool ServerConnection::before_read() {
  const RequestReader::Phase phase = reader_.phase();
  if (phase != timed_phase_) {
    timed_phase_ = phase;
    const HttpServerOptions& options = state_->options();
    if (phase == RequestReader::Phase::idle) {
      idle_since_ = state_->now();
      deadline_ = state_->deadline_in(is_stranger() ? std::min(options.idle_timeout, options.head_timeout) : options.idle_timeout);
    } else {
      deadline_ = state_->deadline_in(phase == RequestReader::Phase::head ? options.head_timeout : options.body_timeout);
      set_busy(phase == RequestReader::Phase::body);
      if (phase == RequestReader::Phase::body && !admitted()) return false;
    }
  }
  if (reader_.take_continue() && !send_continue()) close();
  waiting_ = Waiting::request_bytes;
  interrupt_ = Interrupt::none;
  return !gone_;
}

bool ServerConnection::admitted() {
  const auto& admit = state_->options().admit;
  if (!admit) return true;
  answer_ = Answer::none;
  keep_alive_ = false;
  head_only_ = reader_.head().method() == "HEAD";
  if (admit(*this)) return true;
  deadline_ = ServerState::TimePoint::max();
  return false;
}

/// Sends what the answer of one that was not admitted left over.
Task<void> ServerConnection::turn_away() {
  if (!rest_.empty()) co_await write_rest();
  set_busy(false);
  co_await linger();
}

/// True when reading may go on.
Task<bool> ServerConnection::after_failed_read() {
  if (gone_) co_return false;
  if (interrupt_ == Interrupt::park) co_return co_await park();
  if (interrupt_ == Interrupt::overdue && reader_.phase() != RequestReader::Phase::idle) {
    const Refusal refusal{408, "the request did not come in time"};
    co_await refuse(refusal);
  }
  co_return false;
}

/// Waits without a buffer until there is something to read.
Task<bool> ServerConnection::park() {
  reader_.release_memory();
  std::string().swap(head_text_);
  waiting_ = Waiting::readable;
  interrupt_ = Interrupt::none;
  auto [error] = co_await socket_.async_wait(tcp::socket::wait_read, kTuple);
  waiting_ = Waiting::nothing;
  // Nothing may come yet: the idle time then starts anew for the buffer, not for the connection.
  idle_since_ = state_->now();
  co_return !error && !gone_;
}

Task<void> ServerConnection::serve() {
  set_busy(true);
  deadline_ = ServerState::TimePoint::max();
  timed_phase_ = RequestReader::Phase::complete;
  answer_ = Answer::none;
  keep_alive_ = reader_.head().keep_alive();
  head_only_ = reader_.head().method() == "HEAD";
  reader_.release_buffer();
  std::string_view why = "gave no answer";
  handled_ = true;
  try {
    co_await state_->handler()(*this);
  } catch (const std::exception& error) {
    why = "failed";
    log_error("http", "a request's handler threw", {{"path", path()}, {"error", std::string_view(error.what())}});
  }
  handled_ = false;
  answer_for_handler(why);
  stream_end_ = nullptr;
  watching_ = false;
  if (answer_ == Answer::stream) close();  // not ended: the client must not take it for complete
  answer_ = Answer::done;
  if (!rest_.empty()) co_await write_rest();
  reader_.finish();
  if (gone_ || state_->stopping()) keep_alive_ = false;
  set_busy(false);
}

/// A request is never left without an answer.
void ServerConnection::answer_for_handler(std::string_view why) {
  if (gone_ || answer_ != Answer::none) return;
  log_error("http", "a request was answered with 500: its handler " + std::string(why), {{"path", path()}});
  respond(500, "application/json", R"({"error":"internal error"})", {});
}

Task<void> ServerConnection::refuse(Refusal refusal) {
  answer_ = Answer::none;
  keep_alive_ = false;
  head_only_ = false;
  deadline_ = ServerState::TimePoint::max();
  std::string body = R"({"error":")";
  body.append(refusal.reason).append("\"}");
  respond(refusal.status, "application/json", body, {});
  if (!rest_.empty()) co_await write_rest();
  set_busy(false);
  co_await linger();
}

/// Lets the client read the answer before the connection goes: closing with unread bytes would take it away.
Task<void> ServerConnection::linger() {
  if (gone_) co_return;
  boost::system::error_code ignored;
  if (tls_) tls_->shut_down();
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
  deadline_ = state_->deadline_in(kLinger);
  BufferPool::Buffer buffer = state_->buffers().borrow();
  const std::size_t size = state_->buffers().buffer_size();
  while (!gone_) {
    auto [error, count] = co_await socket_.async_read_some(asio::buffer(buffer.get(), size), kTuple);
    if (error) break;
  }
  state_->buffers().give_back(std::move(buffer));
}

bool ServerConnection::respond(int status, std::string_view content_type, std::string_view body, HttpHeaders headers) {
  if (gone_ || answer_ != Answer::none) return false;
  answer_ = Answer::whole;
  if (state_->stopping()) keep_alive_ = false;
  AnswerHead head;
  head.status = status;
  head.content_type = content_type;
  head.headers = headers;
  head.body_size = body.size();
  head.close = !keep_alive_;
  write_head(head_text_, head);
  if (head_only_ || !status_has_body(status)) body = {};
  std::array<iovec, 2> parts = {{{head_text_.data(), head_text_.size()}, {const_cast<char*>(body.data()), body.size()}}};
  const ssize_t count = send(parts);
  if (count < 0) return false;
  auto sent = static_cast<std::size_t>(count);
  if (sent == head_text_.size() + body.size()) return true;
  if (sent < head_text_.size()) {
    rest_.assign(head_text_, sent);
    sent = head_text_.size();
  }
  rest_.append(body.substr(sent - head_text_.size()));
  return true;
}

Task<void> ServerConnection::write_rest() {
  std::string_view rest = rest_;
  deadline_ = state_->deadline_in(state_->options().write_timeout);
  while (!rest.empty() && !gone_) {
    auto [error] = co_await socket_.async_wait(tcp::socket::wait_write, kTuple);
    if (error) close();
    if (gone_) break;
    iovec part{const_cast<char*>(rest.data()), rest.size()};
    const ssize_t count = send({&part, 1});
    if (count <= 0) continue;
    rest.remove_prefix(static_cast<std::size_t>(count));
    deadline_ = state_->deadline_in(state_->options().write_timeout);
  }
  deadline_ = ServerState::TimePoint::max();
  std::string().swap(rest_);
}

/// Bytes taken by the kernel, 0 when it takes none now; below 0 when the client is gone, and the connection is then closed.
ssize_t ServerConnection::send(std::span<iovec> parts) {
  if (tls_) return send_tls(parts);
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  ssize_t count = -1;
  do {
    count = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (count < 0 && errno == EINTR);
  if (count >= 0) return count;
  if (errno == EAGAIN) return 0;
  close();
  return -1;
}

bool ServerConnection::send_continue() {
  std::string text = "HTTP/1.1 100 Continue\r\n\r\n";
  iovec part{text.data(), text.size()};
  return send({&part, 1}) == static_cast<ssize_t>(text.size());
}

void ServerConnection::set_busy(bool busy) {
  if (busy == busy_) return;
  busy_ = busy;
  if (busy) {
    state_->request_began();
  } else {
    state_->request_ended();
  }
}

void ServerConnection::sweep(ServerState::TimePoint now) {
  if (gone_) return;
  boost::system::error_code ignored;
  if (now >= deadline_) {
    if (waiting_ == Waiting::nothing) {
      close();
      return;
    }
    interrupt_ = Interrupt::overdue;
    socket_.cancel(ignored);
    return;
  }
  const bool idle = waiting_ == Waiting::request_bytes && reader_.phase() == RequestReader::Phase::idle;
  if (!idle || now - idle_since_ < std::min(kIdleBeforePark, state_->options().idle_timeout / 4)) return;
  interrupt_ = Interrupt::park;
  socket_.cancel(ignored);
}

void ServerConnection::stop() {
  if (busy_) {
    stream_over();
  } else {
    close();
  }
}

void ServerConnection::close() {
  if (gone_) return;
  gone_ = true;
  boost::system::error_code ignored;
  if (tls_) tls_->shut_down();
  socket_.close(ignored);
  queue_.clear();
  stream_over();
}

}  // namespace mcp
