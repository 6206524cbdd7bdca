#include "gateway/host/environments.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gateway/config/config_text.h"
#include "tests/support/processes.h"
#include "tests/support/programs.h"
#include "tests/support/run_task.h"
#include "tests/support/temp_folder.h"

namespace gateway {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using testing::HasSubstr;

class EnvironmentsTest : public testing::Test {
 protected:
  EnvironmentsTest() : launcher_(mcp::make_process_launcher({.guardian = mcp::program_path("switchyard-guardian")})) {
    Environments::Needs needs{.executor = loop_.get_executor(), .launcher = launcher_.get(), .variables = variables()};
    environments_ = std::make_unique<Environments>(std::move(needs), [this] { ++changes_; });
  }

  ~EnvironmentsTest() override {
    environments_->stop();
    mcp::run_until(loop_, [&] { return environments_->pending() == 0; });
    wait_for_no_children();
  }

  static Environment variables() { return environment_of({{"PATH", "/usr/bin:/bin"}}); }

  static EnvironmentSpec spec(const std::string& name = "devbox") { return {.name = name, .interval = milliseconds(10)}; }

  static EnvironmentSpec at_path(const std::string& path) {
    auto one = spec();
    one.path = path;
    return one;
  }

  static EnvironmentSpec asking(std::vector<std::string> program, milliseconds timeout = std::chrono::seconds(30)) {
    auto one = spec();
    one.probe = std::move(program);
    one.probe_timeout = timeout;
    one.interval = std::chrono::hours(1);
    return one;
  }

  /// A probe that ends with this.
  static EnvironmentSpec answering(int code) {
    return asking({mcp::program_path("stdio_fault"), "exit-before-init", std::to_string(code)});
  }

  void configure(std::vector<EnvironmentSpec> specs) {
    environments_->configure(specs);
    mcp::run_task(loop_, environments_->wait_looked(std::chrono::steady_clock::time_point::max()));
  }

  EnvironmentState state(const std::string& name = "devbox") {
    const auto found = environments_->states().find(name);
    return found == environments_->states().end() ? EnvironmentState{.why = "unknown"} : found->second;
  }

  void wait_until_there(bool there) {
    mcp::run_until(loop_, [&] { return state().available == there; });
  }

  void wait_for_no_children() {
    for (auto pids = mcp::child_processes(); !pids.empty(); pids = mcp::child_processes()) {
      for (const pid_t pid : pids)
        ASSERT_TRUE(mcp::wait_until_dead(pid)) << pid;
      loop_.restart();
      loop_.poll();
    }
  }

  boost::asio::io_context loop_{1};
  mcp::TempFolder folder_;
  std::unique_ptr<mcp::ProcessLauncher> launcher_;
  std::unique_ptr<Environments> environments_;
  int changes_ = 0;
};

TEST_F(EnvironmentsTest, IsThereAsTheConfigurationSays) {
  auto there = spec("there");
  there.available = true;
  environments_->configure({spec("away"), there});
  EXPECT_TRUE(state("there").available);
  EXPECT_EQ(state("there").instance, 1U);
  EXPECT_EQ(state("there").why, "");
  EXPECT_FALSE(state("away").available);
  EXPECT_EQ(state("away").instance, 0U);
  EXPECT_EQ(state("away").why, "nobody has said that it is");
  EXPECT_EQ(changes_, 0) << "who configures knows";
}

TEST_F(EnvironmentsTest, FollowsAPath) {
  configure({at_path(folder_.file("mount"))});
  EXPECT_THAT(state().why, HasSubstr("its path " + folder_.file("mount") + " does not exist"));
  fs::create_directory(folder_.file("mount"));
  wait_until_there(true);
  EXPECT_EQ(state().instance, 1U);
  fs::remove(folder_.file("mount"));
  wait_until_there(false);
  EXPECT_EQ(state().instance, 1U);
  fs::create_directory(folder_.file("mount"));
  wait_until_there(true);
  EXPECT_EQ(state().instance, 2U) << "another one";
  EXPECT_GE(changes_, 3);
}

TEST_F(EnvironmentsTest, AProbeSaysYes) {
  configure({answering(0)});
  EXPECT_TRUE(state().available) << state().why;
  EXPECT_EQ(environments_->pending(), 0U);
}

TEST_F(EnvironmentsTest, AProbeSaysNoAndWhy) {
  configure({answering(7)});
  EXPECT_FALSE(state().available);
  EXPECT_THAT(state().why, HasSubstr("its probe says no"));
  EXPECT_THAT(state().why, HasSubstr("7"));
  EXPECT_THAT(state().why, HasSubstr("fatal: no licence"));
  EXPECT_EQ(environments_->pending(), 0U);
}

TEST_F(EnvironmentsTest, AProbeThatHangsIsEndedAndLeavesNothingBehind) {
  configure({asking({mcp::program_path("stdio_fault"), "never-initialize"}, milliseconds(50))});
  EXPECT_FALSE(state().available);
  EXPECT_THAT(state().why, HasSubstr("its probe did not end within 1 s"));
  EXPECT_EQ(environments_->pending(), 0U);
  wait_for_no_children();
}

TEST_F(EnvironmentsTest, AProbeThatHangsAndTalksIsEndedToo) {
  configure({asking({mcp::program_path("stdio_fault"), "garbage-only"}, milliseconds(100))});
  EXPECT_FALSE(state().available);
  EXPECT_THAT(state().why, HasSubstr("did not end within"));
  EXPECT_EQ(environments_->pending(), 0U);
  wait_for_no_children();
}

TEST_F(EnvironmentsTest, AProbeMayTalkALot) {
  configure({asking({"sh", "-c", "head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2"})});
  EXPECT_TRUE(state().available) << state().why;
  configure({asking({"sh", "-c", "head -c 1000000 /dev/zero >&2; printf 'no\\n\\tmount\\n' >&2; exit 3"})});
  EXPECT_FALSE(state().available);
  EXPECT_LT(state().why.size(), 400U);
  EXPECT_EQ(state().why.find('\n'), std::string::npos);
  EXPECT_TRUE(state().why.ends_with("mount")) << state().why;
}

TEST_F(EnvironmentsTest, AProbeThatCannotStartSaysSo) {
  configure({asking({"/no/such/program"})});
  EXPECT_FALSE(state().available);
  EXPECT_THAT(state().why, HasSubstr("its probe does not start: "));
  EXPECT_THAT(state().why, HasSubstr("/no/such/program"));
  EXPECT_EQ(environments_->pending(), 0U);
}

TEST_F(EnvironmentsTest, WhatAProbeLeavesBehindEndsWithIt) {
  const std::string pids = folder_.file("pids");
  configure({asking({"sh", "-c", "sleep 1000 & echo $! > " + pids + "; exit 0"})});
  EXPECT_TRUE(state().available);
  pid_t left = 0;
  std::ifstream(pids) >> left;
  ASSERT_GT(left, 0);
  EXPECT_TRUE(mcp::wait_until_dead(left));
}

TEST_F(EnvironmentsTest, IsLookedAtAgainAndAgain) {
  auto one = asking({"sh", "-c", "echo x >> " + folder_.file("looks")});
  one.interval = milliseconds(5);
  configure({one});
  mcp::run_until(loop_, [&] {
    std::error_code ignored;
    return fs::file_size(folder_.file("looks"), ignored) >= 6 && !ignored;
  });
  EXPECT_TRUE(state().available);
  EXPECT_EQ(state().instance, 1U) << "it never went";
  EXPECT_EQ(changes_, 1);
}

TEST_F(EnvironmentsTest, WhatIsAnnouncedCountsMost) {
  configure({answering(0), spec("other")});
  environments_->announce("devbox", false, "");
  EXPECT_FALSE(state().available);
  EXPECT_THAT(state().why, HasSubstr("announced"));
  environments_->announce("other", true, "");
  EXPECT_TRUE(state("other").available);
  environments_->announce("devbox", std::nullopt, "");
  EXPECT_TRUE(state().available) << "as its probe says";
  EXPECT_EQ(state().instance, 2U);
}

TEST_F(EnvironmentsTest, AnotherInstanceThatIsAnnouncedIsAnother) {
  environments_->announce("devbox", true, "pod-1");
  EXPECT_EQ(state().instance, 1U);
  changes_ = 0;
  environments_->announce("devbox", true, "pod-1");
  environments_->announce("devbox", true, "");
  EXPECT_EQ(state().instance, 1U);
  EXPECT_EQ(changes_, 0);
  environments_->announce("devbox", true, "pod-1");
  environments_->announce("devbox", true, "pod-2");
  EXPECT_TRUE(state().available);
  EXPECT_EQ(state().instance, 2U);
  EXPECT_EQ(changes_, 1);
}

TEST_F(EnvironmentsTest, WhatIsAnnouncedOutlivesChangesOfTheConfiguration) {
  environments_->configure({spec()});
  environments_->announce("devbox", true, "pod-1");
  auto away = at_path("/no/such/path");
  for (const auto& specs : {std::vector{away}, std::vector<EnvironmentSpec>{}, std::vector{spec()}}) {
    EXPECT_TRUE(environments_->preview(specs).at("devbox").available);
    environments_->configure(specs);
    EXPECT_TRUE(state().available);
    EXPECT_EQ(state().instance, 1U);
  }
  environments_->announce("devbox", true, "pod-2");
  EXPECT_EQ(state().instance, 2U) << "the one said before is still known";
}

TEST_F(EnvironmentsTest, OneThatLeavesTheConfigurationIsForgotten) {
  configure({answering(0)});
  environments_->configure({});
  EXPECT_TRUE(environments_->states().empty());
}

TEST_F(EnvironmentsTest, HowOftenItIsLookedAtIsNoReasonToDoubt) {
  auto one = at_path(folder_.path());
  one.interval = std::chrono::hours(1);
  configure({one});
  ASSERT_TRUE(state().available);
  one.interval = milliseconds(10);
  one.probe_timeout = milliseconds(1234);
  EXPECT_TRUE(environments_->preview({one}).at("devbox").available);
  environments_->configure({one});
  EXPECT_TRUE(state().available);
  EXPECT_EQ(state().instance, 1U);
  // From here on it is looked at as often as that.
  fs::remove_all(folder_.path());
  wait_until_there(false);
}

TEST_F(EnvironmentsTest, APreviewIsWhatConfiguringDoes) {
  auto there = spec("there");
  there.available = true;
  configure({at_path(folder_.path()), there});
  auto gone = there;
  gone.available = false;
  for (const auto& specs : std::vector<std::vector<EnvironmentSpec>>{
           {at_path(folder_.path()), there}, {at_path("/elsewhere"), there}, {gone, spec("new")}, {there}, {}}) {
    const auto foreseen = environments_->preview(specs);
    environments_->configure(specs);
    ASSERT_EQ(foreseen.size(), environments_->states().size());
    for (const auto& [name, state] : environments_->states()) {
      ASSERT_TRUE(foreseen.contains(name)) << name;
      EXPECT_EQ(foreseen.at(name).available, state.available) << name;
      EXPECT_EQ(foreseen.at(name).instance, state.instance) << name;
      EXPECT_EQ(foreseen.at(name).why, state.why) << name;
    }
  }
}

TEST_F(EnvironmentsTest, AStopEndsAProbe) {
  environments_->configure({asking({mcp::program_path("stdio_fault"), "never-initialize"})});
  mcp::run_until(loop_, [] { return !mcp::child_processes().empty(); });
  EXPECT_EQ(environments_->pending(), 1U);
  const auto changes = changes_;
  environments_->stop();
  mcp::run_until(loop_, [&] { return environments_->pending() == 0; });
  wait_for_no_children();
  EXPECT_EQ(changes_, changes);
}

TEST_F(EnvironmentsTest, AProbeThatIsReplacedWhileItRunsIsEnded) {
  environments_->configure({asking({mcp::program_path("stdio_fault"), "never-initialize"})});
  mcp::run_until(loop_, [] { return !mcp::child_processes().empty(); });
  configure({answering(0)});
  EXPECT_TRUE(state().available) << state().why;
  mcp::run_until(loop_, [&] { return environments_->pending() == 0; });
  wait_for_no_children();
}

TEST_F(EnvironmentsTest, ALookThatIsUnderWayAtTheEndHurtsNobody) {
  for (int i = 0; i < 20; ++i) {
    environments_->configure({at_path(folder_.path())});
    loop_.restart();
    loop_.poll();
    environments_->configure({});
  }
  mcp::run_until(loop_, [&] { return environments_->pending() == 0; });
}

}  // namespace
}  // namespace gateway
