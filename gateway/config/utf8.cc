#include "gateway/config/utf8.h"

namespace gateway {
namespace {

bool in_range(std::string_view text, std::size_t offset, unsigned low, unsigned high) {
  if (offset >= text.size()) return false;
  const unsigned byte = static_cast<unsigned char>(text[offset]);
  return byte >= low && byte <= high;
}

}  // namespace

std::size_t utf8_length(std::string_view text, std::size_t offset) {
  if (offset >= text.size()) return 0;
  const unsigned first = static_cast<unsigned char>(text[offset]);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return in_range(text, offset + 1, 0x80, 0xBF) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned low = first == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = first == 0xED ? 0x9F : 0xBF;
    return in_range(text, offset + 1, low, high) && in_range(text, offset + 2, 0x80, 0xBF) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned low = first == 0xF0 ? 0x90 : 0x80;
    const unsigned high = first == 0xF4 ? 0x8F : 0xBF;
    const bool rest = in_range(text, offset + 2, 0x80, 0xBF) && in_range(text, offset + 3, 0x80, 0xBF);
    return in_range(text, offset + 1, low, high) && rest ? 4 : 0;
  }
  return 0;
}

char32_t utf8_decode(std::string_view text, std::size_t offset, std::size_t length) {
  const auto byte = [&](std::size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(text[offset + i])); };
  if (length == 1) return byte(0);
  char32_t value = byte(0) & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i)
    value = (value << 6) | (byte(i) & 0x3Fu);
  return value;
}

void utf8_append(std::string& out, char32_t character) {
  const auto put = [&](char32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
  if ((character >= 0xD800 && character <= 0xDFFF) || character > 0x10FFFF) character = 0xFFFD;
  if (character < 0x80) {
    put(character);
  } else if (character < 0x800) {
    put(0xC0 | (character >> 6));
    put(0x80 | (character & 0x3F));
  } else if (character < 0x10000) {
    put(0xE0 | (character >> 12));
    put(0x80 | ((character >> 6) & 0x3F));
    put(0x80 | (character & 0x3F));
  } else {
    put(0xF0 | (character >> 18));
    put(0x80 | ((character >> 12) & 0x3F));
    put(0x80 | ((character >> 6) & 0x3F));
    put(0x80 | (character & 0x3F));
  }
}

bool is_unprintable(char32_t character) {
  if (character < 0x20 || (character >= 0x7F && character < 0xA0)) return true;
  if (character >= 0x200B && character <= 0x200F) return true;
  if (character >= 0x2028 && character <= 0x202E) return true;
  if (character >= 0x2060 && character <= 0x206F) return true;
  return character == 0xFEFF || character == 0xAD;
}

}  // namespace gateway
