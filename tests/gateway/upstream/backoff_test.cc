#include "gateway/upstream/backoff.h"

#include <gtest/gtest.h>
#include <vector>

namespace gateway {
namespace {

using std::chrono::milliseconds;

TEST(BackoffTest, DoublesUpToAMinuteAndStartsAnew) {
  Backoff backoff;
  for (const int seconds : {1, 2, 4, 8, 16, 32, 60, 60, 60})
    EXPECT_EQ(backoff.next(0), milliseconds(seconds * 1000));
  EXPECT_EQ(backoff.failures(), 9);
  backoff.reset();
  EXPECT_EQ(backoff.failures(), 0);
  EXPECT_EQ(backoff.next(0), milliseconds(1000));
}

TEST(BackoffTest, ShortensByUpToAQuarter) {
  Backoff backoff;
  EXPECT_EQ(backoff.next(0.5), milliseconds(875));
  EXPECT_EQ(backoff.next(0.999999), milliseconds(1501));
  EXPECT_EQ(Backoff::longest(0), milliseconds(60'000));
  EXPECT_EQ(Backoff::longest(0.5), milliseconds(52'500));
}

}  // namespace
}  // namespace gateway
