#include "gateway/host/reloader.h"

#include <filesystem>

#include "tests/gateway/host/file_reload_fixture.h"
#include "tests/support/gate.h"

namespace gateway {
namespace {

using mcp::ErrorCode;
using std::chrono::milliseconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ReloaderTest : public FileReloadTest {
 protected:
  /// A file of ours with these entries of mcpServers.
  static std::string servers(const std::string& entries, const std::string& more = "") {
    return R"({"listen":"127.0.0.1:0","mcpServers":{)" + entries + "}" + (more.empty() ? "" : "," + more) + "}";
  }

  static std::string one(const std::string& name, const std::string& more = "") {
    return "\"" + name + R"(":{"command":"@PROGRAM@","args":["ok"])" + (more.empty() ? "" : "," + more) + "}";
  }

  /// Until a change of the file was noticed and dealt with.
  void wait_for_reloads(std::uint64_t done, std::uint64_t failed = 0) {
    mcp::run_until(loop_, [&] { return reloader_->status().done >= done && reloader_->status().failed >= failed; });
  }

  /// Until catch_up(), which watch() begins, has looked at the file.
  void watch() {
    reloader_->watch();
    plan_file();
    run_ready();
  }
};

TEST_F(ReloaderTest, FollowsTheFile) {
  start_file(servers(one("a")));
  watch();
  EXPECT_EQ(reloader_->status().done, 0U);
  folder_.replace("switchyard.json", filled(servers(one("a") + "," + one("b"))));
  wait_for_reloads(1);
  settle_all();
  EXPECT_THAT(open().tools(), ElementsAre("a__echo", "b__echo"));
  write(servers(one("b")));
  wait_for_reloads(2);
  EXPECT_THAT(open().tools(), ElementsAre("b__echo"));
  EXPECT_EQ(spawned(), 2U);
  EXPECT_FALSE(reloader_->status().error);
  EXPECT_EQ(reloader_->status().last, "1 stop, 1 server kept");
}

TEST_F(ReloaderTest, ABrokenFileChangesNothingAndIsSpokenOf) {
  start_file(servers(one("a")));
  const auto before = pid("a");
  for (const char* broken : {"", "{", "[]", "{\"mcpServers\":7,\"listen\":\":0\"}", "{\"listen\":\":0\",\"lisen\":1}"}) {
    const auto failed = reload_file(broken);
    ASSERT_FALSE(failed) << broken;
    EXPECT_EQ(failed.error().code, ErrorCode::config_invalid);
    EXPECT_THAT(failed.error().message, HasSubstr(folder_.file("switchyard.json")));
    ASSERT_TRUE(reloader_->status().error);
    EXPECT_EQ(reloader_->status().error->message, failed.error().message);
    EXPECT_EQ(pid("a"), before);
    EXPECT_THAT(open().tools(), ElementsAre("a__echo"));
  }
  EXPECT_EQ(reloader_->status().failed, 5U);
  EXPECT_EQ(reloader_->status().done, 0U);
  EXPECT_THAT(applied_, IsEmpty());
  ASSERT_TRUE(reload_file(servers(one("a"))));
  EXPECT_FALSE(reloader_->status().error);
  EXPECT_EQ(spawned(), 1U);
}

TEST_F(ReloaderTest, AFileThatIsGoneChangesNothing) {
  start_file(servers(one("a")));
  watch();
  std::filesystem::remove(folder_.file("switchyard.json"));
  wait_for_reloads(0, 1);
  EXPECT_EQ(reloader_->status().error->code, ErrorCode::io_error);
  EXPECT_TRUE(pid("a"));
  write(servers(one("a") + "," + one("b")));
  wait_for_reloads(1);
  EXPECT_FALSE(reloader_->status().error);
  EXPECT_EQ(gateway_->runtimes().size(), 2U);
}

TEST_F(ReloaderTest, OneBrokenServerLeavesTheOthers) {
  start_file(servers(one("a") + "," + one("b")));
  const auto before = pid("a");
  const auto plan = reload_file(servers(one("a") + "," + one("b", R"("env":{"X":"${NOT_SET}"})")));
  ASSERT_TRUE(plan);
  EXPECT_THAT(texts(*plan), Contains(HasSubstr("b: stop (broken in the configuration: ")));
  EXPECT_EQ(pid("a"), before);
  EXPECT_THAT(plan->warnings, Contains(HasSubstr("NOT_SET")));
}

TEST_F(ReloaderTest, FollowsFilesThatServersAreReadFrom) {
  folder_.write("vars.env", "X=1\n");
  start_file(servers(one("a", R"("envFile":"vars.env")") + "," + one("b")));
  watch();
  const auto a = pid("a"), b = pid("b");
  folder_.write("vars.env", "X=22\n");
  wait_for_reloads(1);
  settle_all();
  EXPECT_NE(pid("a"), a);
  EXPECT_EQ(pid("b"), b);
  EXPECT_EQ(spawned(), 3U);
}

TEST_F(ReloaderTest, FollowsFilesThatItIsReadFromOnlyNow) {
  start_file(servers(one("a")));
  watch();
  folder_.write("vars.env", "X=1\n");
  write(servers(one("a", R"("envFile":"vars.env")")));
  wait_for_reloads(1);
  settle_all();
  folder_.write("vars.env", "X=22\n");
  wait_for_reloads(2);
  settle_all();
  EXPECT_EQ(std::get<StdioSpec>(runtime("a")->spec().transport).env[0].second, "22");
}

/// Nothing may get lost between the moment a file is read and the moment what it says is in force.
TEST_F(ReloaderTest, WhatIsWrittenWhileAReloadReadsIsReadNext) {
  start_file(servers(one("a")));
  watch();
  on_read_ = [this](Config&) {
    on_read_ = {};
    write(servers(one("a") + "," + one("late")));
  };
  ASSERT_TRUE(reload_file(servers(one("a") + "," + one("early"))));
  EXPECT_TRUE(runtime("early"));
  EXPECT_FALSE(runtime("late"));
  wait_for_reloads(2);
  EXPECT_FALSE(runtime("early"));
  EXPECT_TRUE(runtime("late"));
}

TEST_F(ReloaderTest, WhatIsWrittenToANewFileWhileAReloadReadsIsReadToo) {
  folder_.write("vars.env", "X=1\n");
  start_file(servers(one("a")));
  watch();
  on_read_ = [this](Config&) {
    on_read_ = {};
    folder_.write("vars.env", "X=22\n");
  };
  ASSERT_TRUE(reload_file(servers(one("a", R"("envFile":"vars.env")"))));
  EXPECT_EQ(std::get<StdioSpec>(runtime("a")->spec().transport).env[0].second, "22");
}

TEST_F(ReloaderTest, WhatIsWrittenBeforeTheWatchBeginsIsReadToo) {
  start_file(servers(one("a")));
  write(servers(one("a") + "," + one("b")));
  reloader_->watch();
  wait_for_reloads(1);
  EXPECT_TRUE(runtime("b"));
}

TEST_F(ReloaderTest, AReloadOnDemandIsNotDoneAgainByTheWatch) {
  start_file(servers(one("a")));
  watch();
  ASSERT_TRUE(reload_file(servers(one("a") + "," + one("b"))));
  // What is told next is told of the next change.
  write(servers(one("a")));
  wait_for_reloads(2);
  EXPECT_EQ(reloader_->status().done, 2U);
  EXPECT_EQ(applied_.size(), 2U);
}

TEST_F(ReloaderTest, ReloadsThatComeTogetherAreDoneOneAfterTheOther) {
  start_file(servers(one("a")));
  write(servers(one("a") + "," + one("b")));
  std::vector<std::optional<mcp::Result<Plan>>> outcomes(5);
  for (auto& outcome : outcomes)
    mcp::spawn_task(loop_, reloader_->reload("test"), outcome);
  mcp::run_until(loop_, [&] { return std::ranges::all_of(outcomes, [](const auto& one) { return one.has_value(); }); });
  std::size_t starts = 0;
  for (const auto& outcome : outcomes) {
    ASSERT_TRUE(*outcome);
    starts += (*outcome)->count(ServerAction::start);
  }
  EXPECT_EQ(starts, 1U);
  EXPECT_EQ(reloader_->status().done, 5U);
  settle_all();
  EXPECT_EQ(spawned(), 2U);
}

TEST_F(ReloaderTest, AStopWhileOneReadsAppliesNothing) {
  start_file(servers(one("a")));
  write(servers(one("a") + "," + one("b")));
  std::optional<mcp::Result<Plan>> first, second;
  mcp::spawn_task(loop_, reloader_->reload("test"), first);
  mcp::spawn_task(loop_, reloader_->reload("test"), second);
  bool stopped = false;
  on_read_ = [&](Config&) {
    on_read_ = {};
    boost::asio::co_spawn(loop_, reloader_->stop(), [&](const std::exception_ptr&) { stopped = true; });
  };
  mcp::run_until(loop_, [&] { return first && second && stopped; });
  for (const auto* outcome : {&first, &second}) {
    if (outcome == &first && first->has_value()) continue;  // it may have been too far to be stopped
    ASSERT_FALSE(**outcome);
    EXPECT_EQ((*outcome)->error().code, ErrorCode::shutting_down);
  }
  EXPECT_FALSE(second->has_value());
  EXPECT_FALSE(reloader_->status().error) << "a stop is no mistake in the file";
  const auto late = reload_file();
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::shutting_down);
}

TEST_F(ReloaderTest, APlanOfAnotherFileComparesItAsIfItWereThisOne) {
  start_file(servers(one("a") + "," + one("b")));
  const std::string other = folder_.write("other.json", filled(servers(one("a") + "," + one("c", R"("env":{"X":"1"})"))));
  const auto plan = plan_file(other);
  ASSERT_TRUE(plan) << plan.error().text();
  EXPECT_THAT(texts(*plan),
              ElementsAre("a: keep (nothing of it changed)",
                          "c: start (new in the configuration)",
                          "b: stop (removed from the configuration; 1 tool leaves /mcp)"));
  EXPECT_EQ(gateway_->runtimes().size(), 2U);
  EXPECT_EQ(reloader_->status().done, 0U) << "a plan is no reload";
  EXPECT_THAT(applied_, IsEmpty());
  folder_.write("other.json", "{");
  const auto broken = plan_file(other);
  ASSERT_FALSE(broken);
  EXPECT_THAT(broken.error().message, HasSubstr(other));
  EXPECT_FALSE(reloader_->status().error);
  EXPECT_FALSE(plan_file(folder_.file("no-such-file.json")));
}

TEST_F(ReloaderTest, WarningsOfAPlanNameTheFileTheyAreOf) {
  start_file(servers(one("a")));
  const std::string other = folder_.write("other.json", filled(servers(one("a"), R"("policy":{"x":1})")));
  const auto plan = plan_file(other);
  ASSERT_TRUE(plan);
  EXPECT_THAT(plan->warnings, ElementsAre(HasSubstr(other + ":1:")));
}

// What open sessions notice.

TEST_F(ReloaderTest, AnotherPageSizeCountsForOpenSessions) {
  start_file(servers(one("a") + "," + one("b")));
  auto& client = open();
  EXPECT_EQ(client.tools().size(), 2U);
  ASSERT_TRUE(reload_file(servers(one("a") + "," + one("b"), R"("listPageSize":1)")));
  EXPECT_EQ(client.tools().size(), 1U);
}

TEST_F(ReloaderTest, AnotherStartupWaitCountsForOpenSessions) {
  mcp::Gate gate;
  marks_["@GATE@"] = gate.path();
  start_file(servers(one("a"), R"("startupWait":60)"));
  auto& client = open();
  ASSERT_TRUE(
      reload_file(servers(one("a") + R"(,"slow":{"command":"@PROGRAM@","args":["start-gate","@GATE@"]})", R"("startupWait":0)")));
  EXPECT_THAT(client.tools(), ElementsAre("a__echo")) << "without waiting a minute";
  gate.open();
  settle_all();
}

// While servers are on their first start.

TEST_F(ReloaderTest, AListWaitsForTheServersThatAReloadPutsInPlace) {
  mcp::Gate first, second;
  marks_["@GATE@"] = first.path();
  write(servers(one("a") + R"(,"slow":{"command":"@PROGRAM@","args":["start-gate","@GATE@"]})"));
  config_ = load_config(folder_.file("switchyard.json"), variables()).value();
  gateway_ = std::make_unique<Gateway>(dependencies_, config_);
  gateway_->start();
  auto& client = open();
  const int list = client.begin("tools/list", json::object());
  run_ready();
  // The one it waits for goes, another comes in its place.
  std::get<StdioSpec>(server("slow").transport).args = {"start-gate", second.path()};
  gateway_->apply(config_, {});
  mcp::run_until(loop_, [&] { return gateway_->retiring() == 0; });
  run_ready();
  EXPECT_FALSE(client.answers->contains(list));
  second.open();
  EXPECT_EQ(client.wait(list)["result"]["tools"].size(), 2U);
}

TEST_F(ReloaderTest, ARequiredServerMayBeReplacedWhileItStarts) {
  mcp::Gate first, second;
  marks_["@GATE@"] = first.path();
  write(servers(R"("slow":{"command":"@PROGRAM@","args":["start-gate","@GATE@"],"required":true})"));
  config_ = load_config(folder_.file("switchyard.json"), variables()).value();
  gateway_ = std::make_unique<Gateway>(dependencies_, config_);
  gateway_->start();
  std::optional<mcp::Result<>> required;
  mcp::spawn_task(loop_, gateway_->wait_required(), required);
  run_ready();
  std::get<StdioSpec>(server("slow").transport).args = {"start-gate", second.path()};
  gateway_->apply(config_, {});
  mcp::run_until(loop_, [&] { return gateway_->retiring() == 0; });
  run_ready();
  EXPECT_FALSE(required);
  second.open();
  mcp::run_until(loop_, [&] { return required.has_value(); });
  EXPECT_TRUE(*required) << required->error().text();
}

}  // namespace
}  // namespace gateway
