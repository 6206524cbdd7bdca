#include "mcp/transport/streamable_connection.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <chrono>
#include <utility>

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

}  // namespace

StreamableConnection::StreamableConnection(const Executor& executor, Url url, StreamableClientOptions options)
    : executor_(executor),
      options_(std::move(options)),
      url_(std::move(url)),
      origin_(url_.origin()),
      http_(make_http_client(executor, url_, with_limit(options_.http, options_.max_message))) {}

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

Task<Result<StreamableConnection::Response>> StreamableConnection::post(std::string_view body,
                                                                        Kind kind,
                                                                        Cancellation& cancellation) {
  HttpClientRequest request{.method = "POST", .target = post_target_, .body = body, .control = kind == Kind::control};
  if (!post_lines_) {
    auto headers = common_headers();
    headers.emplace_back("Content-Type", "application/json");
    headers.emplace_back("Accept", "application/json, text/event-stream");
    auto lines = std::make_shared<std::string>();
    if (format_header_lines(*lines, origin_, headers)) {
      post_lines_ = std::move(lines);
    } else {
      request.headers = std::move(headers);  // the request will say what is wrong with them
    }
  }
  request.header_lines = post_lines_;
  return http_->send(std::move(request), cancellation);
}

Task<Result<StreamableConnection::Response>> StreamableConnection::get(std::string last_event_id, Cancellation& cancellation) {
  HttpClientRequest request{.method = "GET", .headers = common_headers(), .control = true};
  request.headers.emplace_back("Accept", "text/event-stream");
  if (!last_event_id.empty()) request.headers.emplace_back("Last-Event-ID", last_event_id);
  co_return co_await http_->send(std::move(request), cancellation);
}

Task<Result<StreamableConnection::Response>> StreamableConnection::remove(Cancellation& cancellation) {
  HttpClientRequest request{.method = "DELETE", .headers = common_headers(), .control = true};
  return http_->send(std::move(request), cancellation);
}

HttpClientHeaders StreamableConnection::common_headers() const {
  HttpClientHeaders headers(options_.headers.begin(), options_.headers.end());
  if (!version_.empty()) headers.emplace_back("MCP-Protocol-Version", version_);
  if (!session_.empty()) headers.emplace_back("Mcp-Session-Id", session_);
  return headers;
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
