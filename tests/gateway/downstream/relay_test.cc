#include "gateway/downstream/relay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <vector>

#include "tests/gateway/downstream/client_pipe.h"
#include "tests/support/run_task.h"

namespace gateway {
namespace {

using mcp::ErrorCode;
using mcp::Message;
using nlohmann::json;
using std::chrono::milliseconds;
using testing::ElementsAre;
using Clock = std::chrono::steady_clock;

class RelayTest : public testing::Test {
 protected:
  RelayTest() : client_(std::make_shared<ClientPipe>(loop_.get_executor())) {
    auto [transport, pipe] = mcp::make_memory_pair(loop_.get_executor());
    server_ = pipe;
    mcp::MessagePipe::Receiver receiver;
    receiver.on_message = [this](const Message& message) { at_server_.push_back(json::parse(message.text())); };
    receiver.on_invalid = [](const mcp::Error&) {};
    receiver.on_closed = [this] { server_told_ = true; };
    server_->open(std::move(receiver));
    // There is one server, and no other comes after it.
    RelayOptions options;
    options.find = [only = std::move(transport)]() mutable { return std::exchange(only, nullptr); };
    options.patience = milliseconds(50);
    relay_ = std::make_shared<Relay>(loop_.get_executor(), client_, std::move(options));
    relay_->open();
    settle();
  }

  ~RelayTest() override { finish(Clock::now()); }

  void finish(Clock::time_point deadline) { mcp::run_task(loop_, relay_->finish(deadline)); }

  void settle() {
    loop_.restart();
    while (loop_.poll() != 0) {
    }
  }

  void ask(const json& id, const std::string& method = "tools/list") {
    client_->say({{"jsonrpc", "2.0"}, {"id", id}, {"method", method}});
    settle();
  }

  void say_batch(const json& batch) {
    boost::asio::post(loop_, [&] { client_->say_batch(batch); });
    settle();
  }

  /// The server answers the request it got as number `index`.
  void answer(std::size_t index, const json& result = json::object()) {
    send({{"jsonrpc", "2.0"}, {"id", at_server_.at(index)["id"]}, {"result", result}});
  }

  void send(const json& message) {
    EXPECT_TRUE(server_->send(*Message::parse(message.dump())));
    settle();
  }

  boost::asio::io_context loop_{1};
  std::shared_ptr<ClientPipe> client_;
  std::shared_ptr<mcp::MessagePipe> server_;
  std::shared_ptr<Relay> relay_;
  std::vector<json> at_server_;
  bool server_told_ = false;
};

TEST_F(RelayTest, CarriesRequestsUnderIdsOfItsOwn) {
  ask("a");
  ask(7);
  ASSERT_EQ(at_server_.size(), 2u);
  EXPECT_NE(at_server_[0]["id"], at_server_[1]["id"]);
  answer(1, {{"second", true}});
  answer(0, {{"first", true}});
  EXPECT_THAT(client_->received,
              ElementsAre(json({{"jsonrpc", "2.0"}, {"id", 7}, {"result", {{"second", true}}}}),
                          json({{"jsonrpc", "2.0"}, {"id", "a"}, {"result", {{"first", true}}}})));
}

TEST_F(RelayTest, AnIdMayComeAgainAfterItsAnswer) {
  for (std::size_t i = 0; i < 3; ++i) {
    ask(1);
    answer(i);
  }
  EXPECT_EQ(client_->received.size(), 3u);
}

TEST_F(RelayTest, EverythingElsePassesAsItIs) {
  const json initialized = {{"jsonrpc", "2.0"}, {"method", "notifications/initialized"}};
  const json roots = {{"jsonrpc", "2.0"}, {"id", "theirs"}, {"result", {{"roots", json::array()}}}};
  const json changed = {{"jsonrpc", "2.0"}, {"method", "notifications/tools/list_changed"}};
  const json wanted = {{"jsonrpc", "2.0"}, {"id", "theirs"}, {"method", "roots/list"}};
  send(changed);
  send(wanted);
  EXPECT_THAT(client_->received, ElementsAre(changed, wanted));
  client_->say(initialized);
  client_->say(roots);
  settle();
  EXPECT_THAT(at_server_, ElementsAre(initialized, roots));
}

TEST_F(RelayTest, ABatchGoesOnOneByOneAndComesBackAsAnArray) {
  const auto one = [](const json& id) { return json({{"jsonrpc", "2.0"}, {"id", id}, {"method", "tools/list"}}); };
  const json note = {{"jsonrpc", "2.0"}, {"method", "notifications/x"}};
  say_batch(json::array({one(1)}));
  EXPECT_EQ(client_->received.at(0)["error"]["code"], -32600);
  ask(0, "initialize");
  answer(0, {{"protocolVersion", "2025-03-26"}});
  client_->received.clear();

  say_batch({one("a"), note, one("b")});
  ASSERT_EQ(at_server_.size(), 4u);
  EXPECT_EQ(at_server_[2], note);
  answer(3, {{"second", true}});
  EXPECT_TRUE(client_->received.empty());
  answer(1, {{"first", true}});
  const json both = {{{"jsonrpc", "2.0"}, {"id", "b"}, {"result", {{"second", true}}}},
                     {{"jsonrpc", "2.0"}, {"id", "a"}, {"result", {{"first", true}}}}};
  EXPECT_THAT(client_->received, ElementsAre(both));

  client_->received.clear();
  say_batch({note, note});
  EXPECT_EQ(at_server_.size(), 6u);
  EXPECT_TRUE(client_->received.empty());
  say_batch({1, 2});
  ASSERT_EQ(client_->received.size(), 1u);
  EXPECT_EQ(client_->received[0].size(), 2u);
}

TEST_F(RelayTest, ABatchWhoseRequestIsTakenBackComesBackWithoutIt) {
  ask(0, "initialize");
  answer(0, {{"protocolVersion", "2025-03-26"}});
  client_->received.clear();
  const auto one = [](const json& id) { return json({{"jsonrpc", "2.0"}, {"id", id}, {"method", "tools/list"}}); };
  say_batch({one("a"), one("b"), {{"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", "a"}}}}});
  answer(1);
  answer(2);
  const json rest = json::array({{{"jsonrpc", "2.0"}, {"id", "b"}, {"result", json::object()}}});
  EXPECT_THAT(client_->received, ElementsAre(rest));
}

TEST_F(RelayTest, WhatIsNoMessageIsAnsweredHere) {
  client_->say_invalid({ErrorCode::parse_error, "no JSON"});
  ASSERT_EQ(client_->received.size(), 1u);
  EXPECT_EQ(client_->received[0]["error"]["code"], -32700);
  EXPECT_TRUE(at_server_.empty());
}

TEST_F(RelayTest, ACancellationGoesUnderTheIdTheServerKnowsAndNothingComesBack) {
  ask("a");
  client_->say({{"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", "a"}, {"reason", "enough"}}}});
  settle();
  ASSERT_EQ(at_server_.size(), 2u);
  EXPECT_EQ(at_server_[1]["params"], json({{"requestId", at_server_[0]["id"]}, {"reason", "enough"}}));
  answer(0);
  EXPECT_TRUE(client_->received.empty());
  // The same without an answer: what the transport says of that is for nobody.
  ask("b");
  client_->say({{"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", "b"}}}});
  settle();
  finish(Clock::now());
  EXPECT_TRUE(client_->received.empty());
}

TEST_F(RelayTest, ACancellationOfNothingStaysHere) {
  client_->say({{"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", 5}}}});
  settle();
  EXPECT_TRUE(at_server_.empty());
}

TEST_F(RelayTest, WaitsForOpenRequestsWhenTheClientHangsUp) {
  ask(1);
  client_->hang_up();
  EXPECT_TRUE(relay_->ended().is_set());
  EXPECT_FALSE(relay_->lost());
  std::optional<bool> finished;
  const auto finish = [](std::shared_ptr<Relay> relay) -> mcp::Task<bool> {
    co_await relay->finish(Clock::now() + std::chrono::minutes(1));
    co_return true;
  };
  mcp::spawn_task(loop_, finish(relay_), finished);
  settle();
  EXPECT_FALSE(finished);
  answer(0, {{"in", "time"}});
  mcp::run_until(loop_, [&] { return finished.has_value(); });
  ASSERT_EQ(client_->received.size(), 1u);
  EXPECT_EQ(client_->received[0]["result"]["in"], "time");
  EXPECT_TRUE(client_->closed);
  settle();
  EXPECT_TRUE(server_told_);
}

TEST_F(RelayTest, EndsAtTheDeadlineAllTheSame) {
  ask(1);
  finish(Clock::now() + milliseconds(20));
  EXPECT_TRUE(client_->closed);
}

TEST_F(RelayTest, AClientThatDoesNotReadCannotHoldTheEnd) {
  client_->reads = false;
  const auto began = Clock::now();
  finish(began);
  EXPECT_LT(Clock::now() - began, std::chrono::seconds(5));
  EXPECT_TRUE(client_->closed);
}

TEST_F(RelayTest, NothingIsLeftOfIt) {
  ask(1);
  finish(Clock::now());
  const std::weak_ptr<Relay> relay = relay_;
  relay_ = std::make_shared<Relay>(loop_.get_executor(), std::make_shared<ClientPipe>(loop_.get_executor()), RelayOptions());
  settle();
  EXPECT_TRUE(relay.expired());
}

}  // namespace
}  // namespace gateway
