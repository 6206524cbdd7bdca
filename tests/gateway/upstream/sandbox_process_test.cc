// Processes in real sandboxes: their rights, their pids, their ends; nothing of them survives.
#include <csignal>
#include <gmock/gmock.h>

#include "tests/gateway/upstream/sandbox_fixture.h"
#include "tests/gateway/upstream/upstream_fixture.h"

namespace gateway {
namespace {

using mcp::run_task;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST_F(RealSandboxTest, HasNoPowers) {
  const std::string status = said_by("cat /proc/self/status; ulimit -c", kStandard);
  EXPECT_THAT(status, HasSubstr("CapEff:\t0000000000000000"));
  EXPECT_THAT(status, HasSubstr("CapBnd:\t0000000000000000"));
  EXPECT_THAT(status, HasSubstr("NoNewPrivs:\t1"));
  EXPECT_THAT(status, HasSubstr("Seccomp:\t2"));
  EXPECT_TRUE(status.ends_with("\n0\n"));
  EXPECT_THAT(said_by("unshare -r true", kStandard), HasSubstr("not permitted"));
  EXPECT_THAT(said_by("mount -t tmpfs none /tmp", kStandard), HasSubstr("ermi"));
}

TEST_F(RealSandboxTest, ItsPidIsOursToo) {
  const auto child = start("while :; do sleep 1000; done", kStandard);
  ASSERT_TRUE(child);
  const std::string line = mcp::read_proc_file("/proc/" + std::to_string((*child)->pid()) + "/cmdline");
  EXPECT_TRUE(line.starts_with("sh")) << line;
  EXPECT_NE((*child)->pid(), (*child)->guardian_pid());
  run_task(loop_, (*child)->stop(std::chrono::milliseconds(10)));
  EXPECT_THAT(mcp::child_processes(), ElementsAre());
}

TEST_F(RealSandboxTest, StopAsksTheProgramFirst) {
  const auto child = start("trap 'echo asked; exit 5' TERM; echo up; while :; do sleep 0.01; done", kStandard);
  ASSERT_TRUE(child);
  EXPECT_EQ(run_task(loop_, read_line((*child)->stdout_pipe())), "up");
  // Its input is closed first, which it does not mind; the guardian is asked after that long, and kills after as long again.
  run_task(loop_, (*child)->stop(std::chrono::seconds(2)));
  EXPECT_EQ(run_task(loop_, read_line((*child)->stdout_pipe())), "asked");
  EXPECT_EQ((*child)->exit()->text(), "exit code 5");
}

TEST_F(RealSandboxTest, ASignalThatEndsItIsNamedButNotBeyondDoubt) {
  for (const std::string script : {"kill -SEGV $$", "exit 139"}) {
    const auto child = start(script, kStandard);
    ASSERT_TRUE(child);
    run_task(loop_, (*child)->wait_exit());
    EXPECT_EQ((*child)->exit()->signal, std::nullopt);
    EXPECT_EQ((*child)->exit()->text(), "exit code 139, by which a sandbox also tells signal 11 (Segmentation fault)");
  }
}

TEST_F(RealSandboxTest, MakesSocketsOfTheOrdinaryKindsAlone) {
  constexpr auto kScript =
      "import socket\n"
      "for make in (lambda: socket.socketpair(socket.AF_UNIX), lambda: socket.socket(socket.AF_INET)): make()\n"
      "for make in (lambda: socket.socketpair(30, 1), lambda: socket.socket(40, 1)):\n"
      "  try: make()\n"
      "  except OSError as error: print(error.errno)\n";
  auto child = launch(child_of("python3", {"-c", kScript}, kStandard));
  ASSERT_TRUE(child) << child.error().text();
  EXPECT_EQ(run_task(loop_, read_all((*child)->stdout_pipe())), "1\n1\n") << "TIPC and vsock: EPERM";
}

class SandboxedTreeTest : public RealSandboxTest {
 protected:
  /// A tree that ignores SIGTERM, with a daemon; the pids as we see them.
  std::shared_ptr<mcp::ChildProcess> start_tree() {
    auto child =
        start("trap '' TERM; (setsid sh -c 'while :; do sleep 1000; done' &); sleep 1001 & echo up; while :; do sleep 1002; done",
              kStandard);
    EXPECT_TRUE(child) << child.error().text();
    run_task(loop_, read_line((*child)->stdout_pipe()));
    pids_ = mcp::descendants_of((*child)->guardian_pid());
    EXPECT_GE(pids_.size(), 5U);
    return *child;
  }

  void expect_all_dead() {
    for (const pid_t pid : pids_)
      EXPECT_TRUE(mcp::wait_until_dead(pid)) << pid;
  }

  std::vector<pid_t> pids_;
};

TEST_F(SandboxedTreeTest, IsKilledInTheEnd) {
  const auto child = start_tree();
  run_task(loop_, child->stop(std::chrono::milliseconds(20)));
  expect_all_dead();
  EXPECT_EQ(launcher_->left(), 0U);
}

TEST_F(SandboxedTreeTest, DiesWithAKilledGuardian) {
  const auto child = start_tree();
  ::kill(child->guardian_pid(), SIGKILL);
  run_task(loop_, child->wait_gone());
  expect_all_dead();
}

TEST_F(SandboxedTreeTest, DiesWithTheLauncher) {
  const auto child = start_tree();
  launcher_.reset();
  expect_all_dead();
}

/// A runtime over a program in a sandbox, in a folder that is not below /tmp.
class SandboxedRuntimeTest : public UpstreamTest {
 protected:
  SandboxedRuntimeTest() {
    dependencies_.environment = [this](std::string_view name) -> std::optional<std::string> {
      if (name == "PATH") return path_;
      return name == "SWITCHYARD_STATE" ? std::optional(folder_.path() + "/state") : std::nullopt;
    };
  }

  /// The server behind a shell that first does something else.
  ServerSpec behind(const std::string& script, SandboxLevel level = SandboxLevel::standard) {
    ServerSpec spec = program("boxed", {});
    auto& stdio = std::get<StdioSpec>(spec.transport);
    stdio.args = {"-c", script + "; exec " + stdio.command + " ok 0"};
    stdio.command = "sh";
    stdio.sandbox.level = level;
    return spec;
  }

  bool refused(const Runtime& runtime) const {
    const auto cause = runtime.status().cause;
    return cause && cause->code == mcp::ErrorCode::sandbox_unavailable;
  }

  SandboxFolder folder_;
  std::string path_ = "/usr/bin:/bin";
};

TEST_F(SandboxedRuntimeTest, AServerThatCannotHaveItsSandboxIsNotTriedAgain) {
  path_ = "/nowhere";
  ServerSpec spec = behind("");
  std::get<StdioSpec>(spec.transport).command = "/bin/sh";
  const auto runtime = settle(std::move(spec));
  EXPECT_THAT(states_, ElementsAre("starting", "failed"));
  EXPECT_EQ(runtime->status().cause->code, mcp::ErrorCode::sandbox_unavailable);
  EXPECT_EQ(launcher_->spawned(), 0U);
}

TEST_F(SandboxedRuntimeTest, WorksAndSaysWhatWasDenied) {
  const std::string file = folder_.path() + "/file";
  const auto runtime = settle(behind("(echo x >" + file + ") 2>/dev/null"));
  if (refused(*runtime)) GTEST_SKIP() << "this system makes no sandbox: " << runtime->status().cause->text();
  ASSERT_EQ(runtime->state(), RuntimeState::ready) << runtime->status().cause->text();
  const auto answer = send(*runtime, tool_call("echo", {{"text", "hello"}}));
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_THAT(std::string(answer->text()), HasSubstr("hello"));
  EXPECT_THAT(runtime->status().denied, ElementsAre("writing " + file));
}

TEST_F(SandboxedRuntimeTest, ADenialThatKeptItFromStartingIsTheCause) {
  const std::string file = folder_.path() + "/file";
  const auto runtime = settle(behind("echo x >" + file + " || exit 3"));
  if (refused(*runtime)) GTEST_SKIP() << "this system makes no sandbox: " << runtime->status().cause->text();
  const auto cause = *runtime->status().cause;
  EXPECT_EQ(cause.code, mcp::ErrorCode::sandbox_denied) << cause.text();
  EXPECT_THAT(cause.message, HasSubstr("its sandbox denied writing " + file));
  EXPECT_THAT(cause.message, HasSubstr("exit code 3"));
  EXPECT_THAT(cause.remedy, HasSubstr("\"write\""));
}

}  // namespace
}  // namespace gateway
