#include "mcp/session/client_session.h"

#include <deque>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "mcp/transport/message_pipe.h"
#include "tests/support/run_task.h"

namespace mcp {
namespace {

namespace asio = boost::asio;
using nlohmann::json;
using std::chrono::milliseconds;

/// A context that remembers what it was told.
class RecordingContext final : public CallContext {
 public:
  const Caller& caller() const override { return caller_; }
  void notify(Message notification) override { notified.push_back(json::parse(notification.text())); }
  Task<Result<Message>> ask(Message, Question&) override { co_return fail(ErrorCode::method_not_found, "nobody to ask"); }

  std::vector<json> notified;

 private:
  Caller caller_{.id = 1};
};

class ClientSessionTest : public testing::Test {
 protected:
  ClientSessionTest() {
    auto [transport, pipe] = make_memory_pair(loop_.get_executor());
    server_ = pipe;
    MessagePipe::Receiver receiver;
    receiver.on_message = [this](Message message) { on_server(std::move(message)); };
    receiver.on_invalid = [](const Error&) {};
    receiver.on_closed = [] {};
    server_->open(std::move(receiver));
    ClientSessionOptions options;
    options.client_version = "1.2.3";
    options.on_notification = [this](Message message) { notifications_.push_back(json::parse(message.text())); };
    options.on_closed = [this](const Error& error) { closed_.push_back(error.code); };
    session_ = ClientSession::create(loop_.get_executor(), transport, std::move(options));
    EXPECT_TRUE(run_task(loop_, session_->open()));
  }

  ~ClientSessionTest() override { run_task(loop_, session_->close(milliseconds(100))); }

  void on_server(Message message) {
    received_.push_back(json::parse(message.text()));
    if (answer) answer(received_.back());
  }

  void send(const json& message) { EXPECT_TRUE(server_->send(*Message::parse(message.dump()))); }

  void respond(const json& id, const json& result) { send({{"jsonrpc", "2.0"}, {"id", id}, {"result", result}}); }

  /// Runs one request to its end.
  Result<Message> handle(const json& request, CallContext& context) {
    Message message = *Message::parse(request.dump());
    return run_task(loop_, session_->handle(std::move(message), context));
  }

  static json call(const json& id, const json& params = {{"name", "echo"}}) {
    return {{"jsonrpc", "2.0"}, {"id", id}, {"method", "tools/call"}, {"params", params}};
  }

  /// Runs the loop until nothing is ready.
  void settle() {
    loop_.restart();
    while (loop_.poll() != 0) {
    }
  }

  asio::io_context loop_;
  std::shared_ptr<MessagePipe> server_;
  std::shared_ptr<ClientSession> session_;
  std::function<void(const json&)> answer;
  std::vector<json> received_, notifications_;
  std::vector<ErrorCode> closed_;
};

TEST_F(ClientSessionTest, ShakesHandsInEveryRevision) {
  for (const std::string version : {"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"}) {
    answer = [&](const json& message) {
      if (!message.contains("id")) return;
      respond(message["id"],
              {{"protocolVersion", version},
               {"capabilities", {{"tools", json::object()}}},
               {"serverInfo", {{"name", "s"}, {"version", "1"}}},
               {"instructions", "be \"kind\""}});
    };
    Cancellation cancellation;
    const auto introduction = run_task(loop_, session_->initialize(cancellation));
    ASSERT_TRUE(introduction) << introduction.error().text();
    EXPECT_EQ(to_string(introduction->version), version);
    EXPECT_EQ(introduction->instructions, "be \"kind\"");
    settle();
    EXPECT_EQ(received_.back()["method"], "notifications/initialized");
    EXPECT_EQ(received_[received_.size() - 2]["params"]["clientInfo"]["version"], "1.2.3");
  }
}

TEST_F(ClientSessionTest, RefusesARevisionItDoesNotSpeak) {
  answer = [&](const json& message) { respond(message["id"], {{"protocolVersion", "1999-01-01"}}); };
  Cancellation cancellation;
  const auto introduction = run_task(loop_, session_->initialize(cancellation));
  ASSERT_FALSE(introduction);
  EXPECT_EQ(introduction.error().code, ErrorCode::unsupported_version);
  EXPECT_THAT(introduction.error().message, testing::HasSubstr("1999-01-01"));
}

TEST_F(ClientSessionTest, AnswersUnderTheCallersIdWhateverItsType) {
  answer = [&](const json& message) { respond(message["id"], {{"got", message["params"]}}); };
  for (const json& id : {json(7), json("a-long-identifier-of-a-client"), json("quote\"d"), json(1763808000000)}) {
    RecordingContext context;
    const auto response = handle(call(id), context);
    ASSERT_TRUE(response);
    EXPECT_EQ(json::parse(response->text())["id"], id);
    EXPECT_NE(received_.back()["id"], id);
  }
}

TEST_F(ClientSessionTest, ProgressReachesOnlyTheOneWhoAskedUnderItsToken) {
  RecordingContext asking, silent;
  std::vector<json> calls;
  answer = [&](const json& message) {
    calls.push_back(message);
    if (calls.size() < 2) return;
    for (const json& one : calls) {
      if (!one["params"].contains("_meta")) continue;
      const json token = one["params"]["_meta"]["progressToken"];
      send({{"jsonrpc", "2.0"}, {"method", "notifications/progress"}, {"params", {{"progressToken", token}, {"progress", 1}}}});
    }
    send({{"jsonrpc", "2.0"}, {"method", "notifications/progress"}, {"params", {{"progressToken", "made up"}, {"progress", 1}}}});
    for (const json& one : calls)
      respond(one["id"], json::object());
  };
  std::deque<std::optional<Result<Message>>> results;
  const auto spawn = [&](const json& request, CallContext& context) {
    Message message = *Message::parse(request.dump());
    spawn_task(loop_, session_->handle(std::move(message), context), results.emplace_back());
  };
  spawn(call(1, {{"name", "a"}, {"_meta", {{"progressToken", "mine"}, {"other", 1}}}}), asking);
  spawn(call(2, {{"name", "b"}}), silent);
  settle();
  for (const auto& result : results)
    EXPECT_TRUE(result && result->has_value());
  ASSERT_EQ(asking.notified.size(), 1u);
  EXPECT_EQ(asking.notified[0]["params"]["progressToken"], "mine");
  EXPECT_TRUE(silent.notified.empty());
  EXPECT_TRUE(notifications_.empty());
}

TEST_F(ClientSessionTest, ProgressAfterTheAnswerIsPassedOnOrAdopted) {
  RecordingContext context;
  RequestLink link;
  answer = [&](const json& one) { respond(one["id"], json::object()); };
  Message first = *Message::parse(call(1, {{"name", "a"}, {"_meta", {{"progressToken", "mine"}}}}).dump());
  EXPECT_TRUE(run_task(loop_, session_->handle(std::move(first), context, &link)));
  const auto report = [&](int progress) {
    send({{"jsonrpc", "2.0"},
          {"method", "notifications/progress"},
          {"params", {{"progressToken", link.id}, {"progress", progress}}}});
    settle();
  };
  report(1);
  ASSERT_EQ(notifications_.size(), 1u);
  EXPECT_EQ(notifications_[0]["params"]["progressToken"], link.id);

  RequestLink second{.id = 0, .progress_of = link.id, .token = "\"mine\""};
  answer = nullptr;
  std::optional<Result<Message>> result;
  Message waiting = *Message::parse(call(2).dump());
  spawn_task(loop_, session_->handle(std::move(waiting), context, &second), result);
  settle();
  report(2);
  ASSERT_EQ(context.notified.size(), 1u);
  EXPECT_EQ(context.notified[0]["params"]["progressToken"], "mine");
  EXPECT_EQ(notifications_.size(), 1u);
  respond(received_.back()["id"], json::object());
  settle();
  EXPECT_TRUE(result && result->has_value());
}

TEST_F(ClientSessionTest, CancellationIsToldUnderTheIdTheServerKnows) {
  RecordingContext context;
  answer = [&](const json& message) {
    if (message.contains("id")) context.cancellation().request({ErrorCode::cancelled, "enough"});
  };
  const auto response = handle(call("mine"), context);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::cancelled);
  settle();
  ASSERT_EQ(received_.size(), 2u);
  EXPECT_EQ(received_[1]["method"], "notifications/cancelled");
  EXPECT_EQ(received_[1]["params"]["requestId"], received_[0]["id"]);
  EXPECT_EQ(received_[1]["params"]["reason"], "enough");
  // A late answer belongs to nobody.
  respond(received_[0]["id"], json::object());
  settle();
  EXPECT_EQ(session_->open_requests(), 0u);
}

TEST_F(ClientSessionTest, ADeadlineEndsTheRequestAndTellsTheServer) {
  RecordingContext context;
  context.deadline = std::chrono::steady_clock::now() + milliseconds(50);
  const auto response = handle(call(1), context);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::timeout);
  settle();
  EXPECT_EQ(received_.back()["method"], "notifications/cancelled");
}

TEST_F(ClientSessionTest, AnswersPingAndRefusesWhatItCannotDo) {
  send({{"jsonrpc", "2.0"}, {"id", "p"}, {"method", "ping"}});
  send({{"jsonrpc", "2.0"}, {"id", 9}, {"method", "sampling/createMessage"}, {"params", json::object()}});
  settle();
  ASSERT_EQ(received_.size(), 2u);
  EXPECT_EQ(received_[0], json({{"jsonrpc", "2.0"}, {"id", "p"}, {"result", json::object()}}));
  EXPECT_EQ(received_[1]["error"]["code"], -32601);
}

TEST_F(ClientSessionTest, ForeignAnswersAreDropped) {
  RecordingContext context;
  answer = [&](const json& message) {
    respond(4711, {{"wrong", true}});
    respond("text", {{"wrong", true}});
    respond(message["id"], {{"right", true}});
    respond(message["id"], {{"twice", true}});
  };
  const auto response = handle(call(1), context);
  ASSERT_TRUE(response);
  EXPECT_EQ(json::parse(response->text())["result"], json({{"right", true}}));
}

TEST_F(ClientSessionTest, ALostConnectionFailsWhatIsOpenOnce) {
  RecordingContext context;
  answer = [&](const json&) { server_->close(); };
  const auto response = handle(call(1), context);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::connection_lost);
  settle();
  EXPECT_THAT(closed_, testing::ElementsAre(ErrorCode::connection_lost));
}

TEST_F(ClientSessionTest, OtherNotificationsGoToTheOwner) {
  send({{"jsonrpc", "2.0"}, {"method", "notifications/tools/list_changed"}});
  settle();
  ASSERT_EQ(notifications_.size(), 1u);
  EXPECT_EQ(notifications_[0]["method"], "notifications/tools/list_changed");
}

}  // namespace
}  // namespace mcp
