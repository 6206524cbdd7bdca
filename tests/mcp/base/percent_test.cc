#include "mcp/base/percent.h"

#include <gtest/gtest.h>
#include <string>

namespace mcp {
namespace {

TEST(PercentTest, EncodesAllButTheUnreserved) {
  EXPECT_EQ(percent_encode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encode("a b/%\xC3\xA9"), "a%20b%2F%25%C3%A9");
}

TEST(PercentTest, DecodesWhatIsASequenceAndKeepsTheRest) {
  EXPECT_EQ(percent_decode("a%20b%2f%C3%A9"), "a b/\xC3\xA9");
  EXPECT_EQ(percent_decode("100%"), "100%");
  EXPECT_EQ(percent_decode("%4%zz%%41"), "%4%zz%A");
  std::string all;
  for (int byte = 0; byte < 256; ++byte)
    all += static_cast<char>(byte);
  EXPECT_EQ(percent_decode(percent_encode(all)), all);
}

TEST(PercentTest, TellsWhatASequenceStandsFor) {
  EXPECT_EQ(percent_byte("x%fF", 1), 0xFF);
  EXPECT_EQ(percent_byte("x%00", 1), 0);
  EXPECT_EQ(percent_byte("x%0", 1), -1);
  EXPECT_EQ(percent_byte("%0g", 0), -1);
  EXPECT_EQ(percent_byte("abc", 0), -1);
}

}  // namespace
}  // namespace mcp
