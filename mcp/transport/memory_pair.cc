#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <utility>

#include "mcp/base/log.h"
#include "mcp/rpc/pending_calls.h"
#include "mcp/transport/message_pipe.h"

namespace mcp {

namespace {

namespace asio = boost::asio;

/// What both ends share. Messages wait in it until their side is open.
struct Link : std::enable_shared_from_this<Link> {
  explicit Link(const Executor& loop) : executor(loop) {}

  void wake() {
    if (std::exchange(awake, true)) return;
    asio::post(executor, [self = shared_from_this()] {
      self->awake = false;
      self->deliver();
    });
  }

  void deliver() {
    while (server_open && !server_closed && !to_server.empty()) {
      Message message = std::move(to_server.front());
      to_server.pop_front();
      server.on_message(std::move(message));
    }
    while (client != nullptr && !client_closed && !to_client.empty()) {
      Message message = std::move(to_client.front());
      to_client.pop_front();
      to_client_one(std::move(message));
    }
    tell_ends();
    if (server_closed) server = {};  // what the functions hold may hold us
  }

  void to_client_one(Message message) {
    if (message.kind() != MessageKind::response) return client->on_message(std::move(message), std::nullopt);
    if (!pending.complete(message)) log_debug("upstream", "a response nobody waits for", {{"id", message.id()}});
  }

  /// Each side hears of the other's end after the last message of it.
  void tell_ends() {
    if (client_closed && server_open && !server_closed && to_server.empty() && !std::exchange(server_told, true))
      server.on_closed();
    if (server_closed && client != nullptr && !client_closed && to_client.empty() && !std::exchange(client_told, true)) {
      const Error reason = lost();
      pending.fail_all(reason);
      client->on_closed(reason);
    }
  }

  static Error lost() { return {ErrorCode::connection_lost, "the other end of the connection was closed."}; }

  const Executor executor;
  std::deque<Message> to_server, to_client;
  MessagePipe::Receiver server;
  Transport::Receiver* client = nullptr;
  PendingCalls pending;
  bool awake = false;
  bool server_open = false;
  bool client_closed = false, server_closed = false;
  bool client_told = false, server_told = false;
};

class MemoryTransport final : public Transport {
 public:
  explicit MemoryTransport(std::shared_ptr<Link> link) : link_(std::move(link)) {}

  ~MemoryTransport() override { shut(); }

  Task<Result<>> open(Receiver& receiver) override {
    link_->client = &receiver;
    link_->wake();
    co_return Result<>();
  }

  Task<Result<Message>> request(Message request, std::uint64_t id, Cancellation& cancellation) override {
    const auto link = link_;
    if (cancellation.requested()) co_return std::unexpected(cancellation.reason());
    if (link->client_closed) co_return fail(ErrorCode::shutting_down, "the connection is being closed.");
    if (link->server_closed) co_return std::unexpected(Link::lost());
    PendingCalls::Waiter waiter(link->pending, id, link->executor);
    link->to_server.push_back(std::move(request));
    link->wake();
    Cancellation::Callback on_cancel(cancellation, [&] { waiter.fail(cancellation.reason()); });
    co_await waiter.done().wait();
    co_return waiter.take();
  }

  void send(Message message) override {
    if (link_->client_closed || link_->server_closed) return;
    link_->to_server.push_back(std::move(message));
    link_->wake();
  }

  void negotiated(ProtocolVersion) override {}

  Task<void> close(std::chrono::steady_clock::duration) override {
    shut();
    co_return;
  }

 private:
  void shut() {
    if (std::exchange(link_->client_closed, true)) return;
    link_->client = nullptr;
    link_->pending.fail_all({ErrorCode::shutting_down, "the connection is being closed."});
    link_->wake();
  }

  const std::shared_ptr<Link> link_;
};

class MemoryPipe final : public MessagePipe {
 public:
  explicit MemoryPipe(std::shared_ptr<Link> link) : link_(std::move(link)) {}

  ~MemoryPipe() override { shut(); }

  void open(Receiver receiver) override {
    link_->server = std::move(receiver);
    link_->server_open = true;
    link_->wake();
  }

  bool send(Message message) override {
    if (link_->client_closed || link_->server_closed) return false;
    link_->to_client.push_back(std::move(message));
    link_->wake();
    return true;
  }

  Task<void> drain() override {
    const auto link = link_;
    while (link->awake && !link->client_closed && !link->to_client.empty())
      co_await asio::post(link->executor, asio::use_awaitable);
  }

  void close() override { shut(); }

 private:
  void shut() {
    if (std::exchange(link_->server_closed, true)) return;
    link_->wake();
  }

  const std::shared_ptr<Link> link_;
};

}  // namespace

std::pair<std::shared_ptr<Transport>, std::shared_ptr<MessagePipe>> make_memory_pair(const Executor& executor) {
  const auto link = std::make_shared<Link>(executor);
  return {std::make_shared<MemoryTransport>(link), std::make_shared<MemoryPipe>(link)};
}

}  // namespace mcp
