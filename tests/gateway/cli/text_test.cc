#include "gateway/cli/text.h"

#include <gtest/gtest.h>

namespace gateway {
namespace {

using std::chrono::milliseconds;

TEST(CliTextTest, LinesAreHarmless) {
  EXPECT_EQ(clean_line("a\r\n b\t\tc \n"), "a b c");
  EXPECT_EQ(clean_line("x\x1b[31my\x07"), "x?[31my?");
  EXPECT_EQ(clean_line("a\u202Eb\u200Bc\u009Bd"), "a?b?c?d");
  EXPECT_EQ(clean_line("a\xFF"), "a\xEF\xBF\xBD");
  EXPECT_EQ(clean_text("a\r\n\tb\x1b"), "a\n\tb?");
}

TEST(CliTextTest, WidthCountsColumns) {
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("grüße"), 5U);
  EXPECT_EQ(display_width("e\u0301"), 1U);
  EXPECT_EQ(display_width("日本語"), 6U);
  EXPECT_EQ(display_width("🚂"), 2U);
}

TEST(CliTextTest, CutsBetweenCharacters) {
  EXPECT_EQ(cut_to_width("grüße", 5), "grüße");
  EXPECT_EQ(cut_to_width("grüße", 4), "grü…");
  EXPECT_EQ(cut_to_width("日本語", 5), "日本…");
  EXPECT_EQ(cut_to_width("日本語", 4), "日…");
  EXPECT_EQ(cut_to_width("日a", 2), "…");
  EXPECT_EQ(cut_to_width("abc", 0), "");
}

TEST(CliTextTest, WrapsBetweenWords) {
  EXPECT_EQ(wrap_words("", 5), "");
  EXPECT_EQ(wrap_words("ab cd ef", 5), "ab cd\nef");
  EXPECT_EQ(wrap_words("ab cd\n\nef\n", 5), "ab cd\n\nef\n");
  EXPECT_EQ(wrap_words("  ab cd ef", 7), "  ab cd\n  ef");
  EXPECT_EQ(wrap_words("toolongaword x", 5), "toolongaword\nx");
  EXPECT_EQ(wrap_words("x toolongaword", 5), "x\ntoolongaword");
  EXPECT_EQ(wrap_words("日本 語", 6), "日本\n語");
  EXPECT_EQ(wrap_words("ab  cd   ef ", 5), "ab cd\nef");
}

TEST(CliTextTest, Durations) {
  EXPECT_EQ(duration_text(milliseconds(0)), "0 ms");
  EXPECT_EQ(duration_text(milliseconds(999)), "999 ms");
  EXPECT_EQ(duration_text(milliseconds(1999)), "1 s");
  EXPECT_EQ(duration_text(std::chrono::seconds(119)), "119 s");
  EXPECT_EQ(duration_text(std::chrono::minutes(2)), "2 min");
  EXPECT_EQ(duration_text(std::chrono::minutes(119)), "119 min");
  EXPECT_EQ(duration_text(std::chrono::hours(47)), "47 h");
  EXPECT_EQ(duration_text(std::chrono::hours(48)), "2 d");
}

}  // namespace
}  // namespace gateway
