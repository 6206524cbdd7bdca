#include "mcp/transport/sse_client.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "mcp/base/log.h"
#include "mcp/transport/sse_stream.h"
#include "mcp/transport/streamable_answer.h"
#include "mcp/transport/streamable_connection.h"
#include "mcp/transport/streamable_sender.h"

namespace mcp {
namespace {

constexpr auto kLateStatus = std::chrono::seconds(5);  // for the answer to a POST whose request is answered already

/// The POST of one request. It may outlive the request: the answer on the stream can come before that to the POST.
struct Posting {
  Posting(const Executor& executor, Message request, std::uint64_t number, StreamableConnection::Kind which)
      : message(std::move(request)), id(number), kind(which), limit(executor) {}

  const Message message;
  const std::uint64_t id;
  const StreamableConnection::Kind kind;
  Cancellation cancellation;
  boost::asio::steady_timer limit;
  bool done = false;
};

/// A redirect of a POST, which no change of "url" would follow. The path may be as secret as a session's id.
Error redirected(const StreamableConnection& connection, int status) {
  return {ErrorCode::http_status,
          connection.origin() + " redirects what is sent to where it said that messages go (HTTP " + std::to_string(status) +
              "), which is not followed.",
          "That is a mistake of the server's: see whether there is a newer version of it."};
}

class SseClientImpl final : public SseClient, public std::enable_shared_from_this<SseClientImpl> {
 public:
  SseClientImpl(const Executor& executor, Url url, SseClientOptions options)
      : connection_(std::make_shared<StreamableConnection>(executor, std::move(url), std::move(options.http))),
        stream_(std::make_shared<SseStream>(connection_, options.endpoint_timeout)),
        sender_(std::make_shared<StreamableSender>(connection_)) {}

  ~SseClientImpl() override {
    connection_->shut_down();
    connection_->close_http();
  }

  bool connected() const override { return stream_->connected(); }

  Task<Result<>> open(Receiver& receiver) override {
    connection_->set_receiver(receiver);
    co_return Result<>();
  }

  Task<Result<Message>> request(Message request, std::uint64_t id, Cancellation& cancellation) override;

  void send(Message message) override {
    if (stream_->connected()) sender_->send(std::move(message));
  }

  void negotiated(ProtocolVersion version) override;
  Task<void> close(std::chrono::steady_clock::duration grace) override;

 private:
  static Task<void> post(std::shared_ptr<StreamableConnection> connection,
                         std::shared_ptr<SseStream> stream,
                         std::shared_ptr<Posting> posting);

  std::shared_ptr<StreamableConnection> connection_;
  std::shared_ptr<SseStream> stream_;
  std::shared_ptr<StreamableSender> sender_;
};

Task<Result<Message>> SseClientImpl::request(Message request, std::uint64_t id, Cancellation& cancellation) {
  const auto self = shared_from_this();
  auto& connection = *connection_;
  // Requested by the caller, and by the connection's end.
  Cancellation either;
  const Cancellation::Callback by_caller(cancellation, [&either, &cancellation] { either.request(cancellation.reason()); });
  auto& ending = connection.ending();
  const Cancellation::Callback by_end(ending, [&either, &ending] { either.request(ending.reason()); });
  stream_->start();
  const bool waits = !stream_->connected() || request.method() != "initialize";
  if (waits && connection.initializing()) co_await connection.wait_initialized(either);
  if (either.requested()) co_return std::unexpected(either.reason());
  PendingCalls::Waiter waiter(stream_->pending(), id, connection.executor());
  const Cancellation::Callback on_cancel(either, [&waiter, &either] { waiter.fail(either.reason()); });
  const auto kind = request.method() == "ping" ? StreamableConnection::Kind::control : StreamableConnection::Kind::call;
  const auto posting = std::make_shared<Posting>(connection.executor(), std::move(request), id, kind);
  boost::asio::co_spawn(connection.executor(), post(connection_, stream_, posting), boost::asio::detached);
  co_await waiter.done().wait();
  if (either.requested()) {
    posting->cancellation.request(either.reason());
  } else if (!posting->done) {
    posting->limit.expires_after(kLateStatus);
    posting->limit.async_wait([posting](boost::system::error_code error) {
      if (!error) posting->cancellation.request({ErrorCode::timeout, "The POST was not answered."});
    });
  }
  co_return waiter.take();
}

Task<void> SseClientImpl::post(std::shared_ptr<StreamableConnection> connection,
                               std::shared_ptr<SseStream> stream,
                               std::shared_ptr<Posting> posting) {
  auto& cancellation = posting->cancellation;
  auto& ending = connection->ending();
  const Cancellation::Callback by_end(ending, [&] { cancellation.request(ending.reason()); });
  StreamableConnection::Request request{.body = posting->message.text(), .kind = posting->kind};
  auto response = co_await connection->send(request, cancellation);
  if (connection->refused(response)) response = co_await connection->send_again(request, std::move(*response), cancellation);
  if (!response) {
    stream->pending().fail(posting->id, std::move(response.error()));
  } else if (const int status = (*response)->status(); status < 300) {
    connection->settle(std::move(*response));
  } else if (status < 400) {
    stream->pending().fail(posting->id, redirected(*connection, status));
    connection->settle(std::move(*response));
  } else {
    auto answer = co_await read_answer(connection, std::move(*response), posting->id, cancellation);
    if (!answer) stream->pending().fail(posting->id, std::move(answer.error()));
    if (answer) stream->pending().complete(*answer);
  }
  posting->done = true;
  posting->limit.cancel();
}

void SseClientImpl::negotiated(ProtocolVersion version) {
  connection_->set_version(version);
  connection_->target_is_session();
}

Task<void> SseClientImpl::close(std::chrono::steady_clock::duration) {
  const auto self = shared_from_this();
  connection_->shut_down();
  sender_->clear();
  connection_->close_http();
  co_return;
}

}  // namespace

std::shared_ptr<SseClient> make_sse_client(const Executor& executor, Url url, SseClientOptions options) {
  return std::make_shared<SseClientImpl>(executor, std::move(url), std::move(options));
}

}  // namespace mcp
