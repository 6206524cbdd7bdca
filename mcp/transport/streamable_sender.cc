#include "mcp/transport/streamable_sender.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "mcp/base/clock.h"
#include "mcp/base/log.h"
#include "mcp/http/timed_cancellation.h"
#include "mcp/transport/streamable_answer.h"

namespace mcp {
namespace {

constexpr auto kInitializedTime = std::chrono::seconds(30);  // for notifications/initialized, which all calls wait for
constexpr auto kSendTime = std::chrono::seconds(5);          // for any other message
constexpr std::size_t kMaxWaiting = 4096;                    // messages that wait for a server that is slow to take them
constexpr int kMaxPrompt = 8;                                // prompt messages on their way at once

/// Whether the message concerns one request alone, so that it need not keep its place among the others: it must not wait for a
/// server that takes its time with one of them.
bool is_prompt(const Message& message) {
  return message.kind() == MessageKind::response || message.method() == "notifications/cancelled";
}

}  // namespace

void StreamableSender::send(Message message) {
  if (connection_->ending().requested()) return;
  const bool prompt = is_prompt(message);
  auto& line = prompt ? prompt_ : ordered_;
  if (line.size() >= kMaxWaiting) {
    if (!std::exchange(dropping_, true))
      log_warn("upstream", "messages are dropped: the server takes none", {{"server", connection_->origin()}});
    return;
  }
  if (message.method() == "notifications/initialized") connection_->set_initializing(true);
  line.push_back(std::move(message));
  if (prompt) return start_prompt();
  if (std::exchange(sending_ordered_, true)) return;
  boost::asio::co_spawn(connection_->executor(), send_ordered(), boost::asio::detached);
}

void StreamableSender::start_prompt() {
  if (prompt_.empty() || connection_->initializing() || sending_prompt_ >= kMaxPrompt) return;
  ++sending_prompt_;
  boost::asio::co_spawn(connection_->executor(), send_prompt(), boost::asio::detached);
}

Task<void> StreamableSender::send_ordered() {
  const auto self = shared_from_this();
  while (!ordered_.empty() && !connection_->ending().requested()) {
    Message message = std::move(ordered_.front());
    ordered_.pop_front();
    const bool initialized = message.method() == "notifications/initialized";
    co_await send_one(std::move(message), initialized ? kInitializedTime : kSendTime);
    if (!initialized) continue;
    connection_->set_initializing(false);
    const auto wanted = std::min<std::size_t>(prompt_.size(), kMaxPrompt);
    for (std::size_t i = 0; i < wanted; ++i)
      start_prompt();
  }
  sending_ordered_ = false;
  dropping_ = false;
}

Task<void> StreamableSender::send_prompt() {
  const auto self = shared_from_this();
  while (!prompt_.empty() && !connection_->initializing() && !connection_->ending().requested()) {
    Message message = std::move(prompt_.front());
    prompt_.pop_front();
    co_await send_one(std::move(message), kSendTime);
  }
  if (--sending_prompt_ == 0) dropping_ = false;
}

Task<void> StreamableSender::send_one(Message message, std::chrono::steady_clock::duration time) {
  Error slow{ErrorCode::timeout, "The server did not take the message."};
  TimedCancellation limit(connection_->executor(), &connection_->ending(), Clock::now() + time, std::move(slow));
  StreamableConnection::Request request{.body = message.text()};
  auto response = co_await connection_->send(request, limit.get());
  if (connection_->refused(response)) response = co_await connection_->send_again(request, std::move(*response), limit.get());
  if (!response) {
    log_debug("upstream", "message not sent", {{"server", connection_->origin()}, {"error", response.error().message}});
    co_return;
  }
  if ((*response)->status() >= 300) {
    const auto error = status_error(*connection_, **response, {});
    log_debug("upstream", "message not taken", {{"server", connection_->origin()}, {"error", error.message}});
    if (error.code == ErrorCode::session_lost) connection_->lose(error);
  }
  connection_->settle(std::move(*response));
}

void StreamableSender::clear() {
  ordered_.clear();
  prompt_.clear();
}

}  // namespace mcp
