// Children and what the system has to give.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

#include "mcp/process/child_process.h"
#include "tests/support/processes.h"
#include "tests/support/programs.h"
#include "tests/support/run_task.h"

namespace mcp {
namespace {

using testing::HasSubstr;

class ChildSystemTest : public testing::Test {
 protected:
  Result<std::shared_ptr<ChildProcess>> launch(const std::string& command) {
    ChildSpec spec;
    spec.command = command;
    spec.env = {"PATH=/usr/bin:/bin"};
    return run_task(loop_, launcher_->launch(std::move(spec)));
  }

  boost::asio::io_context loop_;
  std::unique_ptr<ProcessLauncher> launcher_ = make_process_launcher(program_path("switchyard-guardian"));
};

TEST_F(ChildSystemTest, TheGuardianDoesNotEndWithWhoeverIsKilledByTheGatewaysName) {
  const auto child = launch("cat");
  ASSERT_TRUE(child);
  std::ifstream file("/proc/" + std::to_string((*child)->guardian_pid()) + "/comm");
  std::string name;
  std::getline(file, name);
  EXPECT_EQ(name, "mcp-guardian");
}

TEST_F(ChildSystemTest, AWantOfDescriptorsIsNoFaultOfTheProgram) {
  const auto first = launch("true");
  ASSERT_TRUE(first);
  run_task(loop_, (*first)->wait_gone());
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  // The pipes, what forks, and what waits: each of them may be what there is no descriptor for.
  rlim_t more = 0;
  for (;; ++more) {
    rlimit few = before;
    few.rlim_cur = open_descriptors() + more;
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
    const auto child = launch("cat");
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
    if (child) break;
    EXPECT_EQ(child.error().code, ErrorCode::overloaded) << child.error().text();
    EXPECT_THAT(child.error().text(), HasSubstr("Too many open files")) << more;
  }
  EXPECT_GT(more, 0U);
}

TEST_F(ChildSystemTest, AProgramThatIsBeingWrittenCanRunSoon) {
  const std::string copy = testing::TempDir() + "child_system_test_" + std::to_string(getpid());
  std::filesystem::copy_file("/bin/true", copy);
  const int writer = open(copy.c_str(), O_WRONLY | O_CLOEXEC);
  const auto busy = launch(copy);
  close(writer);
  ASSERT_FALSE(busy);
  EXPECT_EQ(busy.error().code, ErrorCode::overloaded) << busy.error().text();
  EXPECT_TRUE(launch(copy));
  std::filesystem::remove(copy);
}

}  // namespace
}  // namespace mcp
