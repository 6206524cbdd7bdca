#include "mcp/transport/streamable_client.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <deque>
#include <utility>

#include "mcp/base/log.h"
#include "mcp/http/timed_cancellation.h"
#include "mcp/transport/streamable_answer.h"
#include "mcp/transport/streamable_connection.h"
#include "mcp/transport/streamable_stream.h"

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

class StreamableClient final : public Transport, public std::enable_shared_from_this<StreamableClient> {
 public:
  StreamableClient(const Executor& executor, Url url, StreamableClientOptions options)
      : connection_(std::make_shared<StreamableConnection>(executor, std::move(url), std::move(options))) {}

  ~StreamableClient() override {
    connection_->shut_down();
    connection_->close_http();
  }

  Task<Result<>> open(Receiver& receiver) override {
    connection_->set_receiver(receiver);
    co_return Result<>();
  }

  Task<Result<Message>> request(Message request, std::uint64_t id, Cancellation& cancellation) override;
  void send(Message message) override;
  void negotiated(ProtocolVersion version) override;
  Task<void> close(std::chrono::steady_clock::duration grace) override;

 private:
  void start_prompt();
  Task<void> send_ordered();
  Task<void> send_prompt();
  Task<void> send_one(Message message, std::chrono::steady_clock::duration time);

  std::shared_ptr<StreamableConnection> connection_;
  std::deque<Message> ordered_;
  std::deque<Message> prompt_;
  bool sending_ordered_ = false;
  int sending_prompt_ = 0;
  bool dropping_ = false;  // until all of a line was sent
  bool standing_ = false;
  bool closed_ = false;
};

Task<Result<Message>> StreamableClient::request(Message request, std::uint64_t id, Cancellation& cancellation) {
  const auto self = shared_from_this();
  auto connection = connection_;
  // Requested by the caller, and by the connection's end.
  Cancellation either;
  const Cancellation::Callback by_caller(cancellation, [&either, &cancellation] { either.request(cancellation.reason()); });
  auto& ending = connection->ending();
  const Cancellation::Callback by_end(ending, [&either, &ending] { either.request(ending.reason()); });
  const bool initialize = request.method() == "initialize";
  if (!initialize && connection->initializing()) co_await connection->wait_initialized(either);
  if (either.requested()) co_return std::unexpected(either.reason());
  // A ping asks whether the server is there: it must not stand behind the calls whose fate depends on that.
  const auto kind = request.method() == "ping" ? StreamableConnection::Kind::control : StreamableConnection::Kind::call;
  auto response = co_await connection->post(request.text(), kind, either);
  if (!response && ending.requested()) co_return std::unexpected(ending.reason());
  if (!response) co_return std::unexpected(std::move(response.error()));
  if (initialize && (*response)->status() < 300) {
    if (auto taken = connection->take_session(**response); !taken) co_return std::unexpected(std::move(taken.error()));
  }
  if (auto answer = answer_at_hand(*connection, **response, id)) co_return std::move(*answer);
  co_return co_await read_answer(connection, std::move(*response), id, either);
}

void StreamableClient::send(Message message) {
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

void StreamableClient::start_prompt() {
  if (prompt_.empty() || connection_->initializing() || sending_prompt_ >= kMaxPrompt) return;
  ++sending_prompt_;
  boost::asio::co_spawn(connection_->executor(), send_prompt(), boost::asio::detached);
}

Task<void> StreamableClient::send_ordered() {
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

Task<void> StreamableClient::send_prompt() {
  const auto self = shared_from_this();
  while (!prompt_.empty() && !connection_->initializing() && !connection_->ending().requested()) {
    Message message = std::move(prompt_.front());
    prompt_.pop_front();
    co_await send_one(std::move(message), kSendTime);
  }
  if (--sending_prompt_ == 0) dropping_ = false;
}

Task<void> StreamableClient::send_one(Message message, std::chrono::steady_clock::duration time) {
  Error slow{ErrorCode::timeout, "The server did not take the message."};
  TimedCancellation limit(
      connection_->executor(), &connection_->ending(), std::chrono::steady_clock::now() + time, std::move(slow));
  auto response = co_await connection_->post(message.text(), StreamableConnection::Kind::control, limit.get());
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

void StreamableClient::negotiated(ProtocolVersion version) {
  connection_->set_version(version);
  if (version < ProtocolVersion::v2025_03_26 || std::exchange(standing_, true)) return;
  boost::asio::co_spawn(connection_->executor(), keep_standing_stream(connection_), boost::asio::detached);
}

Task<void> StreamableClient::close(std::chrono::steady_clock::duration grace) {
  const auto self = shared_from_this();
  if (std::exchange(closed_, true)) co_return;
  const bool lost = connection_->ending().requested();
  connection_->shut_down();
  ordered_.clear();
  prompt_.clear();
  if (!lost && connection_->has_session()) {
    Error slow{ErrorCode::timeout, "The server did not end the session."};
    TimedCancellation limit(connection_->executor(), nullptr, std::chrono::steady_clock::now() + grace, std::move(slow));
    const auto response = co_await connection_->remove(limit.get());
    const auto error = response ? std::string() : response.error().message;
    log_debug("upstream", "session ended", {{"server", connection_->origin()}, {"error", error}});
  }
  connection_->close_http();
}

}  // namespace

std::shared_ptr<Transport> make_streamable_client(const Executor& executor, Url url, StreamableClientOptions options) {
  return std::make_shared<StreamableClient>(executor, std::move(url), std::move(options));
}

}  // namespace mcp
