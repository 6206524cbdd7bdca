// How children end: asked, killed, or with whoever owned them; and nothing of their trees is left.
#include <signal.h>
#include <sys/stat.h>

#include <boost/asio/write.hpp>
#include <chrono>
#include <fstream>
#include <gmock/gmock.h>
#include <iterator>
#include <sstream>
#include <vector>

#include "mcp/base/event.h"
#include "tests/mcp/process/child_process_fixture.h"
#include "tests/support/processes.h"

namespace mcp {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

TEST_F(ChildProcessTest, StopAsksThreeTimes) {
  const TempFolder folder;
  const auto polite = launch(spec("cat"));
  const auto slow = launch(fault("exit-on-sigterm", folder / "said"));
  const auto deaf = launch(fault("ignore-sigterm-and-fork", folder / "pids"));
  ASSERT_TRUE(polite && slow && deaf);
  run_task(loop_, (*polite)->stop(std::chrono::minutes(1)));
  EXPECT_EQ((*polite)->exit()->text(), "exit code 0");
  run_task(loop_, (*slow)->stop(milliseconds(100)));
  EXPECT_EQ((*slow)->exit()->text(), "exit code 0");
  EXPECT_TRUE(std::filesystem::exists(folder / "said"));
  run_task(loop_, (*deaf)->stop(milliseconds(100)));
  EXPECT_EQ((*deaf)->exit()->text(), "signal 9 (Killed)");
  EXPECT_THAT(child_processes(), testing::IsEmpty());
}

/// Asks stdio_fault for a sign that it has forked, and returns the pids it wrote.
Task<std::vector<pid_t>> stubborn_tree(ChildProcess& child, std::string file) {
  const std::string ping = R"({"jsonrpc":"2.0","id":1,"method":"ping"})"
                           "\n";
  co_await asio::async_write(child.stdin_pipe(), asio::buffer(ping), asio::use_awaitable);
  co_await read_line(child.stdout_pipe());
  std::ifstream pids(file);
  co_return std::vector<pid_t>{std::istream_iterator<pid_t>(pids), std::istream_iterator<pid_t>()};
}

TEST_F(ChildProcessTest, KillEndsTheWholeTree) {
  const TempFolder folder;
  const auto child = launch(fault("ignore-sigterm-and-fork", folder / "pids"));
  ASSERT_TRUE(child);
  const auto pids = run_task(loop_, stubborn_tree(**child, folder / "pids"));
  ASSERT_EQ(pids.size(), 3U);
  EXPECT_EQ(pids[2], (*child)->pid());
  (*child)->kill();
  run_task(loop_, (*child)->wait_gone());
  for (const pid_t pid : pids)
    EXPECT_EQ(::kill(pid, 0), -1) << pid;
}

TEST_F(ChildProcessTest, WhatAProgramLeavesBehindEndsWithIt) {
  const auto child = launch(shell("(setsid sleep 1000 & echo $!; setsid sh -c 'sleep 1001 & echo $!'); exit 3"));
  ASSERT_TRUE(child);
  const pid_t first = std::stoi(run_task(loop_, read_line((*child)->stdout_pipe())));
  const pid_t second = std::stoi(run_task(loop_, read_line((*child)->stdout_pipe())));
  run_task(loop_, (*child)->wait_gone());
  EXPECT_EQ((*child)->exit()->text(), "exit code 3");
  EXPECT_TRUE(wait_until_dead(first));
  EXPECT_TRUE(wait_until_dead(second));
}

TEST_F(ChildProcessTest, ATreeThatKeepsForkingIsKilled) {
  // Some 260 processes, each forking on while the others are being killed.
  const auto child =
      launch(shell("trap '' TERM; f() { [ $1 -eq 0 ] && { echo leaf; sleep 1000; }; "
                   "for i in 1 2 3 4 5 6; do f $(($1 - 1)) & done; wait; }; f 3"));
  ASSERT_TRUE(child);
  EXPECT_EQ(run_task(loop_, read_line((*child)->stdout_pipe())), "leaf");
  (*child)->kill();
  run_task(loop_, (*child)->wait_gone());
  run_task(loop_, read_all((*child)->stdout_pipe()));  // ends only when nobody holds the other end
  EXPECT_THAT(child_processes(), testing::IsEmpty());
}

TEST_F(ChildProcessTest, LettingGoKillsTheTree) {
  const TempFolder folder;
  auto child = launch(fault("ignore-sigterm-and-fork", folder / "pids"));
  ASSERT_TRUE(child);
  const auto pids = run_task(loop_, stubborn_tree(**child, folder / "pids"));
  Task<void> gone = (*child)->wait_gone();
  child->reset();
  run_task(loop_, std::move(gone));
  for (const pid_t pid : pids)
    EXPECT_EQ(::kill(pid, 0), -1) << pid;
}

TEST_F(ChildProcessTest, TheLaunchersEndKillsWhatStillRuns) {
  const TempFolder folder;
  const auto child = launch(fault("ignore-sigterm-and-fork", folder / "pids"));
  ASSERT_TRUE(child);
  const auto pids = run_task(loop_, stubborn_tree(**child, folder / "pids"));
  launcher_.reset();
  ASSERT_EQ(pids.size(), 3U);
  for (const pid_t pid : pids)
    EXPECT_EQ(::kill(pid, 0), -1) << pid;
  EXPECT_THAT(child_processes(), testing::IsEmpty());
}

TEST_F(ChildProcessTest, AKilledGuardianTakesItsProgramAlong) {
  const auto child = launch(spec("cat"));
  ASSERT_TRUE(child);
  ::kill((*child)->guardian_pid(), SIGKILL);
  run_task(loop_, (*child)->wait_gone());
  EXPECT_EQ((*child)->exit()->text(), "signal 9 (Killed)");
  EXPECT_TRUE(wait_until_dead((*child)->pid()));
}

TEST_F(ChildProcessTest, AKilledOwnerTakesTheWholeTreeAlong) {
  const TempFolder folder;
  const auto owner =
      launch(spec(program_path("owner_of_child"),
                  {program_path("switchyard-guardian"),
                   "/bin/sh",
                   "-c",
                   // The outer guardian reaps what the inner one leaves, so the inner one has to show its work first.
                   program_path("stdio_fault") + " ignore-sigterm-and-fork " + (folder / "pids") + " & wait"}));
  ASSERT_TRUE(owner);
  std::istringstream said(run_task(loop_, read_line((*owner)->stdout_pipe())));
  pid_t program = 0, guardian = 0;
  said >> program >> guardian;
  ASSERT_GT(program, 0);
  std::vector<pid_t> pids;
  while (pids.size() < 3) {
    std::ifstream file(folder / "pids");
    pids.assign(std::istream_iterator<pid_t>(file), std::istream_iterator<pid_t>());
    run_task(loop_, sleep_for(milliseconds(1)));
  }
  ::kill((*owner)->guardian_pid(), SIGKILL);  // nobody but the inner guardian is left to clean up
  EXPECT_TRUE(wait_until_dead((*owner)->pid()));
  EXPECT_TRUE(wait_until_dead(guardian));
  pids.push_back(program);
  for (const pid_t pid : pids)
    EXPECT_TRUE(wait_until_dead(pid)) << pid;
}

}  // namespace
}  // namespace mcp
