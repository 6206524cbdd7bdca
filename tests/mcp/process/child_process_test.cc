#include "mcp/process/child_process.h"

#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/write.hpp>
#include <cstdlib>
#include <fstream>
#include <gmock/gmock.h>
#include <sstream>

#include "mcp/base/event.h"
#include "tests/mcp/process/child_process_fixture.h"
#include "tests/support/processes.h"

namespace mcp {
namespace {

namespace asio = boost::asio;
using testing::HasSubstr;

void write_file(const std::string& path, const std::string& text, bool executable) {
  std::ofstream(path) << text;
  std::filesystem::permissions(path, std::filesystem::perms(executable ? 0755 : 0644));
}

TEST_F(ChildProcessTest, PassesArgumentsEnvironmentAndFolder) {
  ChildSpec child = spec("sh", {"-c", "pwd; echo \"$0|$1|$NAME\"", "zero", "a b\n\"c\""});
  child.env.push_back("NAME=va lue");
  child.cwd = "/usr";
  EXPECT_EQ(output_of(child), "/usr\nzero|a b\n\"c\"|va lue\n");
  const std::string variables = output_of(spec("env"));
  EXPECT_TRUE(variables.starts_with("SWITCHYARD_CHILD=")) << variables;  // the mark of its tree
  EXPECT_EQ(variables.substr(variables.find('\n') + 1), "PATH=/usr/bin:/bin\n");
}

TEST_F(ChildProcessTest, EchoesThroughBothPipes) {
  const auto child = launch(spec("cat"));
  ASSERT_TRUE(child) << child.error().text();
  EXPECT_EQ(launcher_->spawned(), 1U);
  run_task(loop_, [](ChildProcess& cat) -> Task<void> {
    const std::string text(3'000'000, 'x');
    // Reading and writing at the same time: neither may wait for the other.
    Event written(co_await asio::this_coro::executor);
    asio::async_write(cat.stdin_pipe(), asio::buffer(text), [&](boost::system::error_code, std::size_t) {
      cat.stdin_pipe().close();
      written.set();
    });
    const std::string echoed = co_await read_all(cat.stdout_pipe());
    co_await written.wait();
    EXPECT_TRUE(echoed == text);
    co_await cat.wait_exit();
  }(**child));
  EXPECT_EQ((*child)->exit()->text(), "exit code 0");
}

TEST_F(ChildProcessTest, TellsCodesFromSignals) {
  const auto six = launch(shell("exit 6"));
  const auto abort = launch(shell("kill -ABRT $$"));
  ASSERT_TRUE(six && abort);
  run_task(loop_, (*six)->wait_gone());
  run_task(loop_, (*abort)->wait_gone());
  EXPECT_EQ((*six)->exit()->text(), "exit code 6");
  EXPECT_EQ((*abort)->exit()->text(), "signal 6 (Aborted)");
}

TEST_F(ChildProcessTest, InheritsNothingButItsPipes) {
  const int leaky = dup(2);                                             // not closed on exec
  EXPECT_EQ(output_of(spec("ls", {"/proc/self/fd"})), "0\n1\n2\n3\n");  // 3: the folder that ls reads
  close(leaky);
}

TEST_F(ChildProcessTest, StartsWithDefaultSignals) {
  sigset_t blocked, before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  const std::string status = output_of(spec("grep", {"-E", "SigBlk|SigIgn", "/proc/self/status"}));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  EXPECT_EQ(status, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST_F(ChildProcessTest, RunsInAGroupOfItsOwnUnderAGuardianInAnother) {
  const auto child = launch(spec("cat"));
  ASSERT_TRUE(child);
  EXPECT_EQ(getpgid((*child)->pid()), (*child)->pid());
  EXPECT_EQ(getpgid((*child)->guardian_pid()), (*child)->guardian_pid());
}

TEST_F(ChildProcessTest, GivesChildrenTheLimitOnFilesTheyAreUsedTo) {
  const auto limited = make_process_launcher({.guardian = program_path("switchyard-guardian"), .open_files = 77});
  const auto child = run_task(loop_, limited->launch(shell("ulimit -n")));
  ASSERT_TRUE(child);
  EXPECT_EQ(run_task(loop_, read_all((*child)->stdout_pipe())), "77\n");
}

TEST_F(ChildProcessTest, NamesWhatCannotBeStarted) {
  const TempFolder folder;
  write_file(folder.file("plain.txt"), "x", false);
  write_file(folder.file("no-interpreter"), "#!/nowhere/python\n", true);
  write_file(folder.file("no-format"), "echo\n", true);
  EXPECT_EQ(error_of(spec("no-such-command")),
            "command 'no-such-command' not found in PATH (/usr/bin:/bin). Install it, or give its full path.");
  ChildSpec far = spec("no-such-command");
  far.env = {"PATH=/usr/bin:/bin:/nowhere:/opt/a"};
  EXPECT_EQ(error_of(far), "command 'no-such-command' not found in the 4 folders of PATH. Install it, or give its full path.");
  EXPECT_EQ(error_of(spec("/nowhere/x")), "command '/nowhere/x' does not exist. Check the path, or install the program.");
  EXPECT_THAT(error_of(spec(folder.path())), HasSubstr("is a directory, not a program."));
  EXPECT_THAT(error_of(spec(folder.file("plain.txt"))), HasSubstr("plain.txt' is not executable."));
  EXPECT_THAT(error_of(spec(folder.file("no-interpreter"))), HasSubstr("the interpreter it names does not exist"));
  EXPECT_THAT(error_of(spec(folder.file("no-format"))), HasSubstr("is no program for this system"));
  EXPECT_THAT(error_of(spec("")), HasSubstr("the command is empty"));
  EXPECT_THAT(error_of(spec("sh", {std::string("a\0b", 3)})), HasSubstr("NUL"));
  EXPECT_THAT(error_of(spec("sh", {std::string(3'000'000, 'x')})), HasSubstr("too long"));
  ChildSpec nowhere = spec("sh");
  nowhere.cwd = "/nowhere/at/all";
  EXPECT_EQ(error_of(nowhere), "working directory '/nowhere/at/all' does not exist. Create it, or correct cwd.");
  EXPECT_EQ(launcher_->spawned(), 0U);
}

TEST_F(ChildProcessTest, FailedStartsLeaveNothingBehind) {
  const TempFolder folder;
  write_file(folder.file("no-interpreter"), "#!/nowhere/python\n", true);
  const auto fail_once = [&] {
    error_of(spec(folder.file("no-interpreter")));
    error_of(spec("no-such-command"));
    error_of(spec("sh", {std::string(3'000'000, 'x')}));
  };
  const auto settled_descriptors = [&] {
    launcher_.reset();  // waits for the last guardian
    loop_.restart();
    loop_.poll();
    const std::size_t count = open_descriptors();
    launcher_ = make_process_launcher({.guardian = program_path("switchyard-guardian")});
    return count;
  };
  fail_once();
  const std::size_t before = settled_descriptors();
  for (int i = 0; i < 10; ++i)
    fail_once();
  EXPECT_EQ(settled_descriptors(), before);
  EXPECT_THAT(child_processes(), testing::IsEmpty());
}

TEST_F(ChildProcessTest, LooksRelativePathsUpInTheChildsFolder) {
  const TempFolder folder;
  write_file(folder.file("tool"), "#!/bin/sh\necho found\n", true);
  ChildSpec child = spec("./tool");
  child.cwd = folder.path();
  EXPECT_EQ(output_of(child), "found\n");
  child.command = "tool";
  child.env = {"PATH=/nowhere:."};
  EXPECT_EQ(output_of(child), "found\n");
  child.env = {};
  EXPECT_THAT(error_of(child), HasSubstr("not found in PATH (/bin:/usr/bin)"));
}

TEST_F(ChildProcessTest, NamesAMissingGuardian) {
  const auto broken = make_process_launcher({.guardian = "/nowhere/switchyard-guardian"});
  const auto child = run_task(loop_, broken->launch(spec("cat")));
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().code, ErrorCode::spawn_failed);
  EXPECT_THAT(child.error().text(), HasSubstr("/nowhere/switchyard-guardian: No such file"));
}

Task<void> echo_once(ProcessLauncher& launcher, ChildSpec spec, int& good) {
  const auto child = co_await launcher.launch(std::move(spec));
  if (!child) {
    ADD_FAILURE() << child.error().text();
    co_return;
  }
  const std::string text = "hello\n";
  co_await asio::async_write((*child)->stdin_pipe(), asio::buffer(text), asio::use_awaitable);
  const std::string line = co_await read_line((*child)->stdout_pipe());
  if (line == "hello") ++good;
  co_await (*child)->stop(std::chrono::minutes(1));
}

TEST_F(ChildProcessTest, AHundredAtOnceLeaveNothingBehind) {
  launch(spec("true"));  // what is opened once, and stays, is open now
  run_task(loop_, echo_once(*launcher_, spec("cat"), *std::make_unique<int>(0)));
  const std::size_t before = open_descriptors();
  int good = 0;
  for (int i = 0; i < 100; ++i)
    asio::co_spawn(loop_, echo_once(*launcher_, spec("cat"), good), asio::detached);
  loop_.restart();
  loop_.run();
  EXPECT_EQ(good, 100);
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_THAT(child_processes(), testing::IsEmpty());
}

}  // namespace
}  // namespace mcp
