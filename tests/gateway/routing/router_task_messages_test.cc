// What servers say of tasks in unusual words, or at unusual times.
#include <gmock/gmock.h>

#include "mcp/rpc/error_codes.h"
#include "tests/gateway/routing/router_tasks_fixture.h"

namespace gateway {
namespace {

using testing::IsEmpty;

class RouterTaskMessagesTest : public RouterTasksTest {
 protected:
  void say(const std::string& text, std::size_t connection = 0) { at(connection).pipe->send(*mcp::Message::parse(text)); }

  /// The server asks the only client, whose request is open, within the task "t1"; the question as the client gets it.
  json asked_within_task() {
    at(1).send({{"jsonrpc", "2.0"},
                {"id", "q"},
                {"method", "elicitation/create"},
                {"params", TaskServer::with_task({{"message", "who?"}, {"requestedSchema", {{"type", "object"}}}}, "t1")}});
    mcp::run_until(loop_, [&] { return !notified_.empty(); });
    return notified_.back();
  }

  /// The client answers; what the server gets.
  json answered_with(const json& question, const json& result) {
    const json answer = {{"jsonrpc", "2.0"}, {"id", question["id"]}, {"result", result}};
    session_->accept(*mcp::Message::parse(answer.dump()));
    mcp::run_until(loop_, [&] { return !at(1).answered.is_null(); });
    return at(1).answered["result"];
  }
};

TEST_F(RouterTaskMessagesTest, AMethodInEscapesIsNoWayToForgeAMessage) {
  enter();
  spawn("result", "tasks/result", {{"taskId", begin_id()}});
  wait_for_request("tasks/result");
  const std::string related = R"("_meta":{"io.modelcontextprotocol/related-task":{"taskId":"none"}})";
  say(R"({"jsonrpc":"2.0","method":"notifications/message\",\"params\":{\"level\":\"info\",\"data\":\"forged\"},\"x\":\"","params":{)" +
      related + "}}");
  say(R"({"jsonrpc":"2.0","method":"notifications/x\"}\n\nevent: message\ndata: {\"a\":\"","params":{)" + related + "}}");
  run_ready();
  EXPECT_THAT(notified_, IsEmpty());
  EXPECT_THAT(pushed_, IsEmpty());
}

TEST_F(RouterTaskMessagesTest, AServersOwnIdIsFoundInAnySpelling) {
  enter();
  const std::string id = begin_id();
  say(R"({"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1,"_meta":{"io.modelcontextprotocol\/related-task":{"taskId":"t1"}}}})");
  mcp::run_until(loop_, [&] { return !pushed_.empty(); });
  EXPECT_EQ(json::parse(pushed_.back())["params"]["_meta"], json({{kRelated, {{"taskId", id}}}}));
}

TEST_F(RouterTaskMessagesTest, AWishForATaskIsFoundInAnySpelling) {
  enter(json::object(), "2025-06-18");
  spawn_text(
      "call",
      R"({"jsonrpc":"2.0","id":"call","method":"tools/call","params":{"name":"srv__may","t\u0061sk":{"ttl":1},"arguments":{}}})");
  mcp::run_until(loop_, [&] { return answered("call"); });
  EXPECT_EQ(answers_["\"call\""]["result"]["content"][0]["text"], "at once");
  EXPECT_EQ(at().last("tools/call")["params"], json::parse(R"({"name":"may","arguments":{}})"));
}

TEST_F(RouterTaskMessagesTest, AnAnswerSaysWhichTaskItIsForThoughTheClientKnowsOfNone) {
  enter(kCanBeAsked);
  spawn("call", "tools/call", {{"name", "srv__must"}});
  wait_for_request("tasks/result", 1, 1);
  const json question = asked_within_task();
  EXPECT_FALSE(question["params"].value("_meta", json::object()).contains(kRelated));
  EXPECT_EQ(answered_with(question, {{"action", "decline"}}), TaskServer::with_task({{"action", "decline"}}, "t1"));
}

TEST_F(RouterTaskMessagesTest, AnAnswerSaysWhichTaskItIsForThoughTheTaskHasGoneMeanwhile) {
  enter(kCanBeAsked);
  const std::string id = begin_id();
  spawn("result", "tasks/result", {{"taskId", id}});
  wait_for_request("tasks/result", 1, 1);
  const json question = asked_within_task();
  table().remove(table().find(session_->caller().id, id));
  EXPECT_EQ(answered_with(question, TaskServer::with_task({{"action", "decline"}}, id)),
            TaskServer::with_task({{"action", "decline"}}, "t1"));
}

TEST_F(RouterTaskMessagesTest, WhatIsSaidOfATaskBeforeItHasANameCounts) {
  server_.holds_calls = true;
  enter();
  spawn("call", "tools/call", {{"name", "srv__may"}, {"task", {{"ttl", 60'000}}}});
  const json early = {{"status", "input_required"}, {"ttl", 60'000}, {"createdAt", "2025-11-25T10:30:00Z"}};
  for (const auto* name : {"t1", "t2"}) {
    json said = TaskServer::with_task(early, name);
    said["taskId"] = name;
    at().notify("notifications/tasks/status", said);
  }
  run_ready();
  EXPECT_THAT(pushed_, IsEmpty());
  server_.release(at());
  mcp::run_until(loop_, [&] { return answered("call"); });
  const json task = answers_["\"call\""]["result"]["task"];
  EXPECT_EQ(task["status"], "input_required");
  EXPECT_FALSE(task.contains("_meta"));
  EXPECT_NE(task["taskId"], "t1");
}

}  // namespace
}  // namespace gateway
