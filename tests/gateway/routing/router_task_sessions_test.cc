// Tasks and the sessions on which they run.
#include <gmock/gmock.h>

#include "mcp/rpc/error_codes.h"
#include "tests/gateway/routing/router_tasks_fixture.h"
#include "tests/support/fake_clock.h"

namespace gateway {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;

class RouterTaskSessionsTest : public RouterTasksTest {
 protected:
  /// A client that can be asked, and what it calls, come and go: how many connections there are then.
  std::size_t connections_after_another() {
    enter_another(kCanBeAsked);
    EXPECT_EQ(call("srv__plain")["result"]["content"][0]["text"], "at once");
    return server_.connections.size();
  }
};

TEST_F(RouterTaskSessionsTest, ASessionIsKeptWhileATaskRunsOnIt) {
  mcp::FakeClock clock(loop_);
  server_.ttl = 3'600'000;
  enter(kCanBeAsked);
  const std::string id = begin_id();
  for (int i = 0; i < 25; ++i) {
    clock.advance(minutes(1));
    ASSERT_EQ(about("get", id)["result"]["status"], "working") << i;
  }
  spawn("result", "tasks/result", {{"taskId", id}});
  clock.settle();
  TaskServer::finish(at(1), "t1", TaskServer::text("done"));
  clock.settle();
  EXPECT_EQ(answers_["\"result\""]["result"]["content"][0]["text"], "done");
}

TEST_F(RouterTaskSessionsTest, APlainCallThatWaitsForItsTaskKeepsItsSession) {
  settle_in_turn();
  enter(kCanBeAsked);
  spawn("call", "tools/call", {{"name", "srv__must"}});
  wait_for_request("tasks/result", 1, 1);
  // Sessions of other capabilities, more than there may be.
  for (const json& roots : {json(), json::object(), json({{"listChanged", true}})}) {
    for (int others = 0; others < 4; ++others) {
      json capabilities = json::object();
      if (!roots.is_null()) capabilities["roots"] = roots;
      if ((others & 1) != 0) capabilities["sampling"] = json::object();
      if ((others & 2) != 0) capabilities["elicitation"] = json::object();
      enter_another(capabilities);
      call("srv__plain");
    }
  }
  EXPECT_FALSE(answered("call")) << answers_["\"call\""];
  TaskServer::finish(at(1), "t1", TaskServer::text("done"));
  mcp::run_until(loop_, [&] { return answered("call"); });
  EXPECT_EQ(answers_["\"call\""]["result"], TaskServer::text("done"));
}

TEST_F(RouterTaskSessionsTest, OfATaskThatIsOverASessionGoesToTheNext) {
  settle_in_turn();
  enter(kCanBeAsked);
  const std::string id = begin_id();
  spawn("result", "tasks/result", {{"taskId", id}});
  wait_for_request("tasks/result", 1, 1);
  TaskServer::finish(at(1), "t1", TaskServer::text("done"));
  mcp::run_until(loop_, [&] { return answered("result"); });
  EXPECT_EQ(connections_after_another(), 2U);
}

TEST_F(RouterTaskSessionsTest, ASessionIsNotHandedOnWhereItsClientLeftARunningTask) {
  settle_in_turn();
  enter(kCanBeAsked);
  begin_id();
  leave_last();
  wait_for_request("tasks/cancel", 1, 1);
  EXPECT_EQ(connections_after_another(), 3U);
}

TEST_F(RouterTaskSessionsTest, NorWhereATasksTimeIsOverAndItRunsOn) {
  mcp::FakeClock clock(loop_);
  settle_in_turn();
  enter(kCanBeAsked);
  begin_id();
  clock.advance(seconds(61));
  EXPECT_EQ(table().size(), 0U);
  EXPECT_EQ(at(1).count("tasks/cancel"), 1U) << "what nobody can ask about any more need not run";
  EXPECT_EQ(connections_after_another(), 3U);
}

TEST_F(RouterTaskSessionsTest, NorWhereATaskWasCancelled) {
  settle_in_turn();
  enter(kCanBeAsked);
  about("cancel", begin_id());
  EXPECT_EQ(connections_after_another(), 3U);
}

TEST_F(RouterTaskSessionsTest, NorWhereTheServerSaysThatItKnowsNoSuchTask) {
  settle_in_turn();
  enter(kCanBeAsked);
  const std::string id = begin_id();
  at(1).tasks.clear();
  EXPECT_EQ(about("get", id)["error"]["code"], mcp::kInvalidParams);
  EXPECT_EQ(connections_after_another(), 3U);
}

TEST_F(RouterTaskSessionsTest, NorWhereTheServerMadeATaskThatCannotBeNamed) {
  settle_in_turn();
  server_.odd_task = {{"taskId", 7}, {"status", "working"}};
  enter(kCanBeAsked);
  EXPECT_TRUE(begin().contains("error"));
  EXPECT_EQ(connections_after_another(), 3U);
}

TEST_F(RouterTaskSessionsTest, ATaskWhoseServerIsLostKeepsNothingOfItAlive) {
  enter(kCanBeAsked);
  const std::string id = begin_id();
  const std::weak_ptr<mcp::ClientSession> session = table().find(session_->caller().id, id)->session;
  ASSERT_FALSE(session.expired());
  at(1).pipe->close();
  mcp::run_until(loop_, [&] { return session.expired(); });
  EXPECT_EQ(about("get", id)["result"]["status"], "failed");
}

TEST_F(RouterTaskSessionsTest, AllTasksOfAClientThatLeavesAreCancelledOnItsOwnSession) {
  enter(kCanBeAsked);
  for (int i = 0; i < 3; ++i)
    begin_id();
  leave_last();
  EXPECT_EQ(at(1).count("tasks/cancel"), 3U);
  run_ready();
  EXPECT_EQ(runtimes_.front()->status().own_sessions, 0U);
}

TEST_F(RouterTaskSessionsTest, AServerThatDoesNotAnswerIsToldToCancelAllTheSame) {
  server_.cancels = false;
  enter(kCanBeAsked);
  for (int i = 0; i < 3; ++i)
    begin_id();
  mcp::FakeClock clock(loop_);
  leave_last();
  EXPECT_EQ(at(1).count("tasks/cancel"), 3U);
  clock.advance(seconds(1));
  EXPECT_EQ(runtimes_.front()->status().own_sessions, 1U);
  clock.advance(seconds(2));
  EXPECT_EQ(runtimes_.front()->status().own_sessions, 0U);
}

TEST_F(RouterTaskSessionsTest, AServerThatCancelsNoTasksIsNotAsked) {
  server_.capabilities["tasks"].erase("cancel");
  enter(kCanBeAsked);
  begin_id();
  leave_last();
  EXPECT_EQ(at(1).count("tasks/cancel"), 0U);
}

}  // namespace
}  // namespace gateway
