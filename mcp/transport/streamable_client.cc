#include "mcp/transport/streamable_client.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "mcp/base/clock.h"
#include "mcp/base/log.h"
#include "mcp/http/timed_cancellation.h"
#include "mcp/transport/streamable_answer.h"
#include "mcp/transport/streamable_connection.h"
#include "mcp/transport/streamable_sender.h"
#include "mcp/transport/streamable_stream.h"

namespace mcp {
namespace {

class StreamableClientImpl final : public StreamableClient, public std::enable_shared_from_this<StreamableClientImpl> {
 public:
  StreamableClientImpl(const Executor& executor, Url url, StreamableClientOptions options)
      : connection_(std::make_shared<StreamableConnection>(executor, std::move(url), std::move(options))),
        sender_(std::make_shared<StreamableSender>(connection_)) {}

  ~StreamableClientImpl() override {
    connection_->shut_down();
    connection_->close_http();
  }

  bool refused() const override { return refused_; }

  Task<Result<>> open(Receiver& receiver) override {
    connection_->set_receiver(receiver);
    co_return Result<>();
  }

  Task<Result<Message>> request(Message request, std::uint64_t id, Cancellation& cancellation) override;
  void send(Message message) override { sender_->send(std::move(message)); }
  void negotiated(ProtocolVersion version) override;
  Task<void> close(std::chrono::steady_clock::duration grace) override;

 private:
  std::shared_ptr<StreamableConnection> connection_;
  std::shared_ptr<StreamableSender> sender_;
  bool refused_ = false;
  bool standing_ = false;
  bool closed_ = false;
};

Task<Result<Message>> StreamableClientImpl::request(Message request, std::uint64_t id, Cancellation& cancellation) {
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
  StreamableConnection::Request post{.body = request.text(), .kind = kind};
  auto response = co_await connection->send(post, either);
  if (connection->refused(response)) response = co_await connection->send_again(post, std::move(*response), either);
  if (!response && ending.requested()) co_return std::unexpected(ending.reason());
  if (!response) co_return std::unexpected(std::move(response.error()));
  if (initialize && (*response)->status() < 300) {
    if (auto taken = connection->take_session(**response); !taken) co_return std::unexpected(std::move(taken.error()));
  }
  if (auto answer = answer_at_hand(*connection, **response, id)) co_return std::move(*answer);
  const int status = (*response)->status();
  auto answer = co_await read_answer(connection, std::move(*response), id, either);
  if (initialize && !answer && answer.error().code == ErrorCode::http_status) {
    refused_ = (status == 400 || status == 404 || status == 405) && !connection->seen_modern_error();
  }
  co_return answer;
}

void StreamableClientImpl::negotiated(ProtocolVersion version) {
  connection_->set_version(version);
  if (version < ProtocolVersion::v2025_03_26 || std::exchange(standing_, true)) return;
  boost::asio::co_spawn(connection_->executor(), keep_standing_stream(connection_), boost::asio::detached);
}

Task<void> StreamableClientImpl::close(std::chrono::steady_clock::duration grace) {
  const auto self = shared_from_this();
  if (std::exchange(closed_, true)) co_return;
  const bool lost = connection_->ending().requested();
  connection_->shut_down();
  sender_->clear();
  if (!lost && connection_->has_session()) {
    Error slow{ErrorCode::timeout, "The server did not end the session."};
    TimedCancellation limit(connection_->executor(), nullptr, Clock::now() + grace, std::move(slow));
    const auto response = co_await connection_->remove(limit.get());
    const auto error = response ? std::string() : response.error().message;
    log_debug("upstream", "session ended", {{"server", connection_->origin()}, {"error", error}});
  }
  connection_->close_http();
}

}  // namespace

std::shared_ptr<StreamableClient> make_streamable_client(const Executor& executor, Url url, StreamableClientOptions options) {
  return std::make_shared<StreamableClientImpl>(executor, std::move(url), std::move(options));
}

}  // namespace mcp
