#include "mcp/http/client_exchange.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include "mcp/base/yield.h"
#include "mcp/http/body_room.h"
#include "mcp/http/client_parser.h"

namespace mcp {
namespace {

constexpr int kMaxInterim = 32;
constexpr std::string_view kAskForLess = "Ask the server for less at a time.";
constexpr std::string_view kUnknownOutcome = "The request may or may not have been carried out.";

class Exchange final : public ClientExchange {
 public:
  Exchange(std::shared_ptr<ClientPool> pool, std::unique_ptr<ClientConnection> connection)
      : pool_(std::move(pool)),
        connection_(std::move(connection)),
        capacity_(std::max(ClientPool::kBuffer, pool_->options().max_head)) {}

  ~Exchange() override { finish(false); }

  Task<Result<>> start(const HttpClientRequest& request, Cancellation& cancellation) override;

  int status() const override { return parser_->status(); }

  std::string_view header(std::string_view name) const override { return parser_->header(name); }

  Task<Result<std::string>> read_all(Cancellation& cancellation, std::size_t limit) override;
  Task<Result<std::string_view>> read_some(Cancellation& cancellation) override;
  bool at_end() override;

 private:
  enum class Step { piece, end, more };

  bool write_now(std::string_view& head, std::string_view& body, IoState& want);
  Task<Result<>> write_rest(std::string_view head, std::string_view body, IoState want, Cancellation& cancellation);
  Task<Result<>> read_head(bool no_body, Cancellation& cancellation);
  Result<bool> parse_head(bool no_body);
  void begin_body();
  Result<Step> step();
  Result<> end_of_stream();
  Task<Result<std::string>> read_fixed(Cancellation& cancellation);
  bool make_room();
  Task<Result<std::size_t>> fill(Cancellation& cancellation, bool first);
  Task<Result<>> wait(IoState want, Cancellation& cancellation);
  void drop_buffer() { pool_->return_buffer(std::move(buffer_)); }
  void finish(bool complete);
  std::unexpected<Error> lost(std::string_view what);
  std::unexpected<Error> closed_in_head();
  std::unexpected<Error> malformed(const std::string& why);
  std::unexpected<Error> too_large(std::size_t limit);
  std::unexpected<Error> head_too_large();

  std::string_view buffered() const { return {buffer_.get() + begin_, end_ - begin_}; }

  std::shared_ptr<ClientPool> pool_;
  std::unique_ptr<ClientConnection> connection_;  // null once it was given back or closed
  std::size_t capacity_;
  std::unique_ptr<char[]> buffer_;  // borrowed while it holds something
  std::size_t begin_ = 0, end_ = 0;
  std::optional<ResponseParser> parser_;
  int interim_ = 0;
  std::size_t unyielded_ = 0;  // bytes read since others could run
  bool write_failed_ = false;
  bool got_byte_ = false;
  bool has_status_line_ = false;
  bool fixed_ = false;           // the length is known: the parser is not asked for the body
  bool complete_ = false;        // the body was read to its end
  std::uint64_t remaining_ = 0;  // of a fixed body
  std::string_view pending_;     // a piece that at_end() came upon
};

Task<Result<>> Exchange::start(const HttpClientRequest& request, Cancellation& cancellation) {
  auto& head = connection_->head;
  if (auto formatted = format_request_head(head, *pool_, request); !formatted) {
    // Nothing was written: the connection is as good as before.
    pool_->give_back(std::move(connection_), pool_->options().idle_timeout);
    co_return formatted;
  }
  std::string_view rest = head, body = request.body;
  IoState want = IoState::done;
  if (!write_now(rest, body, want)) {
    auto waited = co_await write_rest(rest, body, want, cancellation);
    if (!waited) co_return waited;
  }
  co_return co_await read_head(request.method == "HEAD", cancellation);
}

/// Writes as much as the socket takes; true when that was all, or when no more can be written. Whether a server that stopped
/// reading has answered before (413, say) is for the reader to find out.
bool Exchange::write_now(std::string_view& head, std::string_view& body, IoState& want) {
  while (!head.empty() || !body.empty()) {
    auto written = connection_->write(head, body);
    if (written.state == IoState::failed || written.state == IoState::end) {
      write_failed_ = true;
      return true;
    }
    if (written.state != IoState::done) {
      want = written.state;
      return false;
    }
    auto of_head = std::min(written.bytes, head.size());
    head.remove_prefix(of_head);
    body.remove_prefix(written.bytes - of_head);
  }
  return true;
}

Task<Result<>> Exchange::write_rest(std::string_view head, std::string_view body, IoState want, Cancellation& cancellation) {
  for (;;) {
    if (auto waited = co_await wait(want, cancellation); !waited) co_return waited;
    if (write_now(head, body, want)) co_return Result<>();
  }
}

Task<Result<>> Exchange::wait(IoState want, Cancellation& cancellation) {
  if (auto go_on = pool_->check(cancellation); !go_on) co_return go_on;
  Cancellation::Callback on_cancel(cancellation, [this] { connection_->interrupt(); });
  Cancellation::Callback on_close(pool_->closing(), [this] { connection_->interrupt(); });
  co_await connection_->wait(want);
  co_return pool_->check(cancellation);
}

/// Makes room behind what is buffered; false when the buffer is full.
bool Exchange::make_room() {
  if (!buffer_) buffer_ = pool_->borrow_buffer();
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ == capacity_ && begin_ != 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
  }
  return end_ != capacity_;
}

/// Reads what is here, or waits for it; 0 when the peer ended the stream. `first`: nothing can be here yet.
Task<Result<std::size_t>> Exchange::fill(Cancellation& cancellation, bool first) {
  for (;;) {
    if (!make_room()) co_return head_too_large();
    auto* to = buffer_.get() + end_;
    IoResult read{IoState::want_read};
    if (!first) {
      if (unyielded_ >= kFairShare) co_await yield_to_others();
      unyielded_ %= kFairShare;
      read = connection_->read(to, capacity_ - end_);
      unyielded_ += read.bytes;
    } else if (connection_->tls() == nullptr) {
      const Cancellation::Callback on_cancel(cancellation, [this] { connection_->interrupt(); });
      const Cancellation::Callback on_close(pool_->closing(), [this] { connection_->interrupt(); });
      read = co_await connection_->read_later(to, capacity_ - end_);
    }
    first = false;
    if (auto go_on = pool_->check(cancellation); !go_on) co_return std::unexpected(std::move(go_on.error()));
    if (read.state == IoState::failed) co_return lost("broke");
    if (read.state == IoState::done) got_byte_ = true;
    if (read.state == IoState::done || read.state == IoState::end) {
      end_ += read.bytes;
      co_return read.bytes;
    }
    if (begin_ == end_) drop_buffer();
    if (auto waited = co_await wait(read.state, cancellation); !waited) co_return std::unexpected(std::move(waited.error()));
  }
}

Task<Result<>> Exchange::read_head(bool no_body, Cancellation& cancellation) {
  if (auto go_on = pool_->check(cancellation); !go_on) co_return go_on;
  parser_.emplace(pool_->options().max_head, no_body);
  for (bool first = true;; first = false) {
    auto bytes = co_await fill(cancellation, first);
    if (!bytes) co_return std::unexpected(std::move(bytes.error()));
    if (*bytes == 0) co_return closed_in_head();
    auto parsed = parse_head(no_body);
    if (!parsed) co_return std::unexpected(std::move(parsed.error()));
    if (*parsed) break;
  }
  begin_body();
  co_return Result<>();
}

Result<bool> Exchange::parse_head(bool no_body) {
  while (begin_ != end_) {
    const auto had = begin_;
    auto state = parser_->put(buffered(), begin_);
    if (begin_ != had) has_status_line_ = true;
    if (state == ResponseParser::State::need_more) break;
    if (state == ResponseParser::State::too_large) return head_too_large();
    if (state == ResponseParser::State::malformed) return malformed(parser_->error());
    if (!parser_->head_done()) continue;
    auto status = parser_->status();
    if (status >= 200) return true;
    if (status < 100 || status == 101 || ++interim_ > kMaxInterim) return malformed("unexpected status " + std::to_string(status));
    parser_.emplace(pool_->options().max_head, no_body);
  }
  return false;
}

void Exchange::begin_body() {
  if (parser_->done()) {
    finish(true);
  } else if (auto length = parser_->content_length(); length) {
    fixed_ = true;
    remaining_ = *length;
  }
}

/// The next piece of the body out of what has been read.
Result<Exchange::Step> Exchange::step() {
  if (complete_) return Step::end;
  if (!pending_.empty()) return Step::piece;
  if (fixed_) {
    if (remaining_ == 0) return Step::end;
    if (begin_ == end_) return Step::more;
    pending_ = buffered().substr(0, std::min<std::uint64_t>(remaining_, end_ - begin_));
    begin_ += pending_.size();
    remaining_ -= pending_.size();
    return Step::piece;
  }
  while (!parser_->done()) {
    if (begin_ == end_) return Step::more;
    auto state = parser_->put(buffered(), begin_);
    if (state == ResponseParser::State::need_more) return Step::more;
    if (state != ResponseParser::State::progress) return malformed(parser_->error());
    pending_ = parser_->take_piece();
    if (!pending_.empty()) return Step::piece;
  }
  return Step::end;
}

Result<> Exchange::end_of_stream() {
  if (fixed_ || !parser_->put_end()) return lost("was closed in the middle of the answer");
  return {};
}

Task<Result<std::string_view>> Exchange::read_some(Cancellation& cancellation) {
  for (;;) {
    auto next = step();
    if (!next) {
      finish(false);
      co_return std::unexpected(std::move(next.error()));
    }
    if (*next == Step::piece) co_return std::exchange(pending_, {});
    if (*next == Step::end) {
      finish(true);
      co_return std::string_view();
    }
    if (!connection_) co_return lost("was closed");
    auto bytes = co_await fill(cancellation, false);
    Result<> ended;
    if (!bytes) {
      ended = std::unexpected(std::move(bytes.error()));
    } else if (*bytes == 0) {
      ended = end_of_stream();
    }
    if (!ended) {
      finish(false);
      co_return std::unexpected(std::move(ended.error()));
    }
  }
}

bool Exchange::at_end() {
  auto next = step();
  if (!next || *next != Step::end) return false;
  finish(true);
  return true;
}

Task<Result<std::string>> Exchange::read_all(Cancellation& cancellation, std::size_t limit) {
  limit = std::min(limit, pool_->options().max_body);
  if (fixed_ && pending_.empty() && connection_) {
    if (remaining_ > limit) {
      finish(false);
      co_return too_large(limit);
    }
    co_return co_await read_fixed(cancellation);
  }
  std::string body;
  for (;;) {
    auto piece = co_await read_some(cancellation);
    if (!piece) co_return std::unexpected(std::move(piece.error()));
    if (piece->empty()) co_return body;
    if (piece->size() > limit - body.size()) {
      finish(false);
      co_return too_large(limit);
    }
    make_body_room(body, piece->size(), limit);
    body += *piece;
  }
}

/// The rest of a body of known length, read straight to its place. Room grows as bytes come, so that a length that promises much
/// costs nothing.
Task<Result<std::string>> Exchange::read_fixed(Cancellation& cancellation) {
  auto whole = static_cast<std::size_t>(remaining_);
  std::string body;
  auto first = buffered().substr(0, whole);
  begin_ += first.size();
  body.reserve(std::min(whole, kFirstAllocation));
  body.append(first);
  if (begin_ == end_) drop_buffer();
  while (body.size() < whole) {
    if (body.size() == body.capacity()) body.reserve(std::min(whole, body.size() * 2));
    IoResult read;
    auto had = body.size();
    body.resize_and_overwrite(std::min(whole, body.capacity()), [&](char* to, std::size_t size) {
      read = connection_->read(to + had, size - had);
      return had + read.bytes;
    });
    if (read.state == IoState::done) continue;
    if (read.state == IoState::end || read.state == IoState::failed) {
      auto error = lost("was closed in the middle of the answer");
      finish(false);
      co_return error;
    }
    if (auto waited = co_await wait(read.state, cancellation); !waited) {
      finish(false);
      co_return std::unexpected(std::move(waited.error()));
    }
  }
  remaining_ = 0;
  finish(true);
  co_return body;
}

void Exchange::finish(bool complete) {
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
  pool_->give_back(std::move(connection_), idle);
}

std::unexpected<Error> Exchange::lost(std::string_view what) {
  auto when = got_byte_ ? "" : " before it answered";
  return fail(ErrorCode::connection_lost,
              "the connection to " + pool_->origin() + " " + std::string(what) + when + ".",
              std::string(kUnknownOutcome));
}

std::unexpected<Error> Exchange::closed_in_head() {
  static constexpr std::string_view kStart = "HTTP/1.";
  if (!has_status_line_ && !kStart.starts_with(buffered().substr(0, kStart.size()))) return malformed("it has no status line");
  return lost(got_byte_ ? "was closed in the middle of the answer" : "was closed");
}

std::unexpected<Error> Exchange::malformed(const std::string& why) {
  // The types of TLS records that a server may begin with: alert, handshake.
  const bool speaks_tls = begin_ != end_ && (buffered().front() == '\x15' || buffered().front() == '\x16');
  return fail(ErrorCode::not_mcp,
              "the answer of " + pool_->origin() + " is not HTTP/1.1: " + why + ".",
              speaks_tls ? "The server seems to speak TLS: begin \"url\" with https://."
                         : "Check that \"url\" points to the server's MCP endpoint.");
}

std::unexpected<Error> Exchange::too_large(std::size_t limit) {
  return fail(ErrorCode::too_large,
              "the answer of " + pool_->origin() + " is larger than " + std::to_string(limit) + " bytes.",
              std::string(kAskForLess));
}

std::unexpected<Error> Exchange::head_too_large() {
  return fail(
      ErrorCode::too_large,
      "the head of the answer of " + pool_->origin() + " is larger than " + std::to_string(pool_->options().max_head) + " bytes.",
      "Check that \"url\" points to the server's MCP endpoint.");
}

}  // namespace

std::unique_ptr<ClientExchange> ClientExchange::make(std::shared_ptr<ClientPool> pool,
                                                     std::unique_ptr<ClientConnection> connection) {
  return std::make_unique<Exchange>(std::move(pool), std::move(connection));
}

}  // namespace mcp
