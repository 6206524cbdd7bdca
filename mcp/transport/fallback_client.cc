#include "mcp/transport/fallback_client.h"

#include <utility>

#include "mcp/base/log.h"
#include "mcp/base/login_reason.h"
#include "mcp/transport/sse_client.h"

namespace mcp {
namespace {

/// A server that has just answered need not be waited for as long as one that may still be starting.
constexpr auto kEndpointTimeout = std::chrono::seconds(5);

std::string without_stop(std::string text) {
  if (text.ends_with('.')) text.pop_back();
  return text;
}

class FallbackClientImpl final : public FallbackClient, public std::enable_shared_from_this<FallbackClientImpl> {
 public:
  FallbackClientImpl(const Executor& executor, Url url, StreamableClientOptions options)
      : executor_(executor),
        url_(std::move(url)),
        options_(std::move(options)),
        streamable_(make_streamable_client(executor_, url_, options_)),
        in_use_(streamable_) {}

  bool fell_back() const override { return in_use_ != streamable_; }

  Task<Result<>> open(Receiver& receiver) override {
    receiver_ = &receiver;
    return in_use_->open(receiver);
  }

  Task<Result<Message>> request(Message request, std::uint64_t id, Cancellation& cancellation) override {
    if (request.method() == "initialize" && !fell_back()) return initialize(std::move(request), id, cancellation);
    return in_use_->request(std::move(request), id, cancellation);
  }

  void send(Message message) override { in_use_->send(std::move(message)); }

  void negotiated(ProtocolVersion version) override { in_use_->negotiated(version); }

  Task<void> close(std::chrono::steady_clock::duration grace) override {
    closed_ = true;
    return in_use_->close(grace);
  }

 private:
  Task<Result<Message>> initialize(Message request, std::uint64_t id, Cancellation& cancellation);
  Task<Result<Message>> initialize_sse(Message request, std::uint64_t id, Error refusal, Cancellation& cancellation);
  Error neither(Error streamable, Error sse) const;

  Executor executor_;
  Url url_;
  StreamableClientOptions options_;
  Receiver* receiver_ = nullptr;
  std::shared_ptr<StreamableClient> streamable_;
  std::shared_ptr<Transport> in_use_;
  bool closed_ = false;
};

Task<Result<Message>> FallbackClientImpl::initialize(Message request, std::uint64_t id, Cancellation& cancellation) {
  const auto self = shared_from_this();
  Message again = request.clone();
  auto answer = co_await streamable_->request(std::move(request), id, cancellation);
  if (answer || !streamable_->refused() || cancellation.requested() || closed_) co_return answer;
  co_return co_await initialize_sse(std::move(again), id, std::move(answer.error()), cancellation);
}

Task<Result<Message>> FallbackClientImpl::initialize_sse(Message request,
                                                         std::uint64_t id,
                                                         Error refusal,
                                                         Cancellation& cancellation) {
  log_debug("upstream", "trying HTTP+SSE", {{"server", url_.origin()}, {"error", refusal.message}});
  const auto sse = make_sse_client(executor_, url_, {.http = options_, .endpoint_timeout = kEndpointTimeout});
  in_use_ = sse;  // so that close() ends it
  co_await sse->open(*receiver_);
  auto answer = co_await sse->request(std::move(request), id, cancellation);
  // Where the server said where messages go, it speaks HTTP+SSE, whatever came of the message.
  if (sse->connected() || closed_) {
    co_await streamable_->close({});
    co_return answer;
  }
  in_use_ = streamable_;
  co_await sse->close({});
  if (cancellation.requested()) co_return answer;
  co_return std::unexpected(neither(std::move(refusal), std::move(answer.error())));
}

/// Why the server could be reached in neither way.
Error FallbackClientImpl::neither(Error streamable, Error sse) const {
  if (is_login_reason(sse.code)) return sse;
  streamable.message = url_.origin() + " speaks neither streamable HTTP (" + without_stop(std::move(streamable.message)) +
                       ") nor HTTP+SSE (" + without_stop(std::move(sse.message)) + ").";
  return streamable;
}

}  // namespace

std::shared_ptr<FallbackClient> make_fallback_client(const Executor& executor, Url url, StreamableClientOptions options) {
  return std::make_shared<FallbackClientImpl>(executor, std::move(url), std::move(options));
}

}  // namespace mcp
