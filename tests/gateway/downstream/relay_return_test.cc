// A relay whose gateway goes away, and what comes after it.
#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "gateway/downstream/relay.h"
#include "tests/gateway/downstream/client_pipe.h"
#include "tests/gateway/downstream/fake_transport.h"
#include "tests/support/run_task.h"

namespace gateway {
namespace {

using mcp::Error;
using mcp::ErrorCode;
using mcp::Message;
using mcp::Result;
using nlohmann::json;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Clock = std::chrono::steady_clock;

const json kHelloParams = {{"protocolVersion", "2099-01-01"}, {"capabilities", {{"roots", json::object()}}}};
const json kIntroduction = {{"protocolVersion", "2025-06-18"}, {"serverInfo", {{"name", "switchyard"}}}};
const json kInitialized = {{"jsonrpc", "2.0"}, {"method", "notifications/initialized"}};
const json kToolsChanged = {{"jsonrpc", "2.0"}, {"method", "notifications/tools/list_changed"}};
const json kPromptsChanged = {{"jsonrpc", "2.0"}, {"method", "notifications/prompts/list_changed"}};
const json kResourcesChanged = {{"jsonrpc", "2.0"}, {"method", "notifications/resources/list_changed"}};

class RelayReturnTest : public testing::Test {
 protected:
  RelayReturnTest() : client_(std::make_shared<ClientPipe>(loop_.get_executor())) {
    options_.find = [this]() -> Result<std::shared_ptr<mcp::Transport>> {
      ++looked_;
      return here_;
    };
    options_.patience = std::chrono::seconds(30);
  }

  ~RelayReturnTest() override { mcp::run_task(loop_, relay_->finish(Clock::now())); }

  void open() {
    relay_ = std::make_shared<Relay>(loop_.get_executor(), client_, options_);
    relay_->open();
    settle();
  }

  /// A client that has shaken hands with the gateway it returns.
  std::shared_ptr<FakeTransport> connect() {
    auto first = come();
    open();
    ask("hello", "initialize", kHelloParams);
    first->answer(0, kIntroduction);
    settle();
    client_->say(kInitialized);
    settle();
    client_->received.clear();
    return first;
  }

  /// A gateway is there from now on.
  std::shared_ptr<FakeTransport> come() {
    auto transport = std::make_shared<FakeTransport>(loop_.get_executor());
    here_ = transport;
    return transport;
  }

  void leave() { here_ = nullptr; }

  /// The relay has found this gateway and greeted it.
  void greet(FakeTransport& transport) {
    mcp::run_until(loop_, [&] { return !transport.sent.empty(); });
    transport.answer(0, kIntroduction);
    settle();
  }

  void settle() {
    loop_.restart();
    while (loop_.poll() != 0) {
    }
  }

  void ask(const json& id, const std::string& method, const json& params = json::object()) {
    client_->say({{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}});
    settle();
  }

  void call(const json& id) { ask(id, "tools/call", {{"name", "x"}}); }

  void take_back(const json& id) {
    client_->say({{"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", id}}}});
    settle();
  }

  static std::vector<std::string> methods(const FakeTransport& transport) {
    std::vector<std::string> out;
    for (const json& message : transport.sent)
      out.push_back(message.value("method", ""));
    return out;
  }

  boost::asio::io_context loop_{1};
  std::shared_ptr<ClientPipe> client_;
  RelayOptions options_;
  std::shared_ptr<FakeTransport> here_;
  int looked_ = 0;
  std::shared_ptr<Relay> relay_;
};

TEST_F(RelayReturnTest, TheNextGatewayIsGreetedAsTheFirstWas) {
  const auto first = connect();
  leave();
  first->receiver().on_unreachable({ErrorCode::connect_failed, "connection refused."});
  settle();
  EXPECT_TRUE(first->closed);
  EXPECT_THAT(client_->received, IsEmpty());
  const auto second = come();
  mcp::run_until(loop_, [&] { return !second->sent.empty(); });
  // With the revision that the client was given.
  json hello = kHelloParams;
  hello["protocolVersion"] = "2025-06-18";
  EXPECT_EQ(second->sent[0]["method"], "initialize");
  EXPECT_EQ(second->sent[0]["params"], hello);
  EXPECT_THAT(client_->received, IsEmpty());
  second->answer(0, kIntroduction);
  settle();
  EXPECT_EQ(second->revision, "2025-06-18");
  EXPECT_THAT(second->sent, ElementsAre(testing::_, kInitialized));
  EXPECT_THAT(client_->received, ElementsAre(kToolsChanged, kPromptsChanged, kResourcesChanged));
  ask(7, "tools/list");
  second->answer(2, {{"from", "second"}});
  settle();
  EXPECT_EQ(client_->received.back(), json({{"jsonrpc", "2.0"}, {"id", 7}, {"result", {{"from", "second"}}}}));
  EXPECT_FALSE(relay_->ended().is_set());
}

TEST_F(RelayReturnTest, WhatWasSentFailsAtOnceAndIsNotSentAgain) {
  const auto first = connect();
  call(1);
  ask(2, "tools/list");
  leave();
  first->break_off();
  settle();
  ASSERT_THAT(client_->received, SizeIs(2));
  std::ranges::sort(client_->received, {}, [](const json& answer) { return answer["id"].get<int>(); });
  const json& result = client_->received[0]["result"];
  EXPECT_TRUE(result["isError"]);
  EXPECT_EQ(result["_meta"]["switchyard/error"]["reason"], "connection_lost");
  EXPECT_THAT(std::string(result["content"][0]["text"]), HasSubstr("may or may not have run"));
  EXPECT_EQ(client_->received[1]["id"], 2);
  EXPECT_EQ(client_->received[1]["error"]["data"]["reason"], "connection_lost");
  const auto second = come();
  greet(*second);
  EXPECT_THAT(methods(*second), ElementsAre("initialize", "notifications/initialized"));
}

TEST_F(RelayReturnTest, AForgottenSessionIsOpenedAgainWithTheSameGateway) {
  const auto first = connect();
  const auto again = come();
  first->receiver().on_closed({ErrorCode::session_lost, "no longer knows our session."});
  greet(*again);
  EXPECT_THAT(client_->received, ElementsAre(kToolsChanged, kPromptsChanged, kResourcesChanged));
}

TEST_F(RelayReturnTest, WhatNeverLeftIsSentToTheNextGateway) {
  const auto first = connect();
  first->refuses = true;
  leave();
  call(1);
  EXPECT_THAT(client_->received, IsEmpty());
  const auto second = come();
  greet(*second);
  ASSERT_THAT(methods(*second), ElementsAre("initialize", "notifications/initialized", "tools/call"));
  second->answer(2, {{"done", true}});
  settle();
  EXPECT_EQ(client_->received.back()["id"], 1);
  EXPECT_EQ(client_->received.back()["result"]["done"], true);
}

TEST_F(RelayReturnTest, WhatComesMeanwhileWaitsAsFarAsThereIsRoom) {
  options_.max_waiting = 3;
  options_.max_waiting_bytes = 1000;
  const auto first = connect();
  leave();
  first->receiver().on_unreachable({ErrorCode::connect_failed, "connection refused."});
  call(1);
  call(2);
  ask("large", "tools/list", {{"text", std::string(1000, 'x')}});
  call(3);
  call("too many");
  ASSERT_THAT(client_->received, SizeIs(2));
  EXPECT_EQ(client_->received[0]["id"], "large");
  EXPECT_EQ(client_->received[0]["error"]["data"]["reason"], "overloaded");
  EXPECT_EQ(client_->received[1]["id"], "too many");
  EXPECT_THAT(std::string(client_->received[1]["result"]["content"][0]["text"]), HasSubstr("is being looked for"));
  take_back(2);
  const auto second = come();
  greet(*second);
  EXPECT_THAT(methods(*second), ElementsAre("initialize", "notifications/initialized", "tools/call", "tools/call"));
  client_->received.clear();
  second->answer(2);
  second->answer(3);
  settle();
  EXPECT_THAT(client_->received, SizeIs(2));
}

TEST_F(RelayReturnTest, AGatewayThatIsStoppingFinishesWhatItHasBegun) {
  const auto first = connect();
  call(1);
  call(2);
  first->receiver().on_unreachable({ErrorCode::connect_failed, "connection refused."});
  const auto second = come();
  greet(*second);
  client_->received.clear();
  EXPECT_FALSE(first->closed);
  first->answer(2, {{"in", "time"}});
  settle();
  EXPECT_THAT(client_->received, ElementsAre(json({{"jsonrpc", "2.0"}, {"id", 1}, {"result", {{"in", "time"}}}})));
  take_back(2);
  EXPECT_EQ(first->sent.back()["params"]["requestId"], first->sent[3]["id"]);
  first->answer(3);
  settle();
  EXPECT_THAT(client_->received, SizeIs(1));
  EXPECT_TRUE(first->closed);
  EXPECT_FALSE(second->closed);
}

TEST_F(RelayReturnTest, AnAnswerGoesToTheGatewayThatAsked) {
  const json question = {{"jsonrpc", "2.0"}, {"id", "q"}, {"method", "roots/list"}};
  const json reply = {{"jsonrpc", "2.0"}, {"id", "q"}, {"result", {{"roots", json::array()}}}};
  const auto first = connect();
  call(1);
  first->receiver().on_message(*Message::parse(question.dump()), std::nullopt);
  first->receiver().on_unreachable({ErrorCode::connect_failed, "connection refused."});
  const auto second = come();
  greet(*second);
  client_->say(reply);
  settle();
  EXPECT_EQ(first->sent.back(), reply);
  EXPECT_THAT(methods(*second), ElementsAre("initialize", "notifications/initialized"));
}

TEST_F(RelayReturnTest, WhatALostGatewayAskedIsTakenBack) {
  const json question = {{"jsonrpc", "2.0"}, {"id", "q"}, {"method", "roots/list"}};
  const auto first = connect();
  first->receiver().on_message(*Message::parse(question.dump()), std::nullopt);
  client_->received.clear();
  first->receiver().on_closed({ErrorCode::session_lost, "no longer knows our session."});
  settle();
  ASSERT_THAT(client_->received, SizeIs(1));
  EXPECT_EQ(client_->received[0]["method"], "notifications/cancelled");
  EXPECT_EQ(client_->received[0]["params"]["requestId"], "q");
  const auto second = come();
  greet(*second);
  client_->say({{"jsonrpc", "2.0"}, {"id", "q"}, {"result", {{"roots", json::array()}}}});
  settle();
  EXPECT_THAT(methods(*second), ElementsAre("initialize", "notifications/initialized"));
}

TEST_F(RelayReturnTest, AHandshakeThatGetsNoAnswerIsMadeWithTheNextGateway) {
  const auto first = come();
  open();
  ask("hello", "initialize", kHelloParams);
  leave();
  first->break_off();
  settle();
  EXPECT_THAT(client_->received, IsEmpty());
  const auto second = come();
  greet(*second);
  EXPECT_THAT(client_->received, ElementsAre(json({{"jsonrpc", "2.0"}, {"id", "hello"}, {"result", kIntroduction}})));
  EXPECT_EQ(second->sent[0]["params"], kHelloParams);
  EXPECT_EQ(second->revision, "2025-06-18");
}

TEST_F(RelayReturnTest, AnInitializedThatComesMeanwhileIsNotForgotten) {
  const auto first = come();
  open();
  ask("hello", "initialize", kHelloParams);
  first->answer(0, kIntroduction);
  settle();
  leave();
  first->receiver().on_unreachable({ErrorCode::connect_failed, "connection refused."});
  client_->say(kInitialized);
  settle();
  const auto second = come();
  greet(*second);
  EXPECT_THAT(methods(*second), ElementsAre("initialize", "notifications/initialized"));
}

TEST_F(RelayReturnTest, AGatewayThatTakesNoConnectionsYetIsTriedAgain) {
  const auto first = connect();
  const auto stopping = come();
  stopping->refuses = true;
  first->receiver().on_unreachable({ErrorCode::connect_failed, "connection refused."});
  const int looked = looked_;
  mcp::run_until(loop_, [&] { return looked_ >= looked + 2; });
  const auto second = come();
  greet(*second);
  EXPECT_THAT(client_->received, ElementsAre(kToolsChanged, kPromptsChanged, kResourcesChanged));
}

TEST_F(RelayReturnTest, WhereNoneComesBackItSaysWhyAndEnds) {
  options_.patience = milliseconds(250);
  const auto first = connect();
  leave();
  first->receiver().on_unreachable({ErrorCode::connect_failed, "connection refused."});
  call(1);
  mcp::run_until(loop_, [&] { return relay_->ended().is_set(); });
  settle();
  ASSERT_TRUE(relay_->lost());
  EXPECT_EQ(relay_->lost()->code, ErrorCode::connect_failed);
  EXPECT_EQ(
      relay_->lost()->text(),
      "the gateway was lost (connection refused), and none came back within 1 s. Start one with \"switchyard serve\", then let "
      "the client start this program again.");
  ASSERT_THAT(client_->received, SizeIs(1));
  EXPECT_THAT(std::string(client_->received[0]["result"]["content"][0]["text"]), HasSubstr("none came back"));
  // What comes then is told the same.
  call(2);
  EXPECT_THAT(client_->received, SizeIs(2));
}

TEST_F(RelayReturnTest, AGatewayThatOnlySeemsToBeThereIsNotWaitedForForEver) {
  options_.patience = milliseconds(50);
  const auto first = connect();
  come()->refuses = true;
  first->receiver().on_unreachable({ErrorCode::connect_failed, "connection refused."});
  mcp::run_until(loop_, [&] { return relay_->ended().is_set(); });
  EXPECT_TRUE(relay_->lost());
}

TEST_F(RelayReturnTest, OneThatCannotBeReachedFromTheStartIsNotEither) {
  options_.patience = milliseconds(50);
  come()->refuses = true;
  open();
  ask("hello", "initialize", kHelloParams);
  mcp::run_until(loop_, [&] { return relay_->ended().is_set(); });
  settle();
  ASSERT_THAT(client_->received, SizeIs(1));
  EXPECT_EQ(client_->received[0]["error"]["data"]["reason"], "connect_failed");
}

TEST_F(RelayReturnTest, AStateFolderThatCannotBeReadIsNamed) {
  options_.patience = milliseconds(50);
  options_.find = [this]() -> Result<std::shared_ptr<mcp::Transport>> {
    if (!here_) return mcp::fail(ErrorCode::io_error, "cannot read /state/gateway.json: it is torn");
    return here_;
  };
  const auto first = connect();
  leave();
  first->receiver().on_unreachable({ErrorCode::connect_failed, "connection refused."});
  mcp::run_until(loop_, [&] { return relay_->ended().is_set(); });
  EXPECT_THAT(relay_->lost()->message, HasSubstr("it is torn"));
}

TEST_F(RelayReturnTest, AnotherRevisionThanTheClientWasGivenEndsIt) {
  const auto first = connect();
  const auto second = come();
  first->receiver().on_unreachable({ErrorCode::connect_failed, "connection refused."});
  mcp::run_until(loop_, [&] { return !second->sent.empty(); });
  second->answer(0, {{"protocolVersion", "2024-11-05"}});
  mcp::run_until(loop_, [&] { return relay_->ended().is_set(); });
  EXPECT_EQ(relay_->lost()->code, ErrorCode::unsupported_version);
  EXPECT_THAT(relay_->lost()->message, HasSubstr("2025-06-18"));
}

TEST_F(RelayReturnTest, TheEndOfTheClientEndsTheSearch) {
  const auto first = connect();
  leave();
  first->receiver().on_unreachable({ErrorCode::connect_failed, "connection refused."});
  call(1);
  client_->hang_up();
  mcp::run_task(loop_, relay_->finish(Clock::now()));
  EXPECT_FALSE(relay_->lost());
  EXPECT_TRUE(client_->closed);
  EXPECT_EQ(client_->received.back()["id"], 1);
  const std::weak_ptr<Relay> relay = relay_;
  relay_ = std::make_shared<Relay>(loop_.get_executor(), std::make_shared<ClientPipe>(loop_.get_executor()), options_);
  settle();
  EXPECT_TRUE(relay.expired());
}

}  // namespace
}  // namespace gateway
