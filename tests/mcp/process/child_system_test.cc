// Children and what the system has to give.
#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <optional>
#include <string>

#include "mcp/process/child_process.h"
#include "tests/support/descriptor_limit.h"
#include "tests/support/processes.h"
#include "tests/support/programs.h"
#include "tests/support/run_task.h"

namespace mcp {
namespace {

class ChildSystemTest : public testing::Test {
 protected:
  Result<std::shared_ptr<ChildProcess>> launch(const std::string& command) {
    ChildSpec spec;
    spec.command = command;
    spec.env = {"PATH=/usr/bin:/bin"};
    return run_task(loop_, launcher_->launch(std::move(spec)));
  }

  /// Why a start fails with no more than so many descriptors beside those that are open; nothing where it does not.
  std::optional<Error> error_with_descriptors(std::size_t more) {
    const DescriptorLimit limit(more);
    const auto child = launch("cat");
    return child ? std::nullopt : std::optional(child.error());
  }

  boost::asio::io_context loop_;
  std::unique_ptr<ProcessLauncher> launcher_ = make_process_launcher({.guardian = program_path("switchyard-guardian")});
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
  // The pipes, what forks, and what waits: each of them may be what there is no descriptor for.
  std::size_t more = 0;
  while (const auto error = error_with_descriptors(more)) {
    EXPECT_EQ(error->code, ErrorCode::overloaded) << error->text();
    ++more;
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
