#include "gateway/config/config.h"

#include <gtest/gtest.h>

namespace gateway {
namespace {

TEST(ListenAddressTest, BracketsOnlyIpv6) {
  EXPECT_EQ((ListenAddress{"127.0.0.1", 80}).text(), "127.0.0.1:80");
  EXPECT_EQ((ListenAddress{"::1", 80}).text(), "[::1]:80");
}

}  // namespace
}  // namespace gateway
