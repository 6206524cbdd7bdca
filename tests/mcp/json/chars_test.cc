#include "mcp/json/chars.h"

#include <gtest/gtest.h>
#include <random>
#include <string>

namespace mcp {
namespace {

std::string random_text(std::mt19937& random) {
  constexpr std::string_view kUnusual("\"\\\\\\nu/\x1f\x00\x7f\x80\xc3\xff ", 15);
  std::string text(random() % 70, 'a');
  for (char& c : text) {
    if (random() % 8 == 0) c = kUnusual[random() % kUnusual.size()];
    if (random() % 8 == 0) c = static_cast<char>(random());
  }
  return text;
}

std::size_t expected_plain(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size() && is_plain(static_cast<unsigned char>(text[at])))
    ++at;
  return at;
}

std::size_t expected_simple(std::string_view text, bool& has_escapes) {
  std::size_t at = 0;
  while (true) {
    at += expected_plain(text.substr(at));
    if (at + 1 >= text.size() || text[at] != '\\' || !is_simple_escape(text[at + 1])) return at;
    has_escapes = true;
    at += 2;
  }
}

template <class B>
class BlockTest : public testing::Test {};

#ifdef __SSE2__
using Blocks = testing::Types<PortableBlock, SseBlock>;
#else
using Blocks = testing::Types<PortableBlock>;
#endif
TYPED_TEST_SUITE(BlockTest, Blocks);

TYPED_TEST(BlockTest, MarksEachByteByItself) {
  for (int value = 0; value < 256; ++value) {
    for (int at = 0; at < TypeParam::kSize; ++at) {
      for (const char around : {'a', ' ', '\x7f', '!', '#', '[', ']'}) {
        std::string text(TypeParam::kSize, around);
        text[static_cast<std::size_t>(at)] = static_cast<char>(value);
        const std::uint32_t expected = is_plain(static_cast<unsigned char>(value)) ? 0 : std::uint32_t{1} << at;
        ASSERT_EQ(TypeParam::marked(text.data()), expected) << value << " at " << at;
      }
    }
  }
}

TYPED_TEST(BlockTest, StopsWhereReadingByteByByteStops) {
  std::mt19937 random(7);
  for (int i = 0; i < 20'000; ++i) {
    const std::string text = random_text(random);
    const char* const end = text.data() + text.size();
    bool has_escapes = false, expected_escapes = false;
    ASSERT_EQ(skip_plain<TypeParam>(text.data(), end) - text.data(), expected_plain(text)) << text;
    ASSERT_EQ(skip_simple<TypeParam>(text.data(), end, has_escapes) - text.data(), expected_simple(text, expected_escapes)) << text;
    ASSERT_EQ(has_escapes, expected_escapes) << text;
  }
}

int sequence(std::string_view text) {
  return utf8_sequence(text.data(), text.data() + text.size());
}

TEST(Utf8SequenceTest, AcceptsTheFirstAndLastOfEachLength) {
  EXPECT_EQ(sequence("\xC2\x80"), 2);
  EXPECT_EQ(sequence("\xDF\xBF"), 2);
  EXPECT_EQ(sequence("\xE0\xA0\x80"), 3);
  EXPECT_EQ(sequence("\xED\x9F\xBF"), 3);
  EXPECT_EQ(sequence("\xEE\x80\x80"), 3);
  EXPECT_EQ(sequence("\xEF\xBF\xBF"), 3);
  EXPECT_EQ(sequence("\xF0\x90\x80\x80"), 4);
  EXPECT_EQ(sequence("\xF4\x8F\xBF\xBF"), 4);
}

TEST(Utf8SequenceTest, RefusesWhatIsNotWellFormed) {
  for (const std::string_view text : {"\x80",
                                      "\xBF",
                                      "\xC0\x80",
                                      "\xC1\xBF",
                                      "\xC2",
                                      "\xC2\x7F",
                                      "\xC2\xC0",
                                      "\xE0\x9F\xBF",
                                      "\xE1\x80",
                                      "\xE1\x80\x7F",
                                      "\xE1\x7F\x80",
                                      "\xED\xA0\x80",
                                      "\xED\xBF\xBF",
                                      "\xF0\x8F\xBF\xBF",
                                      "\xF1\x80\x80",
                                      "\xF1\x80\x80\xC0",
                                      "\xF4\x90\x80\x80",
                                      "\xF5\x80\x80\x80",
                                      "\xFF",
                                      "\xFE\x80"}) {
    EXPECT_EQ(sequence(text), 0) << testing::PrintToString(text);
  }
}

}  // namespace
}  // namespace mcp
