// How many tasks there may be, and how long a call waits for one.
#include <gmock/gmock.h>

#include "mcp/rpc/error_codes.h"
#include "tests/gateway/routing/router_tasks_fixture.h"
#include "tests/support/fake_clock.h"

namespace gateway {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;

class RouterTaskLimitsTest : public RouterTasksTest {
 protected:
  /// As many as one client may have.
  std::vector<std::string> begin_all() {
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < ServerTasks::kMaxOfClient; ++i)
      ids.push_back(begin_id());
    return ids;
  }

  /// By a stopped clock, which begins with the server's start; a call of its has 10 s.
  void enter_timed() {
    ServerSpec spec = remote("srv", "http://127.0.0.1/");
    spec.call_timeout = seconds(10);
    settle(std::move(spec));
    enter();
  }

  bool is_kept(const std::string& id) { return table().find(session_->caller().id, id) != nullptr; }

  json call_of_must() const { return {{"name", "srv__must"}, {"_meta", {{"progressToken", "mine"}}}}; }

  void report(int value) {
    const json token = at().last("tools/call")["params"]["_meta"]["progressToken"];
    at().notify("notifications/progress", {{"progressToken", token}, {"progress", value}});
  }
};

TEST_F(RouterTaskLimitsTest, WhereThereAreTooManyTheOldestThatWasReadToItsEndGoes) {
  enter();
  const auto ids = begin_all();
  for (const auto* name : {"t3", "t5", "t7"})
    TaskServer::finish(at(), name, TaskServer::text("done"));
  about("get", ids[2]);
  about("result", ids[4]);
  about("result", ids[6]);
  EXPECT_TRUE(begin().contains("result"));
  EXPECT_FALSE(is_kept(ids[4]));
  EXPECT_TRUE(begin().contains("result"));
  EXPECT_FALSE(is_kept(ids[6]));
  EXPECT_TRUE(is_kept(ids[2]));
  EXPECT_TRUE(begin().contains("result"));
  EXPECT_FALSE(is_kept(ids[2])) << "then the oldest that is over";
  EXPECT_EQ(begin()["error"]["data"]["reason"], "overloaded") << "the others still run";
  EXPECT_TRUE(is_kept(ids[0]));
}

TEST_F(RouterTaskLimitsTest, LostTasksMakeRoom) {
  random_ = kNoDelay;
  enter();
  const auto ids = begin_all();
  at().pipe->close();
  mcp::run_until(loop_, [&] { return server_.connections.size() == 2 && runtimes_.front()->state() == RuntimeState::ready; });
  EXPECT_TRUE(begin().contains("result"));
  EXPECT_FALSE(is_kept(ids[0]));
  EXPECT_TRUE(is_kept(ids[1]));
}

TEST_F(RouterTaskLimitsTest, PlainCallsThatRunAsTasksCountApart) {
  enter();
  begin_all();
  spawn("call", "tools/call", call_of_must());
  wait_for_request("tasks/result");
  EXPECT_FALSE(answered("call"));
}

TEST_F(RouterTaskLimitsTest, WhatOthersHaveReadToItsEndMakesRoomToo) {
  enter();
  const std::string first = begin_id();
  const auto owner = session_;
  TaskServer::finish(at(), "t1", TaskServer::text("done"));
  about("result", first);
  for (std::size_t i = 1; i < ServerTasks::kMaxInAll; ++i) {
    if (i % ServerTasks::kMaxOfClient == 0) enter_another();
    begin_id();
  }
  enter_another();
  EXPECT_TRUE(begin().contains("result"));
  EXPECT_EQ(table().find(owner->caller().id, first), nullptr);
  EXPECT_EQ(begin()["error"]["data"]["reason"], "overloaded");
}

TEST_F(RouterTaskLimitsTest, ATaskIsLookedAtOnceMoreBeforeItsTimeIsOver) {
  mcp::FakeClock clock(loop_);
  server_.blocks = false;
  server_.poll_interval = 30'000;
  enter_timed();
  spawn("call", "tools/call", call_of_must());
  clock.advance(seconds(5));
  ASSERT_FALSE(answered("call")) << answers_["\"call\""];
  TaskServer::finish(at(), "t1", TaskServer::text("done"));
  clock.advance(seconds(5), std::chrono::milliseconds(100));
  EXPECT_EQ(answers_["\"call\""]["result"], TaskServer::text("done"));
}

TEST_F(RouterTaskLimitsTest, ATaskThatIsNotOverInTimeHasFailed) {
  mcp::FakeClock clock(loop_);
  server_.blocks = false;
  server_.poll_interval = 1000;
  enter_timed();
  spawn("call", "tools/call", call_of_must());
  clock.advance(seconds(11), std::chrono::milliseconds(100));
  EXPECT_THAT(answers_["\"call\""].dump(), HasSubstr("within"));
  EXPECT_EQ(at().count("tasks/cancel"), 1U);
}

TEST_F(RouterTaskLimitsTest, ProgressGivesMoreTimeWhereTheServerIsAskedAgainAndAgain) {
  mcp::FakeClock clock(loop_);
  server_.blocks = false;
  server_.poll_interval = 1000;
  enter_timed();
  spawn("call", "tools/call", call_of_must());
  for (int i = 1; i <= 4; ++i) {
    clock.advance(seconds(6));
    ASSERT_FALSE(answered("call")) << i << answers_["\"call\""];
    report(i);
    clock.settle();
  }
  EXPECT_EQ(notified_.size(), 4U);
  TaskServer::finish(at(), "t1", TaskServer::text("done"));
  clock.advance(seconds(2));
  EXPECT_EQ(answers_["\"call\""]["result"], TaskServer::text("done"));
}

TEST_F(RouterTaskLimitsTest, WhatTheStartTookIsNotTakenFromTheTask) {
  mcp::FakeClock clock(loop_);
  server_.holds_calls = true;
  enter_timed();
  spawn("call", "tools/call", call_of_must());
  clock.advance(seconds(9));
  server_.release(at());
  clock.settle();
  report(1);
  clock.advance(seconds(5));
  ASSERT_FALSE(answered("call")) << answers_["\"call\""];
  TaskServer::finish(at(), "t1", TaskServer::text("done"));
  clock.settle();
  EXPECT_EQ(answers_["\"call\""]["result"], TaskServer::text("done"));
}

TEST_F(RouterTaskLimitsTest, ProgressGivesMoreTimeToAllWhoWaitForTheTaskAndIsToldOnce) {
  mcp::FakeClock clock(loop_);
  enter_timed();
  const std::string id = begin_id({{"progressToken", 7}});
  for (const auto* name : {"one", "other"})
    spawn(name, "tasks/result", {{"taskId", id}});
  clock.advance(seconds(6));
  report(1);
  clock.advance(seconds(6));
  EXPECT_FALSE(answered("one"));
  EXPECT_FALSE(answered("other"));
  EXPECT_EQ(notified_.size(), 1U);
  TaskServer::finish(at(), "t1", TaskServer::text("done"));
  clock.settle();
  EXPECT_TRUE(answered("one") && answered("other"));
}

TEST_F(RouterTaskLimitsTest, OnlyProgressThatRisesIsTold) {
  enter();
  const std::string id = begin_id({{"progressToken", 7}});
  for (const int value : {2, 1, 2, 3})
    report(value);
  run_ready();
  EXPECT_EQ(pushed_.size(), 2U);
  // Whichever way it goes.
  spawn("result", "tasks/result", {{"taskId", id}});
  wait_for_request("tasks/result");
  for (const int value : {3, 4})
    report(value);
  run_ready();
  EXPECT_EQ(notified_.size(), 1U);
  TaskServer::finish(at(), "t1", TaskServer::text("done"));
  mcp::run_until(loop_, [&] { return answered("result"); });
  for (const int value : {4, 5})
    report(value);
  run_ready();
  EXPECT_EQ(pushed_.size(), 3U);
}

}  // namespace
}  // namespace gateway
