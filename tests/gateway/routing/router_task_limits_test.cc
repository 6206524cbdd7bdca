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

  static constexpr std::string_view kTimedOut = "within";
};

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

}  // namespace
}  // namespace gateway
