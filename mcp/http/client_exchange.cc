#include "mcp/http/client_exchange.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include "mcp/base/yield.h"
#include "mcp/http/body_room.h"
#include "mcp/http/client_errors.h"
#include "mcp/http/client_parser.h"

namespace mcp {
namespace {

constexpr int kMaxInterim = 32;

}  // namespace

/// One coroutine for the usual case: a request that is written at once, an answer whose head comes in one piece.
Task<Result<std::unique_ptr<HttpClientResponse>>> ClientExchange::run(std::shared_ptr<ClientPool> pool,
                                                                      std::unique_ptr<ClientConnection> connection,
                                                                      HttpClientRequest request,
                                                                      Cancellation& cancellation) {
  auto self = std::make_unique<ClientExchange>(std::move(pool), std::move(connection));
  auto rest = self->begin(request);
  if (!rest) co_return std::unexpected(std::move(rest.error()));
  if (rest->want != IoState::done) {
    auto written = co_await self->write_rest(*rest, cancellation);
    if (!written) co_return std::unexpected(std::move(written.error()));
  }
  if (auto go_on = self->pool_->check(cancellation); !go_on) co_return std::unexpected(std::move(go_on.error()));
  auto& line = *self->connection_;
  Result<bool> whole = false;
  if (line.tls() == nullptr) {
    // Nothing can be here yet, so it waits without trying to read first.
    self->make_room();
    IoResult read;
    {
      const Cancellation::Callback on_cancel(cancellation, [&line] { line.interrupt(); });
      const Cancellation::Callback on_close(self->pool_->closing(), [&line] { line.interrupt(); });
      const auto space = boost::asio::buffer(self->buffer_.get(), self->capacity_);
      auto [error, bytes] = co_await line.socket().async_read_some(space, boost::asio::as_tuple(boost::asio::use_awaitable));
      read = ClientConnection::outcome_of_read(error, bytes);
    }
    whole = self->take_first(read, cancellation);
  }
  if (whole && !*whole) {
    auto head = co_await self->read_head(cancellation);
    if (!head) co_return std::unexpected(std::move(head.error()));
  }
  if (!whole) co_return std::unexpected(std::move(whole.error()));
  self->begin_body();
  co_return std::unique_ptr<HttpClientResponse>(std::move(self));
}

/// Writes what the socket takes at once.
auto ClientExchange::begin(const HttpClientRequest& request) -> Result<Unwritten> {
  auto& head = connection_->head;
  if (auto formatted = format_request_head(head, *pool_, request); !formatted) {
    // Nothing was written: the connection is as good as before.
    pool_->give_back(std::move(connection_), pool_->options().idle_timeout);
    return std::unexpected(std::move(formatted.error()));
  }
  no_body_ = request.method == "HEAD";
  parser_.emplace(pool_->options().max_head, no_body_);
  Unwritten rest{head, request.body};
  write_now(rest);
  return rest;
}

/// Writes as much as the socket takes; true when that was all, or when no more can be written. Whether a server that stopped
/// reading has answered before (413, say) is for the reader to find out.
bool ClientExchange::write_now(Unwritten& rest) {
  rest.want = IoState::done;
  while (!rest.head.empty() || !rest.body.empty()) {
    auto written = connection_->write(rest.head, rest.body);
    if (written.state == IoState::failed || written.state == IoState::end) {
      write_failed_ = true;
      return true;
    }
    if (written.state != IoState::done) {
      rest.want = written.state;
      return false;
    }
    auto of_head = std::min(written.bytes, rest.head.size());
    rest.head.remove_prefix(of_head);
    rest.body.remove_prefix(written.bytes - of_head);
  }
  return true;
}

Task<Result<>> ClientExchange::write_rest(Unwritten rest, Cancellation& cancellation) {
  do {
    if (auto waited = co_await wait(rest.want, cancellation); !waited) co_return waited;
  } while (!write_now(rest));
  co_return Result<>();
}

Task<Result<>> ClientExchange::wait(IoState want, Cancellation& cancellation) {
  if (auto go_on = pool_->check(cancellation); !go_on) co_return go_on;
  Cancellation::Callback on_cancel(cancellation, [this] { connection_->interrupt(); });
  Cancellation::Callback on_close(pool_->closing(), [this] { connection_->interrupt(); });
  co_await connection_->wait(want);
  co_return pool_->check(cancellation);
}

/// Makes room behind what is buffered; false when the buffer is full.
bool ClientExchange::make_room() {
  if (!buffer_) buffer_ = pool_->borrow_buffer();
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ == capacity_ && begin_ != 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
  }
  return end_ != capacity_;
}

/// True when the head is complete with the first bytes read.
Result<bool> ClientExchange::take_first(const IoResult& read, const Cancellation& cancellation) {
  if (auto go_on = pool_->check(cancellation); !go_on) return std::unexpected(std::move(go_on.error()));
  if (read.state == IoState::failed) return lost("broke");
  if (read.state == IoState::end) return closed_in_head();
  if (read.state != IoState::done) return false;
  got_byte_ = true;
  end_ += read.bytes;
  return parse_head();
}

/// Reads what is here, or waits for it; 0 when the peer ended the stream.
Task<Result<std::size_t>> ClientExchange::fill(Cancellation& cancellation) {
  for (;;) {
    if (!make_room()) co_return head_too_large(pool_->origin(), pool_->options().max_head);
    if (unyielded_ >= kFairShare) co_await yield_to_others();
    unyielded_ %= kFairShare;
    if (auto go_on = pool_->check(cancellation); !go_on) co_return std::unexpected(std::move(go_on.error()));
    const IoResult read = connection_->read(buffer_.get() + end_, capacity_ - end_);
    if (read.state == IoState::failed) co_return lost("broke");
    if (read.state == IoState::end) co_return 0;
    if (read.state == IoState::done) {
      got_byte_ = true;
      unyielded_ += read.bytes;
      end_ += read.bytes;
      co_return read.bytes;
    }
    if (begin_ == end_) drop_buffer();
    if (auto waited = co_await wait(read.state, cancellation); !waited) co_return std::unexpected(std::move(waited.error()));
  }
}

/// Reads on until the head is complete.
Task<Result<>> ClientExchange::read_head(Cancellation& cancellation) {
  for (;;) {
    auto bytes = co_await fill(cancellation);
    if (!bytes) co_return std::unexpected(std::move(bytes.error()));
    if (*bytes == 0) co_return closed_in_head();
    auto parsed = parse_head();
    if (!parsed) co_return std::unexpected(std::move(parsed.error()));
    if (*parsed) co_return Result<>();
  }
}

Result<bool> ClientExchange::parse_head() {
  while (begin_ != end_) {
    const auto had = begin_;
    auto state = parser_->put(buffered(), begin_);
    if (begin_ != had) has_status_line_ = true;
    if (state == ResponseParser::State::need_more) break;
    if (state == ResponseParser::State::too_large) return head_too_large(pool_->origin(), pool_->options().max_head);
    if (state == ResponseParser::State::malformed) return malformed(parser_->error());
    if (!parser_->head_done()) continue;
    auto status = parser_->status();
    if (pool_->is_proxy_refusal(status)) return pool_->proxy_refusal(status);
    if (status >= 200) return true;
    if (status < 100 || status == 101 || ++interim_ > kMaxInterim) return malformed("unexpected status " + std::to_string(status));
    parser_.emplace(pool_->options().max_head, no_body_);
  }
  return false;
}

void ClientExchange::begin_body() {
  if (parser_->done()) {
    finish(true);
  } else if (auto length = parser_->content_length(); length) {
    fixed_ = true;
    remaining_ = *length;
  }
}

void ClientExchange::finish(bool complete) {
  if (complete) complete_ = true;
  if (!connection_) return;
  // What follows the answer uninvited would be taken for the answer to the next request.
  bool reusable = complete && begin_ == end_ && !write_failed_ && parser_ && parser_->keep_alive();
  drop_buffer();
  begin_ = end_ = 0;
  pending_ = {};
  if (!reusable) {
    pool_->discard(std::move(connection_));
    return;
  }
  pool_->give_back(std::move(connection_), idle_time());
}

/// How long the server keeps an idle connection, as far as it says so.
std::chrono::steady_clock::duration ClientExchange::idle_time() const {
  auto idle = pool_->options().idle_timeout;
  auto hint = parser_->header("Keep-Alive");
  if (auto at = hint.find("timeout="); at != std::string_view::npos) {
    int seconds = 0;
    auto digits = hint.substr(at + std::string_view("timeout=").size());
    auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
    // A little earlier than the server, whose close would meet our next request otherwise.
    if (parsed.ec == std::errc() && seconds >= 0 && seconds < 3600) {
      idle = std::min<std::chrono::steady_clock::duration>(idle, std::chrono::milliseconds(seconds * 1000 - 500));
    }
  }
  return idle;
}

std::unexpected<Error> ClientExchange::lost(std::string_view what) const {
  return connection_lost(pool_->origin(), what, got_byte_);
}

std::unexpected<Error> ClientExchange::malformed(std::string_view why) const {
  return malformed_answer(pool_->origin(), why, buffered());
}

std::unexpected<Error> ClientExchange::closed_in_head() const {
  static constexpr std::string_view kStart = "HTTP/1.";
  if (!has_status_line_ && !kStart.starts_with(buffered().substr(0, kStart.size()))) return malformed("it has no status line");
  return lost(got_byte_ ? "was closed in the middle of the answer" : "was closed");
}

}  // namespace mcp
