#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "gateway/upstream/session_pool.h"
#include "mcp/transport/message_pipe.h"
#include "tests/support/fake_clock.h"
#include "tests/support/run_task.h"

namespace gateway {

/// The client of one session.
class PoolPeer final : public mcp::ClientPeer {
 public:
  explicit PoolPeer(std::uint64_t id, std::string principal = "local") {
    caller_.id = id;
    caller_.principal = std::move(principal);
  }

  const mcp::Caller& caller() const override { return caller_; }

  bool push(mcp::Message) override { return true; }

  bool listens() const override { return listening; }

  mcp::Task<mcp::Result<mcp::Message>> ask(mcp::Message request, mcp::Question&) override {
    asked.emplace_back(request.method());
    if (thinking) co_await thinking->wait();
    co_return mcp::Message::result(request.id(), R"({"roots":[]})");
  }

  bool listening = true;
  std::vector<std::string> asked;
  std::shared_ptr<mcp::Event> thinking;  // where it is there, answers once it is set

 private:
  mcp::Caller caller_;
};

class PoolContext final : public mcp::CallContext {
 public:
  explicit PoolContext(std::shared_ptr<PoolPeer> peer) : peer_(std::move(peer)) {}

  const mcp::Caller& caller() const override { return peer_->caller(); }

  void notify(mcp::Message) override {}

  mcp::Task<mcp::Result<mcp::Message>> ask(mcp::Message request, mcp::Question& question) override {
    return peer_->ask(std::move(request), question);
  }

  std::shared_ptr<mcp::ClientPeer> peer() override { return peer_; }

 private:
  std::shared_ptr<PoolPeer> peer_;
};

using Acquired = mcp::Result<SessionPool::Lease>;

class SessionPoolTest : public testing::Test {
 protected:
  void make(bool in_turn, std::size_t max_sessions = 2) {
    SessionPoolOptions options;
    ServerSpec spec;
    spec.name = ServerName("files");
    options.server = std::make_shared<const LiveSpec>(spec);
    options.connect = [this] { return connect(); };
    options.in_turn = in_turn;
    options.max_sessions = max_sessions;
    options.stop_grace = std::chrono::milliseconds(100);
    options.on_notification = [](PooledSession&, const mcp::Message&) {};
    options.on_lost = [this](PooledSession&) { ++lost_; };
    pool_ = std::make_shared<SessionPool>(loop_.get_executor(), std::move(options));
  }

  ~SessionPoolTest() override {
    if (pool_) mcp::run_task(loop_, pool_->close({mcp::ErrorCode::shutting_down, "over"}));
  }

  mcp::Result<std::shared_ptr<mcp::Transport>> connect() {
    if (refusing_) return mcp::fail(mcp::ErrorCode::spawn_failed, "there is no such program");
    auto [transport, pipe] = mcp::make_memory_pair(loop_.get_executor());
    servers_.push_back(pipe);
    mcp::MessagePipe::Receiver receiver;
    receiver.on_message = [this, number = servers_.size() - 1](const mcp::Message& message) {
      if (message.method() == "initialize")
        initialized_.push_back(nlohmann::json::parse(message.text())["params"]["capabilities"].dump());
      if (message.method() != "initialize" || silent_) return;
      servers_[number]->send(
          mcp::Message::result(message.id(), R"({"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"s"}})"));
    };
    receiver.on_invalid = [](const mcp::Error&) {};
    receiver.on_closed = [] {};
    servers_.back()->open(std::move(receiver));
    return transport;
  }

  Acquired acquire(PoolContext& context, const std::string& capabilities = R"({"roots":{}})") {
    return mcp::run_task(loop_, pool_->acquire(context, capabilities));
  }

  void settle() {
    loop_.restart();
    while (loop_.poll() != 0) {
    }
  }

  boost::asio::io_context loop_;
  std::shared_ptr<SessionPool> pool_;
  std::vector<std::shared_ptr<mcp::MessagePipe>> servers_;
  std::vector<std::string> initialized_;  // the capabilities of each
  std::shared_ptr<PoolPeer> anna_ = std::make_shared<PoolPeer>(1), bert_ = std::make_shared<PoolPeer>(2),
                            carl_ = std::make_shared<PoolPeer>(3);
  bool refusing_ = false, silent_ = false;
  int lost_ = 0;
};

}  // namespace gateway
