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

#include "tests/mcp/process/child_process_fixture.h"
#include "tests/support/processes.h"

namespace mcp {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

/// Asks stdio_fault for a sign that it has begun to be what its mode says.
Task<void> wait_until_up(ChildProcess& child) {
  const std::string ping = R"({"jsonrpc":"2.0","id":1,"method":"ping"})"
                           "\n";
  co_await asio::async_write(child.stdin_pipe(), asio::buffer(ping), asio::use_awaitable);
  co_await read_line(child.stdout_pipe());
}

TEST_F(ChildProcessTest, StopClosesTheInputFirst) {
  const auto polite = launch(spec("cat"));
  ASSERT_TRUE(polite);
  run_task(loop_, (*polite)->stop(std::chrono::minutes(1)));
  EXPECT_EQ((*polite)->exit()->text(), "exit code 0");
}

TEST_F(ChildProcessTest, StopAsksWithSigtermThen) {
  const TempFolder folder;
  std::string exit;
  // On a busy machine the program may not come to its handler before the next step.
  for (const auto grace : {milliseconds(50), milliseconds(500), milliseconds(5000)}) {
    const auto slow = launch(fault("exit-on-sigterm", folder.file("said")));
    ASSERT_TRUE(slow);
    run_task(loop_, wait_until_up(**slow));
    run_task(loop_, (*slow)->stop(grace));
    exit = (*slow)->exit()->text();
    if (exit == "exit code 0") break;
  }
  EXPECT_EQ(exit, "exit code 0");
  EXPECT_TRUE(std::filesystem::exists(folder.file("said")));
}

TEST_F(ChildProcessTest, StopKillsInTheEnd) {
  const TempFolder folder;
  const auto deaf = launch(fault("ignore-sigterm-and-fork", folder.file("pids")));
  ASSERT_TRUE(deaf);
  run_task(loop_, wait_until_up(**deaf));
  run_task(loop_, (*deaf)->stop(milliseconds(50)));
  EXPECT_EQ((*deaf)->exit()->text(), "signal 9 (Killed)");
  EXPECT_THAT(child_processes(), testing::IsEmpty());
}

/// The pids that stdio_fault wrote when it had forked.
Task<std::vector<pid_t>> stubborn_tree(ChildProcess& child, std::string file) {
  co_await wait_until_up(child);
  std::ifstream pids(file);
  co_return std::vector<pid_t>{std::istream_iterator<pid_t>(pids), std::istream_iterator<pid_t>()};
}

TEST_F(ChildProcessTest, KillEndsTheWholeTree) {
  const TempFolder folder;
  const auto child = launch(fault("ignore-sigterm-and-fork", folder.file("pids")));
  ASSERT_TRUE(child);
  const auto pids = run_task(loop_, stubborn_tree(**child, folder.file("pids")));
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
  auto child = launch(fault("ignore-sigterm-and-fork", folder.file("pids")));
  ASSERT_TRUE(child);
  const auto pids = run_task(loop_, stubborn_tree(**child, folder.file("pids")));
  Task<void> gone = (*child)->wait_gone();
  child->reset();
  run_task(loop_, std::move(gone));
  for (const pid_t pid : pids)
    EXPECT_EQ(::kill(pid, 0), -1) << pid;
}

TEST_F(ChildProcessTest, TheLaunchersEndKillsWhatStillRuns) {
  const TempFolder folder;
  const auto child = launch(fault("ignore-sigterm-and-fork", folder.file("pids")));
  ASSERT_TRUE(child);
  const auto pids = run_task(loop_, stubborn_tree(**child, folder.file("pids")));
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
  ASSERT_EQ(mkfifo(folder.file("pids").c_str(), 0600), 0);
  const auto owner =
      launch(spec(program_path("owner_of_child"),
                  {"",
                   program_path("switchyard-guardian"),
                   "/bin/sh",
                   "-c",
                   // The outer guardian reaps what the inner one leaves, so the inner one has to show its work first.
                   program_path("stdio_fault") + " ignore-sigterm-and-fork " + folder.file("pids") + " & wait"}));
  ASSERT_TRUE(owner);
  std::istringstream said(run_task(loop_, read_line((*owner)->stdout_pipe())));
  pid_t program = 0, guardian = 0;
  said >> program >> guardian;
  ASSERT_GT(program, 0);
  std::vector<pid_t> pids(3);
  std::ifstream tree(folder.file("pids"));  // waits until they are written
  for (pid_t& pid : pids)
    ASSERT_TRUE(tree >> pid);
  ::kill((*owner)->guardian_pid(), SIGKILL);  // nobody but the inner guardian is left to clean up
  EXPECT_TRUE(wait_until_dead((*owner)->pid()));
  EXPECT_TRUE(wait_until_dead(guardian));
  pids.push_back(program);
  for (const pid_t pid : pids)
    EXPECT_TRUE(wait_until_dead(pid)) << pid;
}

}  // namespace
}  // namespace mcp
