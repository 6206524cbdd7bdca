// Servers on stdio that die, flood, hang, lie.
#include <signal.h>

#include <gmock/gmock.h>

#include "tests/end_to_end/faults/fault_test.h"

namespace gateway {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

constexpr long kFloodMargin = 100 * 1024;    // KiB that a flood may cost for a moment
constexpr long kFloodRemainder = 40 * 1024;  // and what the allocator may keep of it for the next one

class StdioFaultTest : public FaultTest {
 protected:
  /// The gateway over a healthy server and this one, both ready.
  Resources start_ready(const std::string& mode, const std::string& argument = "0", const std::string& more = "") {
    start({healthy(), stdio("faulty", mode, argument, more)});
    wait_for_state("healthy", "ready");
    wait_for_state("faulty", "ready");
    return measure();
  }

  /// A start that failed in this phase. On a busy machine the first may not come as far.
  ServerView wait_for_failure_in(const std::string& phase) {
    return wait_for("faulty", [&phase](const ServerView& now) {
      return now.state == "backing_off" && now.message.find(phase) != std::string::npos;
    });
  }

  ToolAnswer call(const std::string& text = "hello") { return client().call("faulty__echo", text); }

  void expect_restarted(const std::string& reason) {
    const auto down = wait_for("faulty", [](const ServerView& now) { return !now.reason.empty(); });
    EXPECT_EQ(down.reason, reason);
    EXPECT_FALSE(down.remedy.empty()) << testing::PrintToString(down);
    const auto up = wait_for("faulty", [](const ServerView& now) { return now.restarts == 1 && now.state == "ready"; });
    EXPECT_EQ(up.reason, "") << "what is over is not a cause";
  }
};

TEST_F(StdioFaultTest, AServerThatExitsInTheMiddleOfACallIsStartedAgain) {
  const auto base = start_ready("exit-mid-call", "3");
  expect_error(call(), "exited", {"exit code 3", "fatal: out of cheese"});
  expect_healthy();
  expect_restarted("exited");
  expect_healthy();
  expect_back_at(base);
}

TEST_F(StdioFaultTest, AServerThatWasStartedAgainWorksAgain) {
  const auto base = start_ready("exit-once", file("was-here"));
  expect_error(call(), "exited", {"exit code 1"});
  expect_restarted("exited");
  expect_text(call("again"), "again");
  expect_back_at(base);
}

TEST_F(StdioFaultTest, ACrashNamesTheSignal) {
  const auto base = start_ready("crash");
  expect_error(call(), "exited", {"signal 11"});
  expect_restarted("exited");
  expect_back_at(base);
}

TEST_F(StdioFaultTest, HalfALineIsNoAnswer) {
  const auto base = start_ready("half-line-then-exit");
  expect_error(call(), "exited", {"exit code 0"});
  expect_restarted("exited");
  expect_healthy();
  expect_back_at(base);
}

TEST_F(StdioFaultTest, ALineWithoutEndIsCutOff) {
  const auto base = start_ready("flood-stdout");
  expect_error(call(), "too_large", {"67108864 bytes"});
  expect_healthy();
  expect_restarted("too_large");
  if (SWITCHYARD_SANITIZED == 0) {
    EXPECT_LE(resources_of(gateway().pid()).peak_kib, base.resident_kib + kFloodMargin);
  }
  expect_back_at(base, false, kFloodRemainder);
}

TEST_F(StdioFaultTest, AnAnswerOfAGigabyteIsRefusedBeforeItIsRead) {
  const auto base = start_ready("stream-result", "1000000000");
  expect_error(call(), "too_large", {"67108864 bytes"});
  expect_restarted("too_large");
  if (SWITCHYARD_SANITIZED == 0) {
    EXPECT_LE(resources_of(gateway().pid()).peak_kib, base.resident_kib + kFloodMargin);
  }
  expect_back_at(base, false, kFloodRemainder);
}

TEST_F(StdioFaultTest, StandardErrorMayBeFlooded) {
  const auto base = start_ready("flood-stderr", "3000000");
  expect_text(call("through"), "through");
  expect_healthy();
  EXPECT_EQ(view("faulty").restarts, 0);
  expect_back_at(base);
}

TEST_F(StdioFaultTest, ATreeThatIgnoresSigtermIsKilledAtTheEnd) {
  start_ready("ignore-sigterm-and-fork", file("pids"));
  expect_text(call("hi"), "hi");
  EXPECT_GE(processes_with("HOME=" + folder()).size(), 6U) << "the gateway, two guardians, two servers, child and grandchild";
}

TEST_F(StdioFaultTest, ATreeThatIgnoresSigtermDiesWithAKilledGateway) {
  start_ready("ignore-sigterm-and-fork", file("pids"));
  kill();
}

TEST_F(StdioFaultTest, ATreeThatLostGatewayAndGuardianEndsWithTheNextStart) {
  start_ready("ignore-sigterm-and-fork", file("pids"));
  std::vector<pid_t> guardians, others;
  for (const pid_t pid : processes_with("HOME=" + folder())) {
    const bool is_guardian = read_text_file("/proc/" + std::to_string(pid) + "/comm") == "mcp-guardian\n";
    if (pid != gateway().pid()) (is_guardian ? guardians : others).push_back(pid);
  }
  ASSERT_EQ(guardians.size(), 2U);
  for (const pid_t pid : guardians)
    ::kill(pid, SIGSTOP);  // or they act before they are killed
  gateway().signal(SIGKILL);
  gateway().wait_exit();
  for (const pid_t pid : guardians)
    ::kill(pid, SIGKILL);
  const auto left = processes_with("HOME=" + folder());
  EXPECT_GE(left.size(), 2U) << "two that ignore SIGTERM, and whose parents are dead";
  start({healthy()});
  wait_for_state("healthy", "ready");
  for (const pid_t pid : processes_with("HOME=" + folder()))
    EXPECT_THAT(left, Not(Contains(pid)));
  EXPECT_THAT(stderr_text(), HasSubstr("a gateway which died had left running"));
}

TEST_F(StdioFaultTest, AServerThatFloodsDiesWithAKilledGateway) {
  start_ready("stream-result", "100000000000");
  client().send_call("1", "faulty__echo", "");
  wait_for("faulty", [](const ServerView& now) { return now.open_calls == 1 || now.restarts > 0 || !now.reason.empty(); });
  kill();
}

TEST_F(StdioFaultTest, ALateAnswerIsATimeoutAndDisturbsNobody) {
  const auto base = start_ready("late-answer", "0", R"("callTimeout":0.3)");
  expect_error(call("first"), "timeout", {"0.3 s", "callTimeout"});
  expect_healthy();
  // The server answers the first call when the notice of its cancellation comes, and so on.
  expect_error(call("second"), "timeout", {});
  EXPECT_EQ(view("faulty").state, "ready");
  EXPECT_EQ(view("faulty").open_calls, 0);
  expect_back_at(base);
}

TEST_F(StdioFaultTest, ASecondAnswerIsDropped) {
  const auto base = start_ready("double-answer");
  expect_text(call("one"), "one");
  expect_text(call("two"), "two");
  expect_text(call("three"), "three");
  EXPECT_EQ(view("faulty").restarts, 0);
  expect_back_at(base);
}

TEST_F(StdioFaultTest, AnswersWithForeignIdsAreDropped) {
  const auto base = start_ready("foreign-id");
  expect_text(call("mine"), "mine");
  EXPECT_EQ(view("faulty").restarts, 0);
  expect_back_at(base);
}

TEST_F(StdioFaultTest, DeepNestingEndsItsCall) {
  const auto base = start_ready("nest", "100000");
  for (int i = 0; i < 70; ++i)  // more often than a server may write lines that are no messages
    expect_error(call("x"), "not_mcp", {"too deeply nested"});
  EXPECT_EQ(view("faulty").restarts, 0);
  expect_back_at(base);
}

TEST_F(StdioFaultTest, HalfAnEmojiIsMended) {
  const auto base = start_ready("lone-surrogate");
  expect_text(call("cut here: "), "cut here: \uFFFD");
  expect_back_at(base);
}

TEST_F(StdioFaultTest, ABannerDisturbsNobody) {
  const auto base = start_ready("banner-then-ok");
  expect_text(call("hello"), "hello");
  expect_back_at(base);
}

TEST_F(StdioFaultTest, OnlyGarbageIsExplained) {
  start({healthy(), stdio("faulty", "garbage-only")});
  expect_healthy();
  const auto down = wait_for_state("faulty", "backing_off");
  EXPECT_EQ(down.reason, "not_mcp");
  EXPECT_THAT(down.message, HasSubstr("This is not the protocol you are looking for."));
  EXPECT_FALSE(down.remedy.empty());
  expect_error(call(), "server_unavailable", {"not the protocol"});
  expect_healthy();
}

TEST_F(StdioFaultTest, AServerThatNeverAnswersInitializeTimesOut) {
  start({healthy(), stdio("faulty", "never-initialize", "0", R"("startupTimeout":0.3)")});
  expect_healthy();
  const auto down = wait_for_failure_in("initialize");
  EXPECT_EQ(down.reason, "timeout");
  EXPECT_THAT(down.message, HasSubstr("initialize within 0.3 s"));
  EXPECT_THAT(down.remedy, HasSubstr("startupTimeout"));
  const auto base = measure();
  expect_error(call(), "server_unavailable", {"initialize within 0.3 s", "startupTimeout"});
  wait_for("faulty", [&down](const ServerView& now) { return now.restarts > down.restarts && now.state == "backing_off"; });
  expect_healthy();
  expect_back_at(base);
}

TEST_F(StdioFaultTest, AServerThatExitsAtOnceSaysWhy) {
  start({healthy(), stdio("faulty", "exit-before-init", "7")});
  expect_healthy();
  const auto down = wait_for_state("faulty", "backing_off");
  EXPECT_EQ(down.reason, "exited");
  EXPECT_THAT(down.message, HasSubstr("exit code 7"));
  EXPECT_THAT(down.message, HasSubstr("fatal: no licence"));
  EXPECT_FALSE(down.remedy.empty());
  const auto base = measure();
  expect_error(call(), "server_unavailable", {"exit code 7", "fatal: no licence"});
  EXPECT_THAT(client().tools(), UnorderedElementsAre("healthy__echo"));
  wait_for("faulty", [](const ServerView& now) { return now.restarts == 1 && now.state == "backing_off"; });
  expect_back_at(base);
}

TEST_F(StdioFaultTest, AProgramThatIsNotThereIsNotTriedAgain) {
  start({healthy(), R"("faulty":{"command":"no-such-program-here"})"});
  const auto down = wait_for_state("faulty", "failed");
  EXPECT_EQ(down.reason, "spawn_failed");
  EXPECT_THAT(down.message, HasSubstr("no-such-program-here"));
  EXPECT_FALSE(down.remedy.empty());
  expect_error(call(), "server_unavailable", {"no-such-program-here", "not tried again"});
  expect_healthy();
}

TEST_F(StdioFaultTest, ADeafServerCostsOnlyTheCallToIt) {
  start({healthy(), stdio("faulty", "deaf", "0", R"("startupTimeout":0.3)")});
  const auto down = wait_for_failure_in("tools/list");
  EXPECT_EQ(down.reason, "timeout");
  EXPECT_THAT(down.message, HasSubstr("tools/list within 0.3 s"));
  expect_healthy();
}

}  // namespace
}  // namespace gateway
