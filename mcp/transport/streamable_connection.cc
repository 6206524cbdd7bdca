#include "mcp/transport/streamable_connection.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <chrono>
#include <utility>

#include "mcp/base/ascii.h"
#include "mcp/base/clock.h"
#include "mcp/http/timed_cancellation.h"

namespace mcp {
namespace {

constexpr std::size_t kMaxSessionId = 1024;
constexpr std::size_t kMaxDrain = std::size_t{64} << 10;
constexpr auto kDrainTime = std::chrono::seconds(1);

HttpClientOptions with_limit(HttpClientOptions options, std::size_t max_message) {
  options.max_body = max_message;
  return options;
}

bool is_authorization(const std::pair<std::string, std::string>& header) {
  return equals_ignoring_case(header.first, "Authorization");
}

}  // namespace

StreamableConnection::StreamableConnection(const Executor& executor, Url url, StreamableClientOptions options)
    : executor_(executor),
      options_(std::move(options)),
      url_(std::move(url)),
      origin_(url_.origin()),
      http_(make_http_client(executor, url_, with_limit(options_.http, options_.max_message))),
      own_authorization_(std::ranges::any_of(options_.headers, is_authorization)) {}

Result<> StreamableConnection::take_session(const HttpClientResponse& response) {
  const auto id = response.header("Mcp-Session-Id");
  if (id.size() > kMaxSessionId || std::ranges::any_of(id, [](char c) { return c <= ' ' || c > '~'; })) {
    return fail(ErrorCode::not_mcp,
                "The session id that " + origin_ + " gave is not visible ASCII of at most " + std::to_string(kMaxSessionId) +
                    " characters.");
  }
  session_ = id;
  post_lines_.reset();
  return {};
}

void StreamableConnection::settle(Response response) {
  if (response->at_end()) return;
  boost::asio::co_spawn(executor_, drain(std::move(response)), boost::asio::detached);
}

Task<void> StreamableConnection::drain(Response response) {
  const auto self = shared_from_this();
  Error slow{ErrorCode::timeout, "The stream did not end."};
  TimedCancellation limit(executor_, &ending_, Clock::now() + kDrainTime, std::move(slow));
  std::size_t drained = 0;
  while (drained < kMaxDrain) {
    const auto piece = co_await response->read_some(limit.get());
    if (!piece || piece->empty()) break;
    drained += piece->size();
  }
}

void StreamableConnection::deliver(Message message, std::optional<std::uint64_t> related_request) {
  if (receiver_ != nullptr) receiver_->on_message(std::move(message), related_request);
}

void StreamableConnection::miss(const Error& reason) {
  if (receiver_ != nullptr) receiver_->on_unreachable(reason);
}

void StreamableConnection::lose(const Error& reason) {
  if (ending_.requested()) return;
  auto* receiver = std::exchange(receiver_, nullptr);
  ending_.request(reason);
  if (receiver != nullptr) receiver->on_closed(ending_.reason());
}

void StreamableConnection::give_up(const Error& reason) {
  receiver_ = nullptr;
  ending_.request(reason);
}

void StreamableConnection::shut_down() {
  give_up({ErrorCode::shutting_down, "The connection to " + origin_ + " is being closed."});
}

void StreamableConnection::set_initializing(bool initializing) {
  initializing_ = initializing;
  if (initializing) return;
  for (auto* waiter : initializing_waiters_)
    waiter->set();
}

Task<void> StreamableConnection::wait_initialized(Cancellation& cancellation) {
  Event done(executor_);
  struct Place {
    std::list<Event*>& waiters;
    std::list<Event*>::iterator at;

    ~Place() { waiters.erase(at); }
  } place{initializing_waiters_, initializing_waiters_.insert(initializing_waiters_.end(), &done)};
  const Cancellation::Callback on_cancel(cancellation, [&done] { done.set(); });
  if (initializing_) co_await done.wait();
}

}  // namespace mcp
