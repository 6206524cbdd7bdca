#include "tests/support/fake_clock.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <chrono>
#include <gtest/gtest.h>
#include <optional>

#include "mcp/base/event.h"
#include "tests/interleaving/played_server.h"

namespace gateway {
namespace {

using mcp::Clock;
using std::chrono::minutes;
using std::chrono::seconds;

class FakeClockTest : public PlayedServerTest {};

TEST_F(FakeClockTest, ACallEndsByItsDeadlineAndNotBefore) {
  join<SessionLink>("{}");
  call();
  clock_.advance(seconds(299));
  EXPECT_TRUE(inbox_->arrived.empty());
  EXPECT_EQ(runtime().status().open_calls, 1U);
  clock_.advance(seconds(5));
  ASSERT_EQ(inbox_->arrived.size(), 1U);
  EXPECT_NE(inbox_->arrived.front().find("no answer within 300 s"), std::string::npos) << inbox_->arrived.front();
  EXPECT_EQ(runtime().status().open_calls, 0U);
}

TEST_F(FakeClockTest, ASessionThatNobodyUsesIsClosedInTime) {
  join<SessionLink>(R"({"sampling":{}})");
  call();
  EXPECT_EQ(runtime().status().own_sessions, 1U);
  EXPECT_EQ(runtime().status().open_calls, 1U);
  clock_.advance(seconds(305));
  EXPECT_EQ(inbox_->arrived.size(), 1U);
  clock_.advance(minutes(9));
  EXPECT_EQ(runtime().status().own_sessions, 1U);
  clock_.advance(minutes(2));
  EXPECT_EQ(runtime().status().own_sessions, 0U);
}

TEST_F(FakeClockTest, ATimerGoesOffWhenItsTimeHasPassed) {
  mcp::Event never(loop_.get_executor());
  std::optional<bool> set;
  const auto wait = [&]() -> mcp::Task<void> { set = co_await never.wait_until(Clock::now() + std::chrono::hours(1)); };
  boost::asio::co_spawn(loop_, wait(), boost::asio::detached);
  clock_.settle();
  clock_.advance(minutes(59));
  EXPECT_FALSE(set.has_value());
  clock_.advance(minutes(1));
  EXPECT_EQ(set, false);
}

}  // namespace
}  // namespace gateway
