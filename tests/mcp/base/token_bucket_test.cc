#include "mcp/base/token_bucket.h"

#include <gtest/gtest.h>

namespace mcp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

int taken(TokenBucket& bucket, TokenBucket::Clock::time_point now, int asked) {
  int count = 0;
  for (int i = 0; i < asked; ++i)
    count += bucket.take(now) ? 1 : 0;
  return count;
}

TEST(TokenBucketTest, ABurstPassesAndThenSoManyASecond) {
  TokenBucket bucket(100, 10);
  auto now = TokenBucket::Clock::now();
  EXPECT_EQ(taken(bucket, now, 1000), 100);
  EXPECT_EQ(taken(bucket, now += milliseconds(50), 1), 0);
  EXPECT_EQ(taken(bucket, now += milliseconds(51), 2), 1);
  EXPECT_EQ(taken(bucket, now += seconds(1), 100), 10);
}

TEST(TokenBucketTest, QuietGivesBackNoMoreThanTheBurst) {
  TokenBucket bucket(5, 10);
  const auto now = TokenBucket::Clock::now();
  EXPECT_EQ(taken(bucket, now, 10), 5);
  EXPECT_EQ(taken(bucket, now + seconds(100), 10), 5);
  EXPECT_EQ(taken(bucket, now + seconds(50), 10), 0) << "time that goes back gives nothing";
}

}  // namespace
}  // namespace mcp
