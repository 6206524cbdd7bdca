#include "oauth/bearer_authorizer.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace oauth {

namespace asio = boost::asio;
using mcp::ErrorCode;
using mcp::Result;
using mcp::Task;

namespace {

constexpr auto kPause = std::chrono::seconds(10);  // in which a source is not asked again whose token was refused twice
constexpr std::size_t kLongest = std::size_t{64} << 10;

Task<Result<std::string>> ask(BearerAuthorizer::Source source) {
  co_return source();
}

std::string_view without_blanks(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const auto begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

bool usable(std::string_view token) {
  return !token.empty() && token.size() <= kLongest && std::ranges::all_of(token, [](char c) { return c > ' ' && c < 0x7F; });
}

}  // namespace

BearerAuthorizer::BearerAuthorizer(const mcp::Executor& executor, asio::thread_pool& helpers, std::string origin, Source source)
    : executor_(executor), helpers_(helpers), origin_(std::move(origin)), source_(std::move(source)), flight_(executor) {}

bool BearerAuthorizer::at_once(Header& header) {
  header = header_;
  return header_ != nullptr;
}

/// Asks on, whoever wanted it.
Task<void> BearerAuthorizer::run(std::shared_ptr<BearerAuthorizer> self) {
  auto asking = ask(self->source_);
  auto given = co_await asio::co_spawn(self->helpers_, std::move(asking), asio::use_awaitable);
  if (!given) {
    self->trouble_ = std::move(given).error();
  } else if (const auto token = without_blanks(*given); usable(token)) {
    self->header_ = std::make_shared<const std::string>("Bearer " + std::string(token));
  } else {
    self->trouble_ = {ErrorCode::credential_refused,
                      self->origin_ + (token.empty() ? " gives no token" : " gives what no header can hold"),
                      "A token is one word of visible ASCII characters."};
  }
  self->flight_.end();
}

Task<Result<mcp::Authorizer::Header>> BearerAuthorizer::obtain(mcp::Cancellation& cancellation) {
  const auto self = shared_from_this();
  if (!header_) {
    if (flight_.begin()) asio::co_spawn(executor_, run(self), asio::detached);
    co_await flight_.wait(cancellation);
  }
  if (header_) co_return header_;
  if (cancellation.requested()) co_return std::unexpected(cancellation.reason());
  co_return std::unexpected(trouble_);
}

Task<Result<>> BearerAuthorizer::refused(Refusal refusal, mcp::Cancellation& cancellation) {
  const auto self = shared_from_this();
  const mcp::Error refused_for_good{ErrorCode::credential_refused,
                                    "the server refuses the token of " + origin_ + " (HTTP " + std::to_string(refusal.status) + ")",
                                    "See that it gives a token that is valid for this server."};
  if (last_refusal_ && mcp::Clock::now() < *last_refusal_ + kPause) co_return std::unexpected(refused_for_good);
  const bool replaced = header_ && refusal.sent && *header_ != *refusal.sent;
  if (replaced && refusal.tries == 1) co_return Result<>();
  if (refusal.tries > 1) last_refusal_ = mcp::Clock::now();
  if (refusal.status == 403 || refusal.tries > 1) co_return std::unexpected(refused_for_good);
  const Header old = std::exchange(header_, nullptr);
  auto header = co_await obtain(cancellation);
  if (!header) co_return std::unexpected(std::move(header).error());
  if (old && **header == *old) {
    last_refusal_ = mcp::Clock::now();
    co_return std::unexpected(refused_for_good);
  }
  co_return Result<>();
}

}  // namespace oauth
