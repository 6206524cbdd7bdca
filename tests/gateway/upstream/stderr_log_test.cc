#include "gateway/upstream/stderr_log.h"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>

#include "tests/support/captured_log.h"

namespace gateway {
namespace {

using testing::AllOf;
using testing::HasSubstr;

ServerSpec server_with_token() {
  ServerSpec spec;
  spec.name = ServerName("files");
  StdioSpec stdio;
  stdio.env = {{"TOKEN", "hunter2hunter2"}};
  spec.transport = std::move(stdio);
  return spec;
}

TEST(StderrLogTest, ShowsALineUnderTheServersNameWithoutItsSecrets) {
  const mcp::CapturedLog captured(mcp::LogFormat::text, "info");
  boost::asio::io_context loop;
  const auto log = std::make_shared<StderrLog>(loop.get_executor(), std::make_shared<const LiveSpec>(server_with_token()));
  log->add("my token is hunter2hunter2!");
  const auto lines = captured.lines();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0], AllOf(HasSubstr("my token is ***!"), HasSubstr("server=files")));
}

TEST(StderrLogTest, AFloodIsCutAndCounted) {
  const mcp::CapturedLog captured(mcp::LogFormat::text, "info");
  boost::asio::io_context loop;
  auto log = std::make_shared<StderrLog>(loop.get_executor(), std::make_shared<const LiveSpec>(server_with_token()));
  constexpr std::size_t kPrinted = 20'000;
  for (std::size_t i = 0; i < kPrinted; ++i)
    log->add("x");
  const std::size_t shown = captured.lines().size();
  EXPECT_GE(shown, 100U);
  EXPECT_LT(shown, 1000U);
  log.reset();
  const auto lines = captured.lines();
  ASSERT_EQ(lines.size(), shown + 1);
  EXPECT_THAT(lines.back(), AllOf(HasSubstr("left out"), HasSubstr("lines=" + std::to_string(kPrinted - shown))));
}

}  // namespace
}  // namespace gateway
