#pragma once

#include <chrono>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "mcp/rpc/pending_calls.h"
#include "mcp/transport/transport.h"

namespace gateway {

/// One connection to a gateway, which the test plays.
class FakeTransport final : public mcp::Transport {
 public:
  explicit FakeTransport(const mcp::Executor& executor) : executor_(executor) {}

  mcp::Task<mcp::Result<>> open(Receiver& receiver) override {
    receiver_ = &receiver;
    co_return mcp::Result<>();
  }

  mcp::Task<mcp::Result<mcp::Message>> request(mcp::Message request, std::uint64_t id, mcp::Cancellation& cancellation) override {
    if (refuses) co_return mcp::fail(mcp::ErrorCode::connect_failed, "connection refused.");
    sent.push_back(nlohmann::json::parse(request.text()));
    mcp::PendingCalls::Waiter waiter(pending_, id, executor_);
    const mcp::Cancellation::Callback on_cancel(cancellation, [&] { waiter.fail(cancellation.reason()); });
    co_await waiter.done().wait();
    co_return waiter.take();
  }

  void send(mcp::Message message) override { sent.push_back(nlohmann::json::parse(message.text())); }
  void negotiated(mcp::ProtocolVersion version) override { revision = mcp::to_string(version); }

  mcp::Task<void> close(std::chrono::steady_clock::duration) override {
    closed = true;
    co_return;
  }

  /// Answers the message sent as number `index`.
  void answer(std::size_t index, const nlohmann::json& result = nlohmann::json::object()) {
    auto response =
        mcp::Message::parse(nlohmann::json({{"jsonrpc", "2.0"}, {"id", sent.at(index).at("id")}, {"result", result}}).dump());
    EXPECT_TRUE(pending_.complete(*response));
  }

  /// What is open fails, as requests of a broken connection do.
  void break_off(mcp::ErrorCode code = mcp::ErrorCode::connection_lost) { pending_.fail_all({code, "the connection broke."}); }

  Receiver& receiver() { return *receiver_; }

  bool refuses = false;
  bool closed = false;
  std::vector<nlohmann::json> sent;
  std::string revision;

 private:
  mcp::Executor executor_;
  Receiver* receiver_ = nullptr;
  mcp::PendingCalls pending_;
};

}  // namespace gateway
