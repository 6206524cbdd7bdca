#include "mcp/schema/ecma_regex.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcp/schema/pattern.h"

namespace mcp::schema {
namespace {

using testing::HasSubstr;

// What patterns match is compared with JavaScript in tests/end_to_end/schema/cases.mjs.

std::string translated(std::string_view pattern) {
  return translate_ecma_regex(pattern).value_or("refused");
}

TEST(EcmaRegexTest, SaysTheSameToRe2) {
  EXPECT_EQ(translated("^a|b$"), "^a|b$");
  EXPECT_EQ(translated("a{2,}b{3}c{4,5}?"), "a{2,}b{3}c{4,5}?");
  EXPECT_EQ(translated("(?<name>a)(b)"), "(?:a)(?:b)");
  EXPECT_EQ(translated("{a}{,2}]"), R"(\x{7b}a\x{7d}\x{7b}\x{2c}2\x{7d}\x{5d})");
  EXPECT_EQ(translated("[]"), R"([^\x{0}-\x{10ffff}])");
  EXPECT_EQ(translated("[a-c-e]"), R"([a-c\x{2d}e])");
  EXPECT_EQ(translated("[\\w-z]"), R"([\w\x{2d}z])");
  EXPECT_EQ(translated("ü"), R"(\x{fc})");
  EXPECT_EQ(translated(""), "");
}

TEST(EcmaRegexTest, RefusesWhatRe2CannotSay) {
  constexpr std::pair<const char*, const char*> kRefused[] = {
      {"(?=a)", "lookahead"},
      {"(?!a)", "lookahead"},
      {"(?<=a)", "lookbehind"},
      {"(?<!a)", "lookbehind"},
      {"(a)\\1", "backreference"},
      {"(?<n>a)\\k<n>", "backreference"},
      {"(?P<n>a)", "unknown kind"},
      {"\\Z", "does not know: \\Z"},
      {"\\p{Emoji}", "property that RE2 does not know: Emoji"},
      {"\\p{Script=L}", "property"},
      {"\\uD83D", "lone surrogate"},
      {"\\u{110000}", "no character"},
      {"\\x4", "incomplete"},
      {"[a", "without an end"},
      {"[b-a]", "range"},
      {"a\\", "backslash"},
  };
  for (const auto& [pattern, reason] : kRefused) {
    const auto result = translate_ecma_regex(pattern);
    ASSERT_FALSE(result) << pattern << " became " << *result;
    EXPECT_THAT(result.error().message, HasSubstr(reason)) << pattern;
  }
}

TEST(PatternTest, SaysWhyItCannotBeMatched) {
  EXPECT_THAT(Pattern::compile("(").error().message, HasSubstr("RE2 says"));
  EXPECT_THAT(Pattern::compile("a**").error().message, HasSubstr("RE2 says"));
  EXPECT_THAT(Pattern::compile("a{1001}").error().message, HasSubstr("RE2 says"));
  EXPECT_THAT(Pattern::compile("\\p{Script=Klingon}").error().message, HasSubstr("RE2 says"));
  EXPECT_THAT(Pattern::compile(std::string(5000, 'a')).error().message, HasSubstr("longer than"));
}

TEST(PatternTest, MatchesInLinearTime) {
  const auto pattern = Pattern::compile("^(a+)+$").value();
  EXPECT_TRUE(pattern->matches(std::string(100'000, 'a')));
  EXPECT_FALSE(pattern->matches(std::string(100'000, 'a') + "!"));
  EXPECT_TRUE(Pattern::compile("b").value()->matches(std::string_view("a\0b", 3)));
}

}  // namespace
}  // namespace mcp::schema
