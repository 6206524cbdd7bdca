#include "gateway/config/words.h"

#include <gtest/gtest.h>

namespace gateway {
namespace {

TEST(WordsTest, ArePutTogetherForPeople) {
  EXPECT_EQ(counted(0, "tool"), "0 tools");
  EXPECT_EQ(counted(1, "tool"), "1 tool");
  EXPECT_EQ(counted(2, "tool leaves", "tools leave"), "2 tools leave");
  EXPECT_EQ(counted(1, "tool leaves", "tools leave"), "1 tool leaves");
  EXPECT_EQ(spoken("backing_off"), "backing off");
  EXPECT_EQ(joined({}), "");
  EXPECT_EQ(joined({"a"}), "a");
  EXPECT_EQ(joined({"a", "", "c"}), "a, , c");
  EXPECT_EQ(joined({"a", "b"}, " or "), "a or b");
  EXPECT_EQ(some_of({"a", "b"}, 2), "a, b");
  EXPECT_EQ(some_of({"a", "b", "c", "d"}, 2), "a, b and 2 more");
}

}  // namespace
}  // namespace gateway
