// Runtimes of programs: how they start, what a start that fails says, and how they end.
#include "gateway/upstream/runtime.h"

#include <fstream>
#include <gmock/gmock.h>
#include <optional>

#include "tests/gateway/upstream/upstream_fixture.h"
#include "tests/support/captured_log.h"
#include "tests/support/descriptor_limit.h"
#include "tests/support/gate.h"
#include "tests/support/processes.h"

namespace gateway {
namespace {

using mcp::ErrorCode;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class RuntimeTest : public UpstreamTest {
 protected:
  static ServerSpec shell(const std::string& script) {
    ServerSpec spec = program("shell", {});
    StdioSpec stdio;
    stdio.command = "/bin/sh";
    stdio.args = {"-c", script};
    spec.transport = std::move(stdio);
    return spec;
  }
};

TEST_F(RuntimeTest, StartsAServerAndKnowsWhatItOffers) {
  const auto runtime = make(program("files", {"ok"}));
  EXPECT_EQ(runtime->state(), RuntimeState::stopped);
  EXPECT_EQ(runtime->introduction(), std::nullopt);
  EXPECT_TRUE(runtime->catalog()->tools().empty());
  runtime->start();
  wait_for(*runtime, RuntimeState::ready);

  EXPECT_TRUE(runtime->settled().is_set());
  EXPECT_THAT(states_, ElementsAre("starting", "ready"));
  EXPECT_EQ(catalogs_, 1);
  ASSERT_EQ(runtime->catalog()->tools().size(), 1u);
  EXPECT_EQ(runtime->catalog()->tools()[0].key, "echo");
  EXPECT_THAT(runtime->introduction()->server_info, HasSubstr("stdio_fault"));

  const RuntimeStatus status = runtime->status();
  EXPECT_EQ(status.name, ServerName("files"));
  EXPECT_EQ(status.transport, "stdio");
  EXPECT_THAT(status.target, testing::StartsWith("stdio_fault"));
  EXPECT_EQ(status.phase, "");
  EXPECT_FALSE(status.cause);
  EXPECT_FALSE(status.retry_at);
  EXPECT_EQ(status.restarts, 0);
  EXPECT_EQ(status.tools, 1u);
  EXPECT_EQ(status.version, "2025-11-25");
  ASSERT_TRUE(status.pid);
  EXPECT_EQ(launcher_->spawned(), 1u);

  stop(runtime);
  EXPECT_TRUE(mcp::wait_until_dead(*status.pid));
  EXPECT_FALSE(runtime->status().pid);
}

TEST_F(RuntimeTest, AnswersUnderTheCallersId) {
  const auto runtime = settle(program("files", {"ok"}));
  const auto answer = send(*runtime, tool_call("echo", {{"text", "hello"}}));
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(json::parse(answer->text()),
            json::parse(R"({"jsonrpc":"2.0","id":"mine","result":{"content":[{"type":"text","text":"hello"}]}})"));
}

TEST_F(RuntimeTest, ABannerIsForgiven) {
  EXPECT_EQ(settle(program("banner", {"banner-then-ok"}))->state(), RuntimeState::ready);
}

TEST_F(RuntimeTest, ACommandThatIsNotThereIsNotTriedAgain) {
  ServerSpec spec = program("gone", {});
  std::get<StdioSpec>(spec.transport).command = "/no/such/program";
  const auto runtime = settle(std::move(spec));
  EXPECT_THAT(states_, ElementsAre("starting", "failed"));
  const auto cause = *runtime->status().cause;
  EXPECT_EQ(cause.code, ErrorCode::spawn_failed);
  EXPECT_THAT(cause.message, HasSubstr("/no/such/program"));
  EXPECT_FALSE(runtime->status().retry_at);

  const auto answer = send(*runtime, tool_call("echo"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::server_unavailable);
  EXPECT_EQ(answer.error().message, "server \"gone\" is down and is not tried again: " + cause.message);
  EXPECT_EQ(answer.error().remedy, cause.remedy);
}

TEST_F(RuntimeTest, AWantOfDescriptorsPasses) {
  random_ = kNoDelay;
  auto limit = std::make_optional<mcp::DescriptorLimit>(std::size_t{2});
  const auto runtime = start(program("files", {"ok"}));
  mcp::run_until(loop_, [&] { return runtime->status().restarts >= 8; });
  EXPECT_EQ(runtime->status().cause->code, ErrorCode::overloaded);
  limit.reset();
  wait_for(*runtime, RuntimeState::ready);
  EXPECT_THAT(states_, Not(testing::Contains("failed")));
}

TEST_F(RuntimeTest, AProgramThatEndsIsTriedAgainLater) {
  const auto runtime = settle(program("licence", {"exit-before-init", "3"}));
  EXPECT_THAT(states_, ElementsAre("starting", "backing_off"));
  const RuntimeStatus status = runtime->status();
  ASSERT_TRUE(status.cause);
  EXPECT_EQ(status.cause->code, ErrorCode::exited);
  EXPECT_THAT(status.cause->message, HasSubstr("exit code 3"));
  EXPECT_THAT(status.cause->message, HasSubstr("fatal: no licence"));
  ASSERT_TRUE(status.retry_at);
  EXPECT_GT(*status.retry_at, std::chrono::system_clock::now());
  EXPECT_FALSE(status.pid);

  // A call does not wait for the next try.
  const auto answer = send(*runtime, tool_call("echo"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(runtime->state(), RuntimeState::backing_off);
  EXPECT_EQ(answer.error().code, ErrorCode::server_unavailable);
  EXPECT_EQ(answer.error().message, "server \"licence\" is down and will be tried again shortly: " + status.cause->message);
}

TEST_F(RuntimeTest, SilenceIsATimeoutThatNamesThePhase) {
  const auto [cause, limit] = start_overdue(program("mute", {"never-initialize"}), "initialize");
  EXPECT_EQ(cause.code, ErrorCode::timeout);
  EXPECT_EQ(cause.message, "no answer to initialize within " + limit);
  EXPECT_THAT(cause.remedy, HasSubstr("startupTimeout"));
}

TEST_F(RuntimeTest, SilenceShowsTheLastWordsOnStderr) {
  const std::string words = "waiting for the database";
  dependencies_.stop_grace = milliseconds(10);
  const auto cause = start_overdue(shell("echo '" + words + "' >&2; exec sleep 60"), words).cause;
  EXPECT_EQ(cause.code, ErrorCode::timeout);
  EXPECT_THAT(cause.message, HasSubstr(words));
}

TEST_F(RuntimeTest, AProgramThatIsNoServerIsToldFromASlowOne) {
  const std::string words = "Usage: thing [OPTION]";
  dependencies_.stop_grace = milliseconds(10);
  const auto cause = start_overdue(shell("echo '" + words + "'; exec sleep 60"), words).cause;
  EXPECT_EQ(cause.code, ErrorCode::not_mcp);
  EXPECT_THAT(cause.message, HasSubstr(words));
}

TEST_F(RuntimeTest, ASecretAcrossACutIsNotShownInPart) {
  const std::string half(100, 's'), secret = "k" + half + half;
  const auto printed = [](int filler) { return "printf '%0" + std::to_string(filler) + "d' 0"; };
  // On stderr the end of a line is kept, on stdout the beginning of the first.
  ServerSpec spec = shell("{ printf %s $TOKEN; " + printed(1950) + "; echo; } >&2; " + printed(150) + "; echo $TOKEN; exit 3");
  std::get<StdioSpec>(spec.transport).env = {{"TOKEN", secret}};
  spec.startup_timeout = std::chrono::seconds(60);
  const auto status = settle(std::move(spec))->status();
  ASSERT_TRUE(status.cause);
  EXPECT_EQ(status.cause->code, ErrorCode::exited);
  EXPECT_THAT(status.cause->message, testing::AllOf(HasSubstr("standard error: ***000"), HasSubstr("000***'")));
  EXPECT_THAT(status.cause->message, Not(HasSubstr("ssss")));
}

TEST_F(RuntimeTest, AProgramThatOnlyWritesGarbage) {
  const auto status = settle(program("garbage", {"garbage-only"}))->status();
  ASSERT_TRUE(status.cause);
  EXPECT_EQ(status.cause->code, ErrorCode::not_mcp);
  EXPECT_THAT(status.cause->message, HasSubstr("This is not the protocol"));
}

TEST_F(RuntimeTest, ACallWaitsForAServerThatIsStarting) {
  mcp::Gate gate;
  const auto runtime = start(program("slow", {"start-gate", gate.path()}));
  mcp::RecordingContext context;
  std::optional<mcp::Result<mcp::Message>> answer;
  mcp::spawn_task(loop_, runtime->handle(tool_call("echo", {{"text", "hello"}}), context), answer);
  run_ready();
  EXPECT_FALSE(answer);
  EXPECT_EQ(runtime->state(), RuntimeState::starting);
  gate.open();
  mcp::run_until(loop_, [&] { return answer.has_value(); });
  ASSERT_TRUE(*answer) << answer->error().text();
  EXPECT_EQ(runtime->state(), RuntimeState::ready);
}

TEST_F(RuntimeTest, TheWaitForAStartEndsWithTheCall) {
  const auto runtime = start(program("mute", {"never-initialize"}));
  mcp::RecordingContext overdue, cancelled;
  overdue.deadline = std::chrono::steady_clock::now() + milliseconds(30);
  auto answer = send(*runtime, tool_call("echo"), overdue);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::timeout);
  EXPECT_EQ(answer.error().message, "server \"mute\" is still starting");

  std::optional<mcp::Result<mcp::Message>> outcome;
  mcp::spawn_task(loop_, runtime->handle(tool_call("echo"), cancelled), outcome);
  run_ready();
  EXPECT_FALSE(outcome);
  cancelled.cancellation().request({ErrorCode::cancelled, "no longer wanted"});
  run_ready();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->error().code, ErrorCode::cancelled);
  EXPECT_EQ(runtime->state(), RuntimeState::starting);
}

TEST_F(RuntimeTest, CallsThatWaitFailTogetherWithTheStart) {
  const auto runtime = start(program("licence", {"exit-before-init", "3"}));
  const auto answer = send(*runtime, tool_call("echo"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::server_unavailable);
  EXPECT_THAT(answer.error().message, HasSubstr("no licence"));
}

TEST_F(RuntimeTest, ACrashFailsTheCallAndTheServerComesBack) {
  random_ = kNoDelay;
  const auto runtime = settle(program("crashing", {"crash"}));
  const auto answer = send(*runtime, tool_call("echo"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::exited);
  EXPECT_THAT(answer.error().message, HasSubstr("signal 11"));
  // The tools it had are still known while it is away.
  EXPECT_NE(runtime->state(), RuntimeState::ready);
  EXPECT_EQ(runtime->catalog()->tools().size(), 1u);

  const mcp::CapturedLog captured(mcp::LogFormat::text, "info");
  wait_for(*runtime, RuntimeState::ready);
  EXPECT_THAT(captured.lines(),
              testing::Contains(testing::AllOf(
                  HasSubstr("server ready"), HasSubstr("server=crashing"), HasSubstr("tools=1"), HasSubstr("restarts=1"))));
  EXPECT_THAT(states_, ElementsAre("starting", "ready", "starting", "backing_off", "starting", "ready"));
  EXPECT_EQ(runtime->status().restarts, 1);
  EXPECT_FALSE(runtime->status().cause);
  EXPECT_EQ(catalogs_, 1);
  EXPECT_EQ(launcher_->spawned(), 2u);
}

TEST_F(RuntimeTest, TheFirstDelayIsASecond) {
  // The wait begins after the random number was asked for, and before the runtime is seen to wait.
  std::chrono::system_clock::time_point asked;
  dependencies_.random = [&asked] {
    asked = std::chrono::system_clock::now();
    return 0.999;
  };
  const auto runtime = settle(program("crashing", {"crash"}));
  ASSERT_FALSE(send(*runtime, tool_call("echo")));
  wait_for(*runtime, RuntimeState::backing_off);
  const auto status = runtime->status();
  EXPECT_GE(*status.retry_at - asked, milliseconds(750));
  EXPECT_LE(*status.retry_at - status.since, milliseconds(751));
}

TEST_F(RuntimeTest, AProgramThatEndsFiveTimesInARowIsGivenUp) {
  random_ = kNoDelay;
  const auto runtime = start(program("licence", {"exit-before-init", "3"}));
  wait_for(*runtime, RuntimeState::failed);
  EXPECT_EQ(launcher_->spawned(), 5u);
  EXPECT_EQ(runtime->status().restarts, 4);
  EXPECT_FALSE(runtime->status().retry_at);
  EXPECT_THAT(runtime->unavailable().message, HasSubstr("is down and is not tried again"));
}

TEST_F(RuntimeTest, StopsInEveryState) {
  const auto fresh = make(program("fresh", {"ok"}));
  stop(fresh);
  EXPECT_TRUE(fresh->settled().is_set());

  const auto starting = start(program("starting", {"never-initialize"}));
  run_ready();
  stop(starting);

  const auto backing_off = settle(program("backing_off", {"exit-before-init", "3"}));
  ASSERT_EQ(backing_off->state(), RuntimeState::backing_off);
  stop(backing_off);

  ServerSpec spec = program("failed", {});
  std::get<StdioSpec>(spec.transport).command = "/no/such/program";
  const auto failed = settle(std::move(spec));
  ASSERT_EQ(failed->state(), RuntimeState::failed);
  stop(failed);

  for (const auto& runtime : runtimes_) {
    const auto answer = send(*runtime, tool_call("echo"));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::server_unavailable);
    EXPECT_THAT(answer.error().message, HasSubstr("is stopped"));
  }
  EXPECT_TRUE(mcp::child_processes().empty());
}

TEST_F(RuntimeTest, StopsAtEveryMomentOfAStart) {
  for (const int turns : {0, 1, 2, 3, 5, 8, 13, 21, 34}) {
    const auto runtime = start(program("files", {"ok"}));
    run_turns(*runtime, turns);
    stop(runtime);
    EXPECT_TRUE(mcp::child_processes().empty()) << "after " << turns;
  }
}

TEST_F(RuntimeTest, AStopEndsWhatIsOpen) {
  const auto runtime = settle(program("late", {"late-answer"}));
  mcp::RecordingContext context;
  std::optional<mcp::Result<mcp::Message>> outcome;
  mcp::spawn_task(loop_, runtime->handle(tool_call("echo"), context), outcome);
  run_ready();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(runtime->status().open_calls, 1u);
  stop(runtime);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->error().code, ErrorCode::shutting_down);
}

TEST_F(RuntimeTest, AStubbornTreeIsEnded) {
  const std::string file = testing::TempDir() + "runtime_test_pids";
  dependencies_.stop_grace = milliseconds(50);
  const auto runtime = settle(program("stubborn", {"ignore-sigterm-and-fork", file}));
  ASSERT_EQ(runtime->state(), RuntimeState::ready);
  stop(runtime);
  std::ifstream pids(file);
  int count = 0;
  for (pid_t pid = 0; pids >> pid; ++count)
    EXPECT_TRUE(mcp::wait_until_dead(pid));
  EXPECT_EQ(count, 3);
}

}  // namespace
}  // namespace gateway
