// A host that starts the gateway and does not read its standard error.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <gmock/gmock.h>

#include "tests/end_to_end/faults/fault_test.h"

namespace gateway {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;

class UnreadLogTest : public FaultTest {
 protected:
  /// Standard error of the gateway to come is a pipe.
  UnreadLogTest() {
    EXPECT_EQ(::mkfifo(path().c_str(), 0600), 0);
    pipe_ = ::open(path().c_str(), O_RDWR | O_CLOEXEC);
    EXPECT_GE(pipe_, 0);
  }
  ~UnreadLogTest() override { ::close(pipe_); }

  /// Servers "noisy0", "noisy1", … of which each prints 400 KiB that come into the log: three are too much for it.
  std::vector<std::string> noisy(int count) {
    std::vector<std::string> servers;
    servers.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i)
      servers.push_back(stdio("noisy" + std::to_string(i), "long-stderr", "1000000"));
    return servers;
  }

  /// The gateway over these and more.
  void start_noisy(int count, std::vector<std::string> more) {
    const auto servers = noisy(count);
    more.insert(more.end(), servers.begin(), servers.end());
    start(more);
    for (int i = 0; i < count; ++i)
      wait_for_state("noisy" + std::to_string(i), "ready");
  }

  /// Reads on until this has come; what came.
  std::string read_log(const std::string& wanted) {
    std::string text;
    std::array<char, 65536> buffer;
    pollfd entry{pipe_, POLLIN, 0};
    while (text.find(wanted) == std::string::npos && ::poll(&entry, 1, 20'000) == 1)
      text.append(buffer.data(), static_cast<std::size_t>(::read(pipe_, buffer.data(), buffer.size())));
    return text;
  }

 private:
  std::string path() const { return file("state.log"); }

  int pipe_ = -1;
};

TEST_F(UnreadLogTest, CallsAreAnsweredAndTheLossIsToldLater) {
  start_noisy(4, {healthy()});
  wait_for_state("healthy", "ready");
  expect_text(client().call("noisy0__echo", "through"), "through");
  expect_healthy();
  EXPECT_THAT(read_log(" lost: "),
              ContainsRegex("\"target\":\"log\",\"message\":\"[0-9]+ log lines were lost: standard error was not read\""));
  expect_healthy();
}

TEST_F(UnreadLogTest, TheGatewayEndsAllTheSame) {
  start_noisy(4, {});
  stop();
}

TEST_F(UnreadLogTest, AStartThatFailsEndsAllTheSame) {
  auto servers = noisy(4);
  servers.push_back(stdio("silent", "never-initialize", "0", R"("required":true,"startupTimeout":1)"));
  const auto program = launch(config(servers));
  EXPECT_EQ(program->wait_exit(), 1);
  EXPECT_THAT(processes_with("HOME=" + folder()), IsEmpty());
}

TEST_F(UnreadLogTest, ASecondSignalEndsItAllTheSame) {
  start_noisy(4, {stdio("silent", "deaf-on-call")});
  wait_for_state("silent", "ready");
  McpClient idle(port());
  client().send_call("1", "silent__echo", "");
  wait_for("silent", [](const ServerView& now) { return now.open_calls == 1; });
  gateway().signal(SIGTERM);
  EXPECT_TRUE(idle.connection().at_end());
  gateway().signal(SIGTERM);
  expect_end(130);
}

TEST_F(UnreadLogTest, WhatIsQueuedIsWrittenAtTheEnd) {
  start_noisy(1, {});  // more than the pipe takes, less than the queue
  gateway().signal(SIGTERM);
  // Goes when only the log is left to be done.
  while (std::filesystem::exists(file("state/gateway.json")))
    gateway().ended_within(10);
  EXPECT_THAT(read_log("\"stopping\""), HasSubstr("\"stopping\""));
  expect_end();
}

}  // namespace
}  // namespace gateway
