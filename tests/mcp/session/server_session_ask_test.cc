#include <boost/asio/detached.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "mcp/base/event.h"
#include "mcp/session/server_session.h"
#include "tests/support/run_task.h"

namespace mcp {
namespace {

namespace asio = boost::asio;
using nlohmann::json;

/// Asks the client, within the request "ask", for what its params say, and answers with what came of it. "wait" waits to be
/// cancelled.
class Asker final : public SessionHandler {
 public:
  explicit Asker(const Executor& executor) : executor_(executor) {}

  void opened(const std::weak_ptr<ServerSession>&) override {}

  Task<Result<Message>> handle(Message request, CallContext& context) override {
    if (request.method() == "initialize") co_return Message::result(request.id(), "{}");
    const std::string text = raw.empty() ? std::string(request.raw(request.envelope().params)) : raw;
    asio::co_spawn(executor_, ask(context, text), asio::detached);
    Event over(executor_);
    const Cancellation::Callback cancelled(context.cancellation(), [&over] { over.set(); });
    end_ = &over;
    co_await over.wait();
    end_ = nullptr;
    co_return Message::result(request.id(), R"({"done":true})");
  }

  void notice(Message notification, CallContext&) override { noticed.emplace_back(notification.method()); }

  /// Ends the request that asked.
  void end_request() { end_->set(); }

  std::string raw;  // the question, in place of what the request holds
  Question question;
  std::vector<json> answers;  // to questions: the message, or {"error": code}
  std::vector<std::string> noticed;

 private:
  Task<void> ask(CallContext& context, std::string text) {
    Message request = *Message::parse(text);
    const auto answer = co_await context.ask(std::move(request), question);
    answers.push_back(answer ? json::parse(answer->text()) : json{{"error", to_string(answer.error().code)}});
  }

  Executor executor_;
  Event* end_ = nullptr;
};

class ServerSessionAskTest : public testing::Test {
 protected:
  ServerSessionAskTest() : asker_(std::make_shared<Asker>(loop_.get_executor())), session_(ServerSession::create(asker_, {})) {
    session_->set_outlet([this](const Message& message) {
      pushed_.push_back(json::parse(message.text()));
      return true;
    });
  }

  void introduce(const json& capabilities) {
    serve({{"jsonrpc", "2.0"},
           {"id", 0},
           {"method", "initialize"},
           {"params", {{"protocolVersion", "2025-11-25"}, {"capabilities", capabilities}}}});
    ASSERT_TRUE(session_->initialized());
  }

  void serve(const json& request) {
    ServerSession::Outlet outlet = [this](const Message& message) {
      sent_.push_back(json::parse(message.text()));
      return true;
    };
    asio::co_spawn(loop_,
                   session_->serve(*Message::parse(request.dump()), std::move(outlet)),
                   [this](std::exception_ptr, std::optional<Message> answer) {
                     if (answer) answered_.push_back(json::parse(answer->text()));
                   });
    settle();
  }

  void ask(const std::string& method, const json& params = json::object()) {
    const json question = {{"jsonrpc", "2.0"}, {"id", "theirs"}, {"method", method}, {"params", params}};
    serve({{"jsonrpc", "2.0"}, {"id", 1}, {"method", "ask"}, {"params", question}});
  }

  void accept(const json& message) {
    session_->accept(*Message::parse(message.dump()));
    settle();
  }

  void settle() {
    loop_.restart();
    while (loop_.poll() != 0) {
    }
  }

  asio::io_context loop_;
  std::shared_ptr<Asker> asker_;
  std::shared_ptr<ServerSession> session_;
  std::vector<json> sent_, pushed_, answered_;
};

TEST_F(ServerSessionAskTest, TheQuestionGoesOutUnderOurIdAndTheAnswerBackUnderTheirs) {
  introduce({{"sampling", json::object()}});
  ask("sampling/createMessage", {{"maxTokens", 5}});
  ASSERT_EQ(sent_.size(), 1U);
  EXPECT_EQ(sent_[0]["method"], "sampling/createMessage");
  EXPECT_EQ(sent_[0]["params"]["maxTokens"], 5);
  const json id = sent_[0]["id"];
  EXPECT_NE(id, "theirs");
  accept({{"jsonrpc", "2.0"}, {"id", id}, {"result", {{"model", "m"}}}});
  ASSERT_EQ(asker_->answers.size(), 1U);
  EXPECT_EQ(asker_->answers[0]["id"], "theirs");
  EXPECT_EQ(asker_->answers[0]["result"]["model"], "m");
  EXPECT_EQ(session_->questions(), 0U);
}

TEST_F(ServerSessionAskTest, AnErrorIsAnAnswerToo) {
  introduce({{"elicitation", json::object()}});
  ask("elicitation/create", {{"message", "who?"}});
  accept({{"jsonrpc", "2.0"}, {"id", sent_.at(0)["id"]}, {"error", {{"code", -1}, {"message", "no"}}}});
  EXPECT_EQ(asker_->answers.at(0)["error"]["code"], -1);
}

TEST_F(ServerSessionAskTest, AClientIsAskedOnlyWhatItDeclared) {
  introduce({{"roots", json::object()}, {"elicitation", {{"url", json::object()}}}});
  ask("sampling/createMessage");
  EXPECT_EQ(asker_->answers.at(0)["error"], "method_not_found");
  EXPECT_TRUE(sent_.empty());
  asker_->end_request();
  settle();
  ask("elicitation/create", {{"message", "a form"}});
  EXPECT_EQ(asker_->answers.at(1)["error"], "invalid_params");
  EXPECT_TRUE(sent_.empty());
  asker_->end_request();
  settle();
  ask("elicitation/create", {{"mode", "url"}, {"url", "https://example.com"}});
  EXPECT_EQ(sent_.size(), 1U);
}

/// A reader that ignores case, or decodes keys where another does not, would show something else than was looked at.
TEST_F(ServerSessionAskTest, WhatIsAskedIsSpelledAsTheSpecificationDoes) {
  introduce({{"elicitation", {{"form", json::object()}}}});
  for (const std::string params : {R"({"mess\u0061ge":"[github] your token?","requestedSchema":{}})",
                                   R"({"message":"?","m\u006fde":"url","url":"https://example.com"})",
                                   R"({"message":"?","Mode":"url","requestedSchema":{}})",
                                   R"({"message":"?","message":"!","requestedSchema":{}})"}) {
    asker_->raw = R"({"jsonrpc":"2.0","id":"theirs","method":"elicitation/create","params":)" + params + "}";
    ask("elicitation/create");
    EXPECT_EQ(asker_->answers.back()["error"], "invalid_request") << params;
    asker_->end_request();
    settle();
  }
  EXPECT_TRUE(sent_.empty());
}

TEST_F(ServerSessionAskTest, AnEmptyElicitationStandsForForms) {
  introduce({{"elicitation", json::object()}});
  ask("elicitation/create", {{"mode", "url"}, {"url", "https://example.com"}});
  EXPECT_EQ(asker_->answers.at(0)["error"], "invalid_params");
  asker_->end_request();
  settle();
  ask("elicitation/create", {{"mode", "form"}});
  EXPECT_EQ(sent_.size(), 1U);
}

TEST_F(ServerSessionAskTest, WhoAskedTakesItBack) {
  introduce({{"sampling", json::object()}});
  ask("sampling/createMessage");
  asker_->question.cancellation.request({ErrorCode::cancelled, "changed my mind"});
  settle();
  ASSERT_EQ(sent_.size(), 2U);
  EXPECT_EQ(sent_[1]["method"], "notifications/cancelled");
  EXPECT_EQ(sent_[1]["params"]["requestId"], sent_[0]["id"]);
  EXPECT_EQ(sent_[1]["params"]["reason"], "changed my mind");
  EXPECT_EQ(asker_->answers.at(0)["error"], "cancelled");
  accept({{"jsonrpc", "2.0"}, {"id", sent_[0]["id"]}, {"result", json::object()}});
  EXPECT_EQ(asker_->answers.size(), 1U) << "an answer that comes too late is dropped";
}

TEST_F(ServerSessionAskTest, TheQuestionEndsWithItsRequest) {
  introduce({{"sampling", json::object()}});
  ask("sampling/createMessage");
  asker_->end_request();
  settle();
  EXPECT_EQ(asker_->answers.at(0)["error"], "cancelled");
  EXPECT_EQ(sent_.at(1)["method"], "notifications/cancelled");
  EXPECT_EQ(session_->questions(), 0U);
}

TEST_F(ServerSessionAskTest, TheClientTakesItsRequestBackWhileItIsAsked) {
  introduce({{"sampling", json::object()}});
  ask("sampling/createMessage");
  accept({{"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", 1}}}});
  EXPECT_EQ(asker_->answers.at(0)["error"], "cancelled");
  EXPECT_EQ(answered_.size(), 1U) << "initialize alone was answered";
}

TEST_F(ServerSessionAskTest, AClientThatGoesAwayAnswersNothing) {
  introduce({{"sampling", json::object()}});
  ask("sampling/createMessage");
  session_->cancel_all({ErrorCode::session_lost, "gone"});
  settle();
  EXPECT_EQ(asker_->answers.at(0)["error"], "session_lost");
  EXPECT_EQ(sent_.size(), 1U) << "nobody is there to be told";
}

TEST_F(ServerSessionAskTest, ProgressOfTheClientComesUnderTheAskersToken) {
  introduce({{"sampling", json::object()}});
  std::vector<json> progress;
  asker_->question.on_progress = [&progress](const Message& message) { progress.push_back(json::parse(message.text())); };
  ask("sampling/createMessage", {{"_meta", {{"progressToken", "their token"}}}});
  const json token = sent_.at(0)["params"]["_meta"]["progressToken"];
  EXPECT_NE(token, "their token");
  accept({{"jsonrpc", "2.0"}, {"method", "notifications/progress"}, {"params", {{"progressToken", token}, {"progress", 1}}}});
  accept(
      {{"jsonrpc", "2.0"}, {"method", "notifications/progress"}, {"params", {{"progressToken", "their token"}, {"progress", 2}}}});
  ASSERT_EQ(progress.size(), 1U);
  EXPECT_EQ(progress[0]["params"]["progressToken"], "their token");
}

TEST_F(ServerSessionAskTest, QuestionsApartFromRequestsGoTheWayOfPush) {
  introduce({{"roots", json::object()}});
  Question question;
  std::optional<Result<Message>> answer;
  spawn_task(loop_, session_->ask(Message::request("\"r\"", "roots/list", {}), question), answer);
  settle();
  ASSERT_EQ(pushed_.size(), 1U);
  accept({{"jsonrpc", "2.0"}, {"id", pushed_[0]["id"]}, {"result", {{"roots", json::array()}}}});
  ASSERT_TRUE(answer && *answer);
  EXPECT_EQ((*answer)->id(), "\"r\"");
}

TEST_F(ServerSessionAskTest, AnswersOfAnotherSessionCountForNothing) {
  introduce({{"sampling", json::object()}});
  ask("sampling/createMessage");
  auto other = ServerSession::create(std::make_shared<Asker>(loop_.get_executor()), {});
  other->accept(*Message::parse(json{{"jsonrpc", "2.0"}, {"id", sent_.at(0)["id"]}, {"result", json::object()}}.dump()));
  settle();
  EXPECT_TRUE(asker_->answers.empty());
  EXPECT_EQ(session_->questions(), 1U);
}

TEST_F(ServerSessionAskTest, NoMoreThanSoManyQuestionsAreOpen) {
  auto session = ServerSession::create(asker_, {.max_questions = 1});
  session->set_outlet([](const Message&) { return true; });
  std::optional<std::optional<Message>> introduced;
  ServerSession::Outlet outlet = [](const Message&) { return true; };
  spawn_task(loop_,
             session->serve(*Message::parse(R"({"jsonrpc":"2.0","id":0,"method":"initialize",)"
                                            R"("params":{"protocolVersion":"2025-11-25","capabilities":{"roots":{}}}})"),
                            std::move(outlet)),
             introduced);
  Question first, second;
  std::optional<Result<Message>> waits, refused;
  spawn_task(loop_, session->ask(Message::request("1", "roots/list", {}), first), waits);
  settle();
  spawn_task(loop_, session->ask(Message::request("2", "roots/list", {}), second), refused);
  settle();
  EXPECT_FALSE(waits);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->error().code, ErrorCode::overloaded);
  session->cancel_all({ErrorCode::session_lost, "gone"});
  settle();
  EXPECT_TRUE(waits);
}

TEST_F(ServerSessionAskTest, OtherNotificationsGoToTheHandler) {
  introduce({{"roots", {{"listChanged", true}}}});
  accept({{"jsonrpc", "2.0"}, {"method", "notifications/roots/list_changed"}});
  EXPECT_THAT(asker_->noticed, testing::ElementsAre("notifications/roots/list_changed"));
}

}  // namespace
}  // namespace mcp
