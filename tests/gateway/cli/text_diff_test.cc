#include "gateway/cli/text_diff.h"

#include <gtest/gtest.h>
#include <string>

namespace gateway {
namespace {

std::string numbered(int first, int last) {
  std::string text;
  for (int i = first; i <= last; ++i)
    text += std::to_string(i) + "\n";
  return text;
}

TEST(TextDiffTest, NothingWhereNothingDiffers) {
  EXPECT_EQ(unified_diff("a\n", "a\n", "f"), "");
  EXPECT_EQ(unified_diff("", "", "f"), "");
}

TEST(TextDiffTest, ChangesStandBetweenThreeLines) {
  EXPECT_EQ(unified_diff(numbered(1, 9), numbered(1, 4) + "x\ny\n" + numbered(6, 9), "f"),
            "--- f\n+++ f\n@@ -2,7 +2,8 @@\n 2\n 3\n 4\n-5\n+x\n+y\n 6\n 7\n 8\n");
}

TEST(TextDiffTest, WhatIsFarApartStandsApart) {
  EXPECT_EQ(unified_diff(numbered(1, 20), "x\n" + numbered(1, 10) + numbered(12, 20), "f"),
            "--- f\n+++ f\n@@ -1,3 +1,4 @@\n+x\n 1\n 2\n 3\n@@ -8,7 +9,6 @@\n 8\n 9\n 10\n-11\n 12\n 13\n 14\n");
  EXPECT_EQ(unified_diff(numbered(1, 8), "x\n" + numbered(2, 7) + "y\n", "f"),
            "--- f\n+++ f\n@@ -1,8 +1,8 @@\n-1\n+x\n 2\n 3\n 4\n 5\n 6\n 7\n-8\n+y\n");
}

TEST(TextDiffTest, EmptyTextsAndMissingLineEnds) {
  EXPECT_EQ(unified_diff("", "a\n", "f"), "--- f\n+++ f\n@@ -0,0 +1 @@\n+a\n");
  EXPECT_EQ(unified_diff("a\n", "", "f"), "--- f\n+++ f\n@@ -1 +0,0 @@\n-a\n");
  EXPECT_EQ(unified_diff("a", "a\n", "f"), "--- f\n+++ f\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n");
}

}  // namespace
}  // namespace gateway
