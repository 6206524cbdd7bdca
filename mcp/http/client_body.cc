// The body of an answer, as it comes or whole.
#include <algorithm>
#include <utility>

#include "mcp/base/yield.h"
#include "mcp/http/body_room.h"
#include "mcp/http/client_errors.h"
#include "mcp/http/client_exchange.h"

namespace mcp {

/// The next piece of the body out of what has been read.
Result<ClientExchange::Step> ClientExchange::step() {
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

Result<> ClientExchange::end_of_stream() {
  if (fixed_ || !parser_->put_end()) return lost("was closed in the middle of the answer");
  return {};
}

Task<Result<std::string_view>> ClientExchange::read_some(Cancellation& cancellation) {
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
    auto bytes = co_await fill(cancellation);
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

bool ClientExchange::at_end() {
  auto next = step();
  if (!next || *next != Step::end) return false;
  finish(true);
  return true;
}

std::optional<std::string> ClientExchange::take_all(std::size_t limit) {
  const bool here = fixed_ && connection_ && pending_.empty() && remaining_ <= end_ - begin_;
  if (!here || remaining_ > std::min(limit, pool_->options().max_body)) return std::nullopt;
  std::string body(buffered().substr(0, remaining_));
  begin_ += body.size();
  remaining_ = 0;
  finish(true);
  return body;
}

Task<Result<std::string>> ClientExchange::read_all(Cancellation& cancellation, std::size_t limit) {
  limit = std::min(limit, pool_->options().max_body);
  if (fixed_ && pending_.empty() && connection_) {
    if (remaining_ > limit) {
      finish(false);
      co_return answer_too_large(pool_->origin(), limit);
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
      co_return answer_too_large(pool_->origin(), limit);
    }
    make_body_room(body, piece->size(), limit);
    body += *piece;
  }
}

/// The rest of a body of known length, read straight to its place. Room grows as bytes come, so that a length that promises much
/// costs nothing.
Task<Result<std::string>> ClientExchange::read_fixed(Cancellation& cancellation) {
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
    const auto room = std::min({whole, body.capacity(), had + kFairShare});
    body.resize_and_overwrite(room, [&](char* to, std::size_t size) {
      read = connection_->read(to + had, size - had);
      return had + read.bytes;
    });
    if (read.state == IoState::done) {
      unyielded_ += read.bytes;
      if (unyielded_ < kFairShare) continue;
      unyielded_ = 0;
      co_await yield_to_others();
      if (auto go_on = pool_->check(cancellation); !go_on) {
        finish(false);
        co_return std::unexpected(std::move(go_on.error()));
      }
      continue;
    }
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

}  // namespace mcp
