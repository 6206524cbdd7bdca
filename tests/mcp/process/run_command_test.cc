#include "mcp/process/run_command.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcp/process/unique_fd.h"
#include "tests/support/processes.h"
#include "tests/support/temp_folder.h"

namespace mcp {
namespace {

using testing::HasSubstr;

Command shell(const std::string& script) {
  Command command;
  command.program = "/bin/sh";
  command.args = {"-c", script};
  command.env = {"PATH=/usr/bin:/bin", "A=1"};
  command.patience = std::chrono::seconds(60);
  return command;
}

TEST(RunCommandTest, SaysWhatTheProgramSaidAndHowItEnded) {
  auto command = shell("cat; echo $A $# >&2; exit 3");
  command.input = std::string(300'000, 'x') + "\n";
  command.most_output = 400'000;
  const auto output = run_command(command);
  ASSERT_TRUE(output) << output.error().text();
  EXPECT_EQ(output->out, command.input);
  EXPECT_EQ(output->err, "1 0\n");
  EXPECT_EQ(output->exit.code, 3);
  EXPECT_FALSE(output->exit.signal);
}

TEST(RunCommandTest, ASignalIsToldAndUnreadInputIsNoFailure) {
  auto command = shell("exec 0<&-; kill -TERM $$");
  command.input = std::string(1'000'000, 'x');
  const auto output = run_command(command);
  ASSERT_TRUE(output) << output.error().text();
  EXPECT_EQ(output->exit.signal, SIGTERM);
}

TEST(RunCommandTest, FindsTheProgramInItsPath) {
  auto command = shell("");
  command.program = "sh";
  command.args = {"-c", "echo found"};
  const auto output = run_command(command);
  ASSERT_TRUE(output) << output.error().text();
  EXPECT_EQ(output->out, "found\n");
  command.program = "no-such-program";
  const auto missing = run_command(command);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::spawn_failed);
  EXPECT_THAT(missing.error().message, HasSubstr("no-such-program"));
}

TEST(RunCommandTest, OneThatDoesNotEndIsKilledWithItsGroup) {
  const TempFolder folder;
  auto command =
      shell("sleep 1000 & echo $! >" + folder.file("pid") + "; mv " + folder.file("pid") + " " + folder.file("pids") + "; wait");
  command.patience = std::chrono::milliseconds(500);
  const std::size_t descriptors = open_descriptors();
  const auto output = run_command(command);
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().code, ErrorCode::timeout);
  EXPECT_THAT(output.error().message, HasSubstr("/bin/sh did not end within 500 ms"));
  pid_t pid = 0;
  const bool known = static_cast<bool>(std::ifstream(folder.file("pids")) >> pid);
  EXPECT_TRUE(!known || wait_until_dead(pid));
  EXPECT_EQ(open_descriptors(), descriptors);
}

TEST(RunCommandTest, WhatItLeavesBehindIsNotWaitedFor) {
  const auto output = run_command(shell("sleep 1000 & echo $!"));
  ASSERT_TRUE(output) << output.error().text();
  EXPECT_EQ(output->exit.code, 0);
  EXPECT_TRUE(wait_until_dead(static_cast<pid_t>(std::stol(output->out))));
}

TEST(RunCommandTest, EndsWhenNobodyWaitsForItAnyMore) {
  const TempFolder folder;
  const std::string gate = folder.file("gate");
  ASSERT_EQ(::mkfifo(gate.c_str(), 0600), 0);
  const UniqueFd stop(::open(gate.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  auto command = shell("sleep 1000 & echo $! >" + folder.file("pid") + "; echo >" + gate + "; wait");
  command.stop = stop.get();
  const auto output = run_command(command);
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().code, ErrorCode::shutting_down);
  pid_t pid = 0;
  ASSERT_TRUE(std::ifstream(folder.file("pid")) >> pid);
  EXPECT_TRUE(wait_until_dead(pid));
  auto next = shell("touch " + folder.file("started"));
  next.stop = stop.get();
  EXPECT_FALSE(run_command(next));
  EXPECT_FALSE(std::filesystem::exists(folder.file("started")));
}

TEST(RunCommandTest, OutputIsBounded) {
  const auto output = run_command(shell("while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done"));
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().code, ErrorCode::too_large);
}

}  // namespace
}  // namespace mcp
