// Tools that run as tasks, as clients see them.
#include <gmock/gmock.h>

#include "mcp/rpc/error_codes.h"
#include "tests/gateway/routing/router_tasks_fixture.h"

namespace gateway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(RouterTasksTest, OffersTasksToWhoKnowsThem) {
  enter();
  EXPECT_EQ(introduction_["capabilities"]["tasks"], server_.capabilities["tasks"]);
  enter(json::object(), "2025-06-18");
  EXPECT_FALSE(introduction_["capabilities"].contains("tasks"));
}

TEST_F(RouterTasksTest, OneServersOwnViewOffersThemWhereTheServerDoes) {
  server_.capabilities["tasks"].erase("cancel");
  enter(json::object(), "2025-11-25", {.own_names = true});
  EXPECT_EQ(introduction_["capabilities"]["tasks"], json::parse(R"({"list":{},"requests":{"tools":{"call":{}}}})"));
  const std::string task = begin({}, "may")["result"]["task"]["taskId"];
  EXPECT_EQ(about("cancel", task)["error"]["code"], mcp::kMethodNotFound);
  EXPECT_EQ(at().count("tasks/cancel"), 0U);
}

TEST_F(RouterTasksTest, AViewOfAServerWithoutTasksIgnoresTheWish) {
  server_.capabilities.erase("tasks");
  enter(json::object(), "2025-11-25", {.own_names = true});
  EXPECT_FALSE(introduction_["capabilities"].contains("tasks"));
  EXPECT_EQ(begin({}, "may")["result"]["content"][0]["text"], "at once");
  EXPECT_EQ(ask("tasks/list")["error"]["code"], mcp::kMethodNotFound);
  EXPECT_EQ(about("get", "t1")["error"]["code"], mcp::kMethodNotFound);
}

TEST_F(RouterTasksTest, ATaskHasAnIdOfOursFromItsStartToItsResult) {
  enter();
  const json started = begin();
  const std::string id = started["result"]["task"]["taskId"];
  EXPECT_EQ(id.size(), 32U);
  EXPECT_EQ(started["result"]["task"]["status"], "working");
  EXPECT_EQ(at().last("tools/call")["params"]["task"], json::parse(R"({"ttl":60000})"));
  EXPECT_EQ(at().last("tools/call")["params"]["name"], "may");

  const json state = about("get", id)["result"];
  EXPECT_EQ(state["taskId"], id);
  EXPECT_EQ(state["pollInterval"], 50);
  EXPECT_EQ(at().last("tasks/get")["params"], json::parse(R"({"taskId":"t1"})"));

  spawn("result", "tasks/result", {{"taskId", id}});
  wait_for_request("tasks/result");
  EXPECT_FALSE(answered("result"));
  TaskServer::finish(at(), "t1", TaskServer::text("done"));
  mcp::run_until(loop_, [&] { return answered("result"); });
  const json result = answers_["\"result\""]["result"];
  EXPECT_EQ(result["content"][0]["text"], "done");
  EXPECT_EQ(result["_meta"][kRelated]["taskId"], id);
  EXPECT_EQ(about("get", id)["result"]["status"], "completed");
  EXPECT_EQ(about("cancel", id)["error"]["code"], mcp::kInvalidParams);
  EXPECT_EQ(about("result", id)["result"]["content"][0]["text"], "done");
}

TEST_F(RouterTasksTest, NobodyElseFindsATask) {
  enter();
  const std::string id = begin_id();
  enter_another();
  const std::size_t before = at().received.size();
  for (const std::string method : {"get", "result", "cancel"}) {
    const json foreign = about(method, id)["error"];
    json unknown = about(method, std::string(32, 'a'))["error"];
    EXPECT_EQ(foreign["code"], mcp::kInvalidParams) << method;
    const std::string said = foreign["message"];
    EXPECT_EQ(said.substr(said.rfind('"')), unknown["message"].get<std::string>().substr(said.rfind('"')));
    EXPECT_EQ(about(method, "t1")["error"]["code"], mcp::kInvalidParams) << method;
  }
  EXPECT_EQ(ask("tasks/get", {{"taskId", 7}})["error"]["code"], mcp::kInvalidParams);
  EXPECT_THAT(ask("tasks/list")["result"]["tasks"], IsEmpty());
  EXPECT_EQ(at().received.size(), before);
}

TEST_F(RouterTasksTest, OnlyToolsThatCanRunAsTasks) {
  enter();
  EXPECT_EQ(begin({}, "srv__plain")["error"]["code"], mcp::kMethodNotFound);
  EXPECT_EQ(at().count("tools/call"), 0U);
}

TEST_F(RouterTasksTest, AServerThatDoesNotDeclareTasksGetsNone) {
  server_.capabilities.erase("tasks");
  enter();
  EXPECT_EQ(begin({}, "srv__may")["error"]["code"], mcp::kMethodNotFound);
  EXPECT_EQ(call("srv__must")["result"]["content"][0]["text"], "at once");
}

TEST_F(RouterTasksTest, AClientOfAnOlderRevisionHasNone) {
  enter(json::object(), "2025-06-18");
  EXPECT_EQ(begin()["result"]["content"][0]["text"], "at once");
  EXPECT_FALSE(at().last("tools/call")["params"].contains("task"));
  EXPECT_EQ(ask("tasks/list")["error"]["code"], mcp::kMethodNotFound);
}

TEST_F(RouterTasksTest, APlainCallOfAToolThatOnlyRunsAsATask) {
  enter();
  spawn("call", "tools/call", {{"name", "srv__must"}, {"arguments", {{"a", 1}}}, {"_meta", {{"progressToken", "mine"}}}});
  wait_for_request("tasks/result");
  const json params = at().last("tools/call")["params"];
  EXPECT_EQ(params["arguments"], json::parse(R"({"a":1})"));
  EXPECT_GE(params["task"]["ttl"].get<std::int64_t>(), runtimes_.front()->spec().call_timeout.count());
  at().notify("notifications/progress",
              TaskServer::with_task({{"progressToken", params["_meta"]["progressToken"]}, {"progress", 1}}, "t1"));
  mcp::run_until(loop_, [&] { return !notified_.empty(); });
  EXPECT_EQ(notified_.back()["params"], json::parse(R"({"progressToken":"mine","progress":1})"));
  EXPECT_THAT(ask("tasks/list")["result"]["tasks"], IsEmpty());
  TaskServer::finish(at(), "t1", TaskServer::text("done"));
  mcp::run_until(loop_, [&] { return answered("call"); });
  EXPECT_EQ(answers_["\"call\""]["result"], TaskServer::text("done"));
  EXPECT_EQ(table().size(), 0U);
}

TEST_F(RouterTasksTest, AClientOfAnOlderRevisionCallsItToo) {
  enter(json::object(), "2024-11-05");
  spawn("call", "tools/call", {{"name", "srv__must"}});
  wait_for_request("tasks/result");
  TaskServer::finish(at(), "t1", TaskServer::text("done"));
  mcp::run_until(loop_, [&] { return answered("call"); });
  EXPECT_EQ(answers_["\"call\""]["result"], TaskServer::text("done"));
}

TEST_F(RouterTasksTest, WhatEndsAPlainCallCancelsItsTask) {
  enter();
  spawn("call", "tools/call", {{"name", "srv__must"}});
  wait_for_request("tasks/result");
  session_->accept(*mcp::Message::parse(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"call"}})"));
  wait_for_request("tasks/cancel");
  EXPECT_EQ(at().last("tasks/cancel")["params"]["taskId"], "t1");
  EXPECT_EQ(table().size(), 0U);
}

TEST_F(RouterTasksTest, AServerWhoseResultsDoNotWaitIsAskedAgain) {
  server_.blocks = false;
  enter();
  spawn("call", "tools/call", {{"name", "srv__must"}});
  wait_for_request("tasks/get", 2);
  EXPECT_FALSE(answered("call"));
  EXPECT_EQ(at().count("tasks/result"), 1U);
  TaskServer::finish(at(), "t1", TaskServer::text("done"));
  mcp::run_until(loop_, [&] { return answered("call"); });
  EXPECT_EQ(answers_["\"call\""]["result"], TaskServer::text("done"));
}

TEST_F(RouterTasksTest, ProgressGoesOnAfterTheAnswer) {
  enter();
  const std::string id = begin_id({{"progressToken", 7}});
  const json token = at().last("tools/call")["params"]["_meta"]["progressToken"];
  EXPECT_NE(token, 7);
  at().notify("notifications/progress", TaskServer::with_task({{"progressToken", token}, {"progress", 1}}, "t1"));
  mcp::run_until(loop_, [&] { return !pushed_.empty(); });
  const json pushed = json::parse(pushed_.back())["params"];
  EXPECT_EQ(pushed["progressToken"], 7);
  EXPECT_EQ(pushed["_meta"][kRelated]["taskId"], id);

  // A request that waits for the result is the nearer way.
  spawn("result", "tasks/result", {{"taskId", id}});
  wait_for_request("tasks/result");
  at().notify("notifications/progress", {{"progressToken", token}, {"progress", 2}});
  mcp::run_until(loop_, [&] { return !notified_.empty(); });
  EXPECT_EQ(notified_.back()["params"], json::parse(R"({"progressToken":7,"progress":2})"));
  EXPECT_EQ(pushed_.size(), 1U);
}

TEST_F(RouterTasksTest, OnlyTheOwnerHearsOfATask) {
  enter();
  const std::string id = begin_id();
  enter_another();
  spawn("open", "tools/call", {{"name", "srv__must"}});
  wait_for_request("tasks/result");
  at().tasks["t1"]["status"] = "input_required";
  at().notify("notifications/tasks/status", at().tasks["t1"]);
  at().notify("notifications/message", TaskServer::with_task({{"level", "info"}, {"data", "secret"}}, "t1"));
  mcp::run_until(loop_, [&] { return pushed_.size() == 2; });
  const json status = json::parse(pushed_.front());
  EXPECT_EQ(status["method"], "notifications/tasks/status");
  EXPECT_EQ(status["params"]["taskId"], id);
  EXPECT_EQ(status["params"]["status"], "input_required");
  EXPECT_EQ(json::parse(pushed_.back())["params"]["_meta"][kRelated]["taskId"], id);
  EXPECT_THAT(pushed_to_another_, IsEmpty());
  EXPECT_THAT(notified_, IsEmpty());
  // Of tasks that are nobody's nobody is told.
  at().notify("notifications/tasks/status", {{"taskId", "t9"}, {"status", "working"}});
  run_ready();
  EXPECT_EQ(pushed_.size(), 2U);
}

TEST_F(RouterTasksTest, ATaskAsksItsOwner) {
  enter({{"elicitation", json::object()}});
  const std::string id = begin_id();
  ASSERT_EQ(server_.connections.size(), 2U);  // one of the client's own
  ASSERT_EQ(at(1).tasks.size(), 1U);
  EXPECT_TRUE(table().find(session_->caller().id, id)->own.lock()->pinned());
  spawn("result", "tasks/result", {{"taskId", id}});
  wait_for_request("tasks/result", 1, 1);
  at(1).send({{"jsonrpc", "2.0"},
              {"id", "q"},
              {"method", "elicitation/create"},
              {"params", TaskServer::with_task({{"message", "who?"}, {"requestedSchema", {{"type", "object"}}}}, "t1")}});
  mcp::run_until(loop_, [&] { return !notified_.empty(); });
  const json question = notified_.back();
  EXPECT_EQ(question["method"], "elicitation/create");
  EXPECT_EQ(question["params"]["_meta"][kRelated]["taskId"], id);
  const json answer = {{"jsonrpc", "2.0"}, {"id", question["id"]}, {"result", TaskServer::with_task({{"action", "decline"}}, id)}};
  session_->accept(*mcp::Message::parse(answer.dump()));
  mcp::run_until(loop_, [&] { return !at(1).answered.is_null(); });
  EXPECT_EQ(at(1).answered["result"], TaskServer::with_task({{"action", "decline"}}, "t1"));
  const auto own = table().find(session_->caller().id, id)->own.lock();
  TaskServer::finish(at(1), "t1", TaskServer::text("done"));
  mcp::run_until(loop_, [&] { return answered("result"); });
  EXPECT_FALSE(own->pinned());
}

TEST_F(RouterTasksTest, ATaskWhoseServerIsLostHasFailed) {
  enter();
  const std::string id = begin_id();
  spawn("result", "tasks/result", {{"taskId", id}});
  wait_for_request("tasks/result");
  at().pipe->close();
  mcp::run_until(loop_, [&] { return answered("result"); });
  const json result = answers_["\"result\""]["result"];
  EXPECT_EQ(result["isError"], true);
  EXPECT_EQ(result["_meta"][kRelated]["taskId"], id);
  const json state = about("get", id)["result"];
  EXPECT_EQ(state["status"], "failed");
  EXPECT_EQ(state["taskId"], id);
  EXPECT_THAT(state["statusMessage"].get<std::string>(), HasSubstr("lost"));
  EXPECT_EQ(about("cancel", id)["error"]["code"], mcp::kInvalidParams);
  EXPECT_EQ(ask("tasks/list")["result"]["tasks"][0], state);
  EXPECT_EQ(about("result", id)["result"]["isError"], true);
}

TEST_F(RouterTasksTest, ACancelledTaskStaysSo) {
  enter();
  const std::string id = begin_id();
  const json cancelled = about("cancel", id)["result"];
  EXPECT_EQ(cancelled["status"], "cancelled");
  EXPECT_EQ(cancelled["taskId"], id);
  EXPECT_EQ(at().count("notifications/cancelled"), 0U);
  EXPECT_EQ(about("cancel", id)["error"]["code"], mcp::kInvalidParams);
}

TEST_F(RouterTasksTest, ATaskEndsWithItsTtl) {
  server_.ttl = 1;
  enter();
  const std::string id = begin_id();
  mcp::run_until(loop_, [&] { return table().size() == 0; });
  EXPECT_EQ(about("get", id)["error"]["code"], mcp::kInvalidParams);
  EXPECT_THAT(ask("tasks/list")["result"]["tasks"], IsEmpty());
}

TEST_F(RouterTasksTest, WhatTheServerHasForgottenIsGone) {
  enter();
  const std::string id = begin_id();
  at().tasks.clear();
  EXPECT_EQ(about("get", id)["error"]["code"], mcp::kInvalidParams);
  EXPECT_THAT(ask("tasks/list")["result"]["tasks"], IsEmpty());
}

TEST_F(RouterTasksTest, TheListHasPages) {
  enter();
  std::vector<std::string> ids, listed;
  for (int i = 0; i < 3; ++i)
    ids.push_back(begin_id());
  at().tasks["t1"]["status"] = "input_required";
  json params = json::object();
  for (;;) {
    const json page = ask("tasks/list", params)["result"];
    if (listed.empty()) {
      EXPECT_EQ(page["tasks"][0]["status"], "input_required");
    }
    for (const json& task : page["tasks"])
      listed.push_back(task["taskId"]);
    if (!page.contains("nextCursor")) break;
    EXPECT_EQ(page["tasks"].size(), 2U);
    params["cursor"] = page["nextCursor"];
  }
  EXPECT_EQ(listed, ids);
  EXPECT_EQ(ask("tasks/list", {{"cursor", "next"}})["error"]["code"], mcp::kInvalidParams);
  EXPECT_EQ(ask("tasks/list", {{"cursor", 7}})["error"]["code"], mcp::kInvalidParams);
}

TEST_F(RouterTasksTest, AClientHasOnlySoMany) {
  enter();
  for (std::size_t i = 0; i < ServerTasks::kMaxOfClient; ++i)
    begin_id();
  const json refused = begin()["error"];
  EXPECT_EQ(refused["data"]["reason"], "overloaded");
  EXPECT_EQ(at().count("tools/call"), ServerTasks::kMaxOfClient);
  enter_another();
  EXPECT_TRUE(begin().contains("result"));
}

TEST_F(RouterTasksTest, TasksOfAClientThatLeavesAreCancelled) {
  enter();
  begin_id();
  begin_id();
  at().tasks["t2"]["status"] = "completed";
  ASSERT_EQ(ask("tasks/list")["result"]["tasks"].size(), 2U);
  leave();
  wait_for_request("tasks/cancel");
  EXPECT_EQ(at().last("tasks/cancel")["params"]["taskId"], "t1");
  EXPECT_EQ(at().count("tasks/cancel"), 1U);
}

}  // namespace
}  // namespace gateway
