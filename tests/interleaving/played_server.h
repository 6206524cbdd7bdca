#pragma once

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "gateway/host/gateway.h"
#include "tests/interleaving/client_link.h"
#include "tests/support/fake_clock.h"

namespace gateway {

/// A gateway with one server, "s", over HTTP as far as it knows, whose connections the test plays; it answers what a start needs
/// and the methods in `answered`. All time passes by the test's clock.
class PlayedServerTest : public testing::Test {
 protected:
  struct Connection {
    std::shared_ptr<mcp::MessagePipe> pipe;
    std::vector<mcp::Message> received;

    std::size_t count(std::string_view method) const {
      return static_cast<std::size_t>(std::ranges::count_if(received, [&](const auto& each) { return each.method() == method; }));
    }

    /// The last one of this method.
    const mcp::Message& last(std::string_view method) const {
      const auto found =
          std::find_if(received.rbegin(), received.rend(), [&](const auto& each) { return each.method() == method; });
      if (found == received.rend()) throw std::runtime_error("no " + std::string(method));
      return *found;
    }
  };

  PlayedServerTest() {
    Config config;
    ServerSpec spec;
    spec.name = ServerName("s");
    spec.transport = HttpSpec{.url = "http://127.0.0.1:1/"};
    spec.ping_interval = {};  // what it is sent is counted
    config.servers.push_back(std::move(spec));
    RuntimeDependencies dependencies{.executor = loop_.get_executor()};
    dependencies.environment = [](std::string_view) { return std::optional<std::string>(); };
    dependencies.random = [] { return 0.5; };
    dependencies.connect = [this](const ServerSpec&) { return connect(); };
    gateway_ = std::make_unique<Gateway>(std::move(dependencies), std::move(config));
    gateway_->start();
    clock_.settle();
  }

  ~PlayedServerTest() override {
    leave();
    boost::asio::co_spawn(loop_, gateway_->stop(), boost::asio::detached);
    clock_.advance(std::chrono::seconds(10));
  }

  template <class Link>
  void join(const std::string& capabilities) {
    client_ = std::make_unique<Link>(loop_.get_executor(), inbox_, *gateway_->open_session("/mcp"));
    say(R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":)" + capabilities +
        R"(,"clientInfo":{"name":"c","version":"1"}}})");
    ASSERT_EQ(inbox_->arrived.size(), 1U);
    inbox_->arrived.clear();
  }

  void leave() {
    if (client_) boost::asio::post(loop_, [this] { std::exchange(client_, nullptr)->leave(); });
    clock_.settle();
  }

  void say(const std::string& text) {
    boost::asio::post(loop_, [this, text] { client_->say(*mcp::Message::parse(text)); });
    clock_.settle();
  }

  void request(int id, const std::string& method, const std::string& params) {
    say(R"({"jsonrpc":"2.0","id":)" + std::to_string(id) + R"(,"method":")" + method + R"(","params":)" + params + "}");
  }

  void call() { request(1, "tools/call", R"({"name":"s__x"})"); }

  std::size_t arrived(std::string_view part) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(inbox_->arrived, [&](const std::string& each) { return each.find(part) != std::string::npos; }));
  }

  const Runtime& runtime() const { return *gateway_->runtimes().front(); }

  boost::asio::io_context loop_;
  mcp::FakeClock clock_{loop_};
  std::vector<std::string> answered_ = {"resources/subscribe", "resources/unsubscribe"};
  bool reachable_ = true;
  std::vector<std::shared_ptr<Connection>> connections_;
  std::unique_ptr<Gateway> gateway_;
  std::shared_ptr<ClientInbox> inbox_ = std::make_shared<ClientInbox>();
  std::unique_ptr<ClientLink> client_;

 private:
  mcp::Result<std::shared_ptr<mcp::Transport>> connect() {
    if (!reachable_) return mcp::fail(mcp::ErrorCode::connect_failed, "not there just now");
    auto [transport, pipe] = mcp::make_memory_pair(loop_.get_executor());
    auto connection = std::make_shared<Connection>();
    connection->pipe = pipe;
    mcp::MessagePipe::Receiver receiver;
    receiver.on_message = [this, weak = std::weak_ptr(connection)](mcp::Message message) {
      take(*weak.lock(), std::move(message));
    };
    receiver.on_closed = [] {};
    pipe->open(std::move(receiver));
    connections_.push_back(std::move(connection));
    return std::move(transport);
  }

  void take(Connection& connection, mcp::Message message) {
    const std::string method(message.method());
    std::string result = "{}";
    if (method == "initialize") {
      result = R"({"protocolVersion":"2025-11-25","capabilities":{"tools":{},"resources":{"subscribe":true}},)"
               R"("serverInfo":{"name":"m","version":"1"}})";
    } else if (method == "tools/list") {
      result = R"({"tools":[{"name":"x","inputSchema":{"type":"object"}}]})";
    } else if (method == "resources/list") {
      result = R"({"resources":[{"uri":"r:a","name":"a"}]})";
    }
    const bool known = result != "{}" || std::ranges::find(answered_, method) != answered_.end();
    if (message.kind() == mcp::MessageKind::request) {
      if (known) connection.pipe->send(mcp::Message::result(message.id(), result));
      if (!known && method.ends_with("/list")) connection.pipe->send(mcp::Message::error(message.id(), -32601, "no"));
    }
    connection.received.push_back(std::move(message));
  }
};

}  // namespace gateway
