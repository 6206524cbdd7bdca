#include "mcp/session/server_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "mcp/base/event.h"
#include "tests/support/run_task.h"

namespace mcp {
namespace {

namespace asio = boost::asio;
using nlohmann::json;

/// Answers everything at once, but "wait" only when it is let go or cancelled.
class Answerer final : public SessionHandler {
 public:
  explicit Answerer(const Executor& executor) : executor_(executor) {}

  void opened(const std::weak_ptr<ServerSession>& session) override { session_ = session; }

  Task<Result<Message>> handle(Message request, CallContext& context) override {
    if (request.method() == "wait") {
      Event event(executor_);
      const Cancellation::Callback cancelled(context.cancellation(), [&event] { event.set(); });
      context.notify(Message::notification("notifications/progress", R"({"progressToken":1,"progress":1})"));
      co_await event.wait();
      co_return std::unexpected(context.cancellation().reason());
    }
    if (request.method() == "initialize" && hold_initialize) {
      const auto held = hold_initialize;
      co_await held->wait();
      if (fail_initialize) co_return fail(ErrorCode::server_unavailable, "it is down");
    }
    if (request.method() == "fail") co_return fail(ErrorCode::server_unavailable, "it is down", "Start it.");
    versions.emplace_back(to_string(context.caller().version));
    co_return Message::result(request.id(), R"({"ok":true})");
  }

  void notice(Message, CallContext&) override {}

  std::vector<std::string> versions;
  std::shared_ptr<Event> hold_initialize;  // which waits for this, where it is set
  bool fail_initialize = false;            // then

 private:
  Executor executor_;
  std::weak_ptr<ServerSession> session_;
};

class ServerSessionTest : public testing::Test {
 protected:
  ServerSessionTest()
      : handler_(std::make_shared<Answerer>(loop_.get_executor())),
        session_(ServerSession::create(handler_, {.label = "test", .max_in_flight = 2})) {}

  std::optional<json> serve(const json& request) {
    Message message = *Message::parse(request.dump());
    ServerSession::Outlet outlet = [](const Message&) { return true; };
    const auto answer = run_task(loop_, session_->serve(std::move(message), std::move(outlet)));
    if (!answer) return std::nullopt;
    return json::parse(answer->text());
  }

  /// Serves in the background; the answer, or null for none, lands in `answers` under the request's id.
  void spawn(const json& request) {
    Message message = *Message::parse(request.dump());
    ServerSession::Outlet outlet = [this](const Message& notification) {
      notified_.push_back(json::parse(notification.text()));
      return client_reads_;
    };
    asio::co_spawn(loop_,
                   session_->serve(std::move(message), std::move(outlet)),
                   [this, id = request["id"].dump()](std::exception_ptr, std::optional<Message> answer) {
                     answers_[id] = answer ? json::parse(answer->text()) : json();
                   });
    settle();
  }

  void settle() {
    loop_.restart();
    while (loop_.poll() != 0) {
    }
  }

  static json request(const json& id, const std::string& method, const json& params = json::object()) {
    return {{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}};
  }

  void introduce(const std::string& version = "2025-11-25") {
    EXPECT_TRUE(
        serve(request(0, "initialize", {{"protocolVersion", version}, {"clientInfo", {{"name", "c"}}}}))->contains("result"));
  }

  void cancel(const json& id) {
    const json message = {{"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", id}}}};
    session_->accept(*Message::parse(message.dump()));
    settle();
  }

  asio::io_context loop_;
  std::shared_ptr<Answerer> handler_;
  std::shared_ptr<ServerSession> session_;
  std::map<std::string, json> answers_;
  std::vector<json> notified_;
  bool client_reads_ = true;
};

TEST_F(ServerSessionTest, TakesTheClientsRevisionOrOffersTheLatest) {
  const std::map<std::string, std::string> wanted = {
      {"2024-11-05", "2024-11-05"}, {"2025-06-18", "2025-06-18"}, {"2026-07-28", "2025-11-25"}, {"nonsense", "2025-11-25"}};
  for (const auto& [version, expected] : wanted) {
    session_ = ServerSession::create(handler_, {});
    introduce(version);
    EXPECT_EQ(handler_->versions.back(), expected);
    EXPECT_EQ(session_->caller().client_name, "c");
  }
}

TEST_F(ServerSessionTest, NothingButPingBeforeInitialize) {
  EXPECT_EQ((*serve(request(1, "tools/list")))["error"]["code"], -32600);
  EXPECT_TRUE(serve(request(2, "ping"))->contains("result"));
  introduce();
  EXPECT_TRUE(serve(request(3, "tools/list"))->contains("result"));
  EXPECT_EQ((*serve(request(4, "initialize", {{"protocolVersion", "2025-11-25"}})))["error"]["code"], -32600);
}

TEST_F(ServerSessionTest, InitializeNeedsAVersion) {
  EXPECT_EQ((*serve(request(1, "initialize")))["error"]["code"], -32602);
  EXPECT_FALSE(session_->initialized());
}

TEST_F(ServerSessionTest, AFailureBecomesAnErrorThatTellsItsKind) {
  introduce();
  const json answer = *serve(request(1, "fail"));
  EXPECT_EQ(answer["error"]["code"], -32603);
  EXPECT_EQ(answer["error"]["message"], "it is down. Start it.");
  EXPECT_EQ(answer["error"]["data"], json({{"reason", "server_unavailable"}, {"remedy", "Start it."}}));
}

TEST_F(ServerSessionTest, ACancelledRequestGetsNoAnswerAndTheOthersGoOn) {
  introduce();
  spawn(request("a", "wait"));
  spawn(request("b", "wait"));
  EXPECT_EQ(session_->in_flight(), 2u);
  cancel("c");
  cancel("a");
  EXPECT_EQ(session_->in_flight(), 1u);
  EXPECT_TRUE(answers_.at("\"a\"").is_null());
  EXPECT_FALSE(answers_.contains("\"b\""));
  session_->cancel_all({ErrorCode::shutting_down, "stopping"});
  settle();
  EXPECT_EQ(answers_.at("\"b\"")["error"]["data"]["reason"], "shutting_down");
}

TEST_F(ServerSessionTest, TwoSpellingsOfAnIdAreOneId) {
  introduce();
  spawn(request("a", "wait"));
  session_->accept(*Message::parse(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"\u0061"}})"));
  settle();
  EXPECT_TRUE(answers_.at("\"a\"").is_null());
}

TEST_F(ServerSessionTest, RefusesAnIdInUseAndTooManyAtOnce) {
  introduce();
  spawn(request(1, "wait"));
  EXPECT_EQ((*serve(request(1, "tools/list")))["error"]["code"], -32600);
  spawn(request(2, "wait"));
  EXPECT_EQ((*serve(request(3, "tools/list")))["error"]["data"]["reason"], "overloaded");
  cancel(1);
  EXPECT_TRUE(serve(request(3, "tools/list"))->contains("result"));
  cancel(2);
}

TEST_F(ServerSessionTest, AClientThatDoesNotReadLosesItsCall) {
  introduce();
  client_reads_ = false;
  spawn(request(1, "wait"));
  EXPECT_EQ(answers_.at("1")["error"]["data"]["reason"], "overloaded");
}

TEST_F(ServerSessionTest, PushNeedsAnOutlet) {
  EXPECT_FALSE(session_->push(Message::notification("notifications/tools/list_changed", {})));
  std::vector<std::string> sent;
  session_->set_outlet([&](const Message& message) {
    sent.emplace_back(message.method());
    return true;
  });
  EXPECT_TRUE(session_->push(Message::notification("notifications/tools/list_changed", {})));
  EXPECT_THAT(sent, testing::ElementsAre("notifications/tools/list_changed"));
}

TEST_F(ServerSessionTest, WhatComesBeforeInitializeIsAnsweredWaitsForIt) {
  handler_->hold_initialize = std::make_shared<Event>(loop_.get_executor());
  const json hello = {{"protocolVersion", "2025-06-18"}};
  spawn({{"jsonrpc", "2.0"}, {"id", 1}, {"method", "initialize"}, {"params", hello}});
  spawn({{"jsonrpc", "2.0"}, {"id", 2}, {"method", "ping"}});
  EXPECT_TRUE(answers_.contains("2")) << "a ping does not wait";
  session_->accept(*Message::parse(R"({"jsonrpc":"2.0","method":"notifications/initialized"})"));
  spawn({{"jsonrpc", "2.0"}, {"id", 3}, {"method", "any"}});
  EXPECT_FALSE(answers_.contains("3"));
  // It counts as open meanwhile: two may be.
  spawn({{"jsonrpc", "2.0"}, {"id", 4}, {"method", "any"}});
  EXPECT_EQ(answers_["4"]["error"]["data"]["reason"], "overloaded");
  handler_->hold_initialize->set();
  settle();
  EXPECT_EQ(answers_["1"]["result"]["ok"], true);
  EXPECT_EQ(answers_["3"]["result"]["ok"], true);
}

TEST_F(ServerSessionTest, WhatWaitsForAnInitializeThatFailsIsRefused) {
  handler_->hold_initialize = std::make_shared<Event>(loop_.get_executor());
  handler_->fail_initialize = true;
  spawn({{"jsonrpc", "2.0"}, {"id", 1}, {"method", "initialize"}, {"params", {{"protocolVersion", "2025-06-18"}}}});
  spawn({{"jsonrpc", "2.0"}, {"id", 2}, {"method", "any"}});
  handler_->hold_initialize->set();
  settle();
  EXPECT_EQ(answers_["1"]["error"]["data"]["reason"], "server_unavailable");
  EXPECT_EQ(answers_["2"]["error"]["data"]["reason"], "invalid_request");
  EXPECT_FALSE(session_->initialized());
}

TEST_F(ServerSessionTest, WhatWaitsForInitializeCanBeTakenBack) {
  handler_->hold_initialize = std::make_shared<Event>(loop_.get_executor());
  spawn({{"jsonrpc", "2.0"}, {"id", 1}, {"method", "initialize"}, {"params", {{"protocolVersion", "2025-06-18"}}}});
  spawn({{"jsonrpc", "2.0"}, {"id", 2}, {"method", "any"}});
  session_->accept(*Message::parse(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}})"));
  handler_->hold_initialize->set();
  settle();
  ASSERT_TRUE(answers_.contains("2"));
  EXPECT_TRUE(answers_["2"].is_null());
}

}  // namespace
}  // namespace mcp
