#include "mcp/transport/line_buffer.h"

#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace mcp {
namespace {

/// Puts `text` in, in pieces of at most `piece` bytes, and returns the lines; a cut one ends with "<cut>".
std::vector<std::string> lines_of(LineBuffer& buffer, std::string_view text, std::size_t piece) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto space = buffer.space();
    const std::size_t size = std::min({space.size(), piece, text.size()});
    memcpy(space.data(), text.data(), size);
    buffer.filled(size);
    text.remove_prefix(size);
    while (auto line = buffer.next())
      lines.push_back(line->text + (line->cut ? "<cut>" : ""));
  }
  return lines;
}

TEST(LineBufferTest, CutsLinesWhateverThePieces) {
  const std::string text = "one\n\ntwo\r\nthree\nrest";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    LineBuffer buffer(100);
    EXPECT_EQ(lines_of(buffer, text, piece), (std::vector<std::string>{"one", "", "two", "three"}));
    EXPECT_EQ(buffer.rest(), "rest");
  }
}

TEST(LineBufferTest, LongAndShortLinesMixed) {
  std::string text;
  std::vector<std::string> expected;
  for (const std::size_t length : {10UL, 3'000'000UL, 5UL, 40'000UL, 40'000UL, 0UL, 200'000UL, 33'000UL, 1UL, 900'000UL}) {
    expected.emplace_back(length, static_cast<char>('a' + expected.size()));
    text += expected.back() + "\n";
  }
  for (const std::size_t piece : {1000UL, 65'536UL, 100'000'000UL}) {
    LineBuffer buffer(3'000'000);
    EXPECT_TRUE(lines_of(buffer, text, piece) == expected) << piece;
    EXPECT_EQ(buffer.rest(), "");
  }
}

TEST(LineBufferTest, CutsWhatIsTooLongOnceAndGoesOn) {
  for (const std::size_t piece : {1UL, 7UL, 1000UL}) {
    LineBuffer buffer(10);
    const auto lines =
        lines_of(buffer, "0123456789\n0123456789A\nok\n" + std::string(500, 'x') + "\nend\n" + std::string(30, 'y'), piece);
    EXPECT_EQ(lines, (std::vector<std::string>{"0123456789", "0123456789<cut>", "ok", "xxxxxxxxxx<cut>", "end", "yyyyyyyyyy<cut>"}))
        << piece;
    EXPECT_EQ(buffer.rest(), "");
  }
}

TEST(LineBufferTest, AnEndlessLineDoesNotGrowTheBuffer) {
  LineBuffer buffer(100'000);
  const std::string text(300'000, 'x');
  std::size_t most = 0;
  for (int i = 0; i < 100; ++i) {
    lines_of(buffer, text, 50'000);
    most = std::max(most, buffer.space().size());
  }
  EXPECT_LT(most, 500'000U);
}

TEST(LineBufferTest, GivesALargeBufferUpAfterShortLines) {
  LineBuffer buffer(10'000'000);
  lines_of(buffer, std::string(5'000'000, 'x') + "\n", 1'000'000);
  EXPECT_GT(buffer.space().size(), 1'000'000U);
  for (int i = 0; i < 200; ++i)
    lines_of(buffer, "short\n", 100);
  EXPECT_LE(buffer.space().size(), 65'536U);
}

}  // namespace
}  // namespace mcp
