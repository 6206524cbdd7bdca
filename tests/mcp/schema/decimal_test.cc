#include "mcp/schema/decimal.h"

#include <gtest/gtest.h>

namespace mcp::schema {
namespace {

TEST(DecimalTest, EqualHoweverWritten) {
  EXPECT_EQ(Decimal("1"), Decimal("1.0"));
  EXPECT_EQ(Decimal("100"), Decimal("1e2"));
  EXPECT_EQ(Decimal("0.001"), Decimal("1E-3"));
  EXPECT_EQ(Decimal("-0"), Decimal("0.00e7"));
  EXPECT_EQ(Decimal("120").canonical(), Decimal("1.2e+2").canonical());
  EXPECT_NE(Decimal("9007199254740993"), Decimal("9007199254740992"));
  EXPECT_NE(Decimal("1"), Decimal("-1"));
}

TEST(DecimalTest, Order) {
  // Each smaller than the next.
  constexpr const char* kAscending[] = {
      "-1e400", "-10", "-9.99", "-1", "-0.1", "0", "1e-400", "0.1", "0.11", "0.2", "1", "9", "10", "1e308", "1e309"};
  for (std::size_t i = 0; i < std::size(kAscending); ++i) {
    for (std::size_t k = 0; k < std::size(kAscending); ++k)
      EXPECT_EQ(Decimal(kAscending[i]) <=> Decimal(kAscending[k]), i <=> k) << kAscending[i] << ' ' << kAscending[k];
  }
}

TEST(DecimalTest, Integers) {
  for (const char* text : {"0", "-7", "1.0", "1.50e1", "1e1000", "100e-2"})
    EXPECT_TRUE(Decimal(text).is_integer()) << text;
  for (const char* text : {"0.5", "1e-1", "123456789012345678901234567890.1", "15e-2"})
    EXPECT_FALSE(Decimal(text).is_integer()) << text;
}

TEST(DecimalTest, Sizes) {
  EXPECT_EQ(Decimal("0").to_size(), 0U);
  EXPECT_EQ(Decimal("3.0").to_size(), 3U);
  EXPECT_EQ(Decimal("1e3").to_size(), 1000U);
  EXPECT_EQ(Decimal("9223372036854775807").to_size(), 9223372036854775807U);
  EXPECT_EQ(Decimal("9223372036854775808").to_size(), std::nullopt);
  EXPECT_EQ(Decimal("1e19").to_size(), std::nullopt);
  EXPECT_EQ(Decimal("-1").to_size(), std::nullopt);
}

TEST(DecimalTest, Multiples) {
  const auto is_multiple = [](const char* value, const char* divisor) { return Decimal(value).is_multiple_of(Decimal(divisor)); };
  EXPECT_TRUE(is_multiple("4.35", "0.01"));
  EXPECT_TRUE(is_multiple("0", "7"));
  EXPECT_TRUE(is_multiple("-9", "4.5"));
  EXPECT_TRUE(is_multiple("1e308", "0.123456789e-5") == false);
  EXPECT_TRUE(is_multiple("1e308", "0.5"));
  EXPECT_TRUE(is_multiple("1e308", "1e308"));
  EXPECT_TRUE(is_multiple("12391239123", "1e-8"));
  EXPECT_FALSE(is_multiple("0.00751", "0.0001"));
  EXPECT_FALSE(is_multiple("1e-9", "1e-8"));
  EXPECT_TRUE(is_multiple("340282366920938463463374607431768211456", "18446744073709551616"));
  EXPECT_FALSE(is_multiple("340282366920938463463374607431768211457", "18446744073709551616"));
  EXPECT_TRUE(is_multiple("999999999999999999999999999999999998", "333333333333333333333333333333333333") == false);
  EXPECT_TRUE(is_multiple("999999999999999999999999999999999999", "333333333333333333333333333333333333"));
}

TEST(DecimalTest, Divisors) {
  EXPECT_TRUE(Decimal("0.1").is_divisor());
  EXPECT_FALSE(Decimal("0").is_divisor());
  EXPECT_FALSE(Decimal("-1").is_divisor());
  EXPECT_FALSE(Decimal("1234567890123456789012345678901234567").is_divisor());
}

TEST(DecimalTest, ExponentsBeyondReason) {
  EXPECT_GT(Decimal("1e99999999999999999999"), Decimal("1e308"));
  EXPECT_LT(Decimal("1e-99999999999999999999"), Decimal("1e-308"));
  EXPECT_TRUE(Decimal("1e99999999999999999999").is_multiple_of(Decimal("7e20")) == false);
  EXPECT_EQ(Decimal("0e99999999999999999999"), Decimal("0"));
}

}  // namespace
}  // namespace mcp::schema
