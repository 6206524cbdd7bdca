// Children and what the system has to give.
#include <boost/asio/io_context.hpp>
#include <fstream>
#include <gtest/gtest.h>
#include <string>

#include "mcp/process/child_process.h"
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

}  // namespace
}  // namespace mcp
