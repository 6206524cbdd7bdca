#include "gateway/cli/table.h"

#include <gtest/gtest.h>

namespace gateway {
namespace {

TEST(TableTest, AlignsByColumnsOnTheScreen) {
  Table table({"NAME", "N", "DETAIL"});
  table.add_row({std::string("日本"), std::string("1"), std::string("x")});
  table.add_row({std::string("é"), std::string("10"), std::string("")});
  table.add_row({std::string("abcde"), std::string(""), std::string("two\nlines")});
  EXPECT_EQ(table.render(0, false),
            "NAME   N   DETAIL\n"
            "日本   1   x\n"
            "é      10\n"
            "abcde      two lines\n");
}

TEST(TableTest, CutsTheLastColumnToTheWidth) {
  Table table({"NAME", "DETAIL"});
  table.add_row({std::string("a"), std::string("0123456789abcdef")});
  EXPECT_EQ(table.render(20, false), "NAME  DETAIL\na     0123456789abc…\n");
  EXPECT_EQ(table.render(22, false), "NAME  DETAIL\na     0123456789abcdef\n");
  // It stays readable on a screen that is too narrow.
  EXPECT_EQ(table.render(5, false), "NAME  DETAIL\na     0123456789a…\n");
}

TEST(TableTest, ColourSurroundsTheTextAlone) {
  Table table({"A", "B"});
  table.add_row({{"ok", Tone::good}, {"", Tone::bad}});
  table.add_row({{"no", Tone::bad}, {"x"}});
  EXPECT_EQ(table.render(0, true), "\x1b[2mA\x1b[0m   \x1b[2mB\x1b[0m\n\x1b[32mok\x1b[0m\n\x1b[31mno\x1b[0m  x\n");
}

}  // namespace
}  // namespace gateway
