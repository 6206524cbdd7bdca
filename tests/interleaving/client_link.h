#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "gateway/downstream/stdio_endpoint.h"
#include "mcp/base/clock.h"
#include "mcp/session/server_session.h"
#include "mcp/transport/message_pipe.h"

namespace gateway {

/// The client's end of a connection: what arrives, in order, until the test takes it out.
class ClientInbox final : public mcp::MessagePipe {
 public:
  void open(Receiver receiver) override { receiver_ = std::move(receiver); }

  bool send(mcp::Message message) override { return send_batch(message.text()); }

  bool send_batch(std::string_view text) override {
    if (deaf || closed) return false;
    arrived.emplace_back(text);
    return true;
  }

  mcp::Task<void> drain() override { co_return; }
  void close() override { closed = true; }

  const Receiver& receiver() const { return receiver_; }

  std::deque<std::string> arrived;
  bool deaf = false;  // it does not read any more
  bool closed = false;

 private:
  Receiver receiver_;
};

/// How a client is connected.
class ClientLink {
 public:
  virtual ~ClientLink() = default;
  virtual void say(mcp::Message message) = 0;
  /// False where this kind of connection has no batches.
  virtual bool say_batch(std::string) { return false; }
  virtual void leave() = 0;
  /// Nothing of the session is left.
  virtual bool over() const = 0;
};

/// Over stdio, as the gateway serves it.
class StdioLink final : public ClientLink {
 public:
  StdioLink(const mcp::Executor& executor, std::shared_ptr<ClientInbox> inbox, std::shared_ptr<mcp::SessionHandler> handler)
      : executor_(executor),
        inbox_(std::move(inbox)),
        endpoint_(std::make_shared<StdioEndpoint>(executor, inbox_, std::move(handler))),
        watched_(endpoint_) {
    endpoint_->open();
  }

  void say(mcp::Message message) override { inbox_->receiver().on_message(std::move(message)); }

  bool say_batch(std::string text) override {
    inbox_->receiver().on_batch(std::move(text));
    return true;
  }

  void leave() override {
    const auto endpoint = std::move(endpoint_);
    inbox_->receiver().on_closed();
    boost::asio::co_spawn(executor_, endpoint->finish(mcp::Clock::now() + std::chrono::seconds(2)), boost::asio::detached);
  }

  bool over() const override { return watched_.expired(); }

 private:
  const mcp::Executor executor_;
  std::shared_ptr<ClientInbox> inbox_;
  std::shared_ptr<StdioEndpoint> endpoint_;
  std::weak_ptr<StdioEndpoint> watched_;
};

/// A session without a connection of its own, as over HTTP: its end is the session's at once.
class SessionLink final : public ClientLink {
 public:
  SessionLink(const mcp::Executor& executor, std::shared_ptr<ClientInbox> inbox, std::shared_ptr<mcp::SessionHandler> handler)
      : executor_(executor),
        inbox_(std::move(inbox)),
        session_(mcp::ServerSession::create(std::move(handler), {.label = "model"})),
        watched_(session_) {
    session_->set_outlet(outlet());
  }

  void say(mcp::Message message) override {
    if (message.kind() != mcp::MessageKind::request) return session_->accept(std::move(message));
    boost::asio::co_spawn(executor_, serve(session_, std::move(message), outlet()), boost::asio::detached);
  }

  void leave() override {
    const auto session = std::move(session_);
    session->set_outlet({});
    session->cancel_all({mcp::ErrorCode::session_lost, "the client has gone"});
  }

  bool over() const override { return watched_.expired(); }

 private:
  mcp::ServerSession::Outlet outlet() const {
    return [inbox = inbox_](mcp::Message message) { return inbox->send(std::move(message)); };
  }

  static mcp::Task<void> serve(std::shared_ptr<mcp::ServerSession> session,
                               mcp::Message request,
                               mcp::ServerSession::Outlet outlet) {
    auto answer = co_await session->serve(std::move(request), outlet);
    if (answer) outlet(std::move(*answer));
  }

  const mcp::Executor executor_;
  std::shared_ptr<ClientInbox> inbox_;
  std::shared_ptr<mcp::ServerSession> session_;
  std::weak_ptr<mcp::ServerSession> watched_;
};

}  // namespace gateway
