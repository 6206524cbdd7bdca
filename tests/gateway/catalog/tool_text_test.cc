#include "gateway/catalog/tool_text.h"

#include <gtest/gtest.h>

namespace gateway {
namespace {

TEST(ToolTextTest, EveryOtherByteStays) {
  const std::string tool =
      R"({ "x" : 1.50 , "description" :"a\u0041", "name":"n" ,"inputSchema":{"title":"in","description":"in"}, "y":[ ] })";
  EXPECT_EQ(overridden(tool, {.description = "b \"c\""}),
            R"({ "x" : 1.50 , "description" :"b \"c\"", "name":"n" ,"inputSchema":{"title":"in","description":"in"}, "y":[ ] })");
  EXPECT_EQ(overridden(tool, {.name = "other"}), tool);
}

TEST(ToolTextTest, WhatIsMissingComesFirst) {
  EXPECT_EQ(overridden(R"({"name":"n"})", {.title = "T", .description = "D"}), R"({"title":"T","description":"D","name":"n"})");
}

TEST(ToolTextTest, NoSpellingAndNoRepetitionKeepsTheOldText) {
  EXPECT_EQ(
      overridden(R"({"name":"n","titl\u0065":"a","title":null,"annotations":{"t\u0069tle":"a","title":"b"}})", {.title = "T"}),
      R"({"name":"n","titl\u0065":"T","title":"T","annotations":{"t\u0069tle":"T","title":"T"}})");
  EXPECT_EQ(overridden(R"({"name":"n","annotations":[]})", {.title = "T"}), R"({"title":"T","name":"n","annotations":[]})");
}

}  // namespace
}  // namespace gateway
