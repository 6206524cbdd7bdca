#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/host/serve.h"
#include "gateway/host/state_file.h"

namespace gateway {
namespace {

using testing::HasSubstr;

/// The process's standard input is a pipe that nothing comes through while this lives.
class SilentInput {
 public:
  SilentInput() : saved_(::dup(STDIN_FILENO)) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    EXPECT_EQ(::dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    ::close(ends[0]);
    writer_ = ends[1];
  }
  ~SilentInput() {
    ::dup2(saved_, STDIN_FILENO);
    ::close(saved_);
    ::close(writer_);
  }
  SilentInput(const SilentInput&) = delete;
  SilentInput& operator=(const SilentInput&) = delete;

 private:
  int saved_;
  int writer_ = -1;
};

TEST(RelayStdio, EndsWhereNoGatewayComes) {
  std::string folder = testing::TempDir() + "relay_XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const SilentInput input;
  const auto outcome = relay_stdio({.state_dir = folder, .profile = "", .patience = std::chrono::milliseconds(20)});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, mcp::ErrorCode::connect_failed);
  EXPECT_THAT(outcome.error().message, HasSubstr("none came back"));
  EXPECT_THAT(outcome.error().remedy, HasSubstr("switchyard serve"));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace gateway
