#include "gateway/cli/text.h"

#include <algorithm>
#include <array>

#include "gateway/config/utf8.h"

namespace gateway {

namespace {

struct CharacterRange {
  char32_t first, last;
};

constexpr std::array kCombining = {CharacterRange{0x0300, 0x036F},
                                   CharacterRange{0x0483, 0x0489},
                                   CharacterRange{0x0591, 0x05BD},
                                   CharacterRange{0x0610, 0x061A},
                                   CharacterRange{0x064B, 0x065F},
                                   CharacterRange{0x0E31, 0x0E31},
                                   CharacterRange{0x0E34, 0x0E3A},
                                   CharacterRange{0x1AB0, 0x1AFF},
                                   CharacterRange{0x1DC0, 0x1DFF},
                                   CharacterRange{0x20D0, 0x20FF},
                                   CharacterRange{0xFE00, 0xFE0F},
                                   CharacterRange{0xFE20, 0xFE2F}};

constexpr std::array kWide = {CharacterRange{0x1100, 0x115F},
                              CharacterRange{0x2E80, 0x303E},
                              CharacterRange{0x3041, 0xA4CF},
                              CharacterRange{0xA960, 0xA97F},
                              CharacterRange{0xAC00, 0xD7A3},
                              CharacterRange{0xF900, 0xFAFF},
                              CharacterRange{0xFE30, 0xFE6F},
                              CharacterRange{0xFF00, 0xFF60},
                              CharacterRange{0xFFE0, 0xFFE6},
                              CharacterRange{0x1F300, 0x1F64F},
                              CharacterRange{0x1F680, 0x1F6FF},
                              CharacterRange{0x1F900, 0x1FAFF},
                              CharacterRange{0x20000, 0x3FFFD}};

template <std::size_t N>
bool is_in(const std::array<CharacterRange, N>& ranges, char32_t character) {
  return std::ranges::any_of(
      ranges, [character](const CharacterRange& range) { return character >= range.first && character <= range.last; });
}

std::size_t character_width(char32_t character) {
  if (is_in(kCombining, character)) return 0;
  return is_in(kWide, character) ? 2 : 1;
}

/// Calls `visit(character, bytes)` for each character; what is no UTF-8 is U+FFFD, a byte each.
template <class Visit>
void for_each_character(std::string_view text, const Visit& visit) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(text, at);
    if (length == 0) {
      visit(U'\uFFFD', std::string_view("\xEF\xBF\xBD"));
      ++at;
    } else {
      visit(utf8_decode(text, at, length), text.substr(at, length));
      at += length;
    }
  }
}

/// One line as several.
std::string wrap_line(std::string_view line, std::size_t width) {
  const std::string_view indent = line.substr(0, std::min(line.find_first_not_of(" \t"), line.size()));
  std::string out(indent);
  std::size_t used = indent.size();
  bool fresh = true;
  for (std::size_t at = indent.size(); at < line.size();) {
    const std::size_t end = std::min(line.find(' ', at), line.size());
    const std::string_view word = line.substr(at, end - at);
    at = end + 1;
    if (word.empty()) continue;
    const std::size_t wanted = display_width(word);
    if (!fresh && used + 1 + wanted > width) {
      out.append("\n").append(indent);
      used = indent.size();
    } else if (!fresh) {
      out += ' ';
      ++used;
    }
    out += word;
    used += wanted;
    fresh = false;
  }
  return out;
}

}  // namespace

std::string clean_line(std::string_view text) {
  std::string out;
  for_each_character(text, [&out](char32_t character, std::string_view bytes) {
    if (character == ' ' || character == '\n' || character == '\t' || character == '\r') {
      if (!out.empty() && out.back() != ' ') out += ' ';
    } else if (is_unprintable(character)) {
      out += '?';
    } else {
      out += bytes;
    }
  });
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

std::string clean_text(std::string_view text) {
  std::string out;
  for_each_character(text, [&out](char32_t character, std::string_view bytes) {
    if (character != '\n' && character != '\t' && is_unprintable(character)) {
      out += character == '\r' ? "" : "?";
    } else {
      out += bytes;
    }
  });
  return out;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for_each_character(text, [&width](char32_t character, std::string_view) { width += character_width(character); });
  return width;
}

std::string cut_to_width(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  std::string out;
  std::size_t used = 1;  // of the ellipsis
  bool full = false;
  for_each_character(text, [&](char32_t character, std::string_view bytes) {
    const std::size_t wanted = character_width(character);
    full = full || used + wanted > width;
    if (full) return;
    used += wanted;
    out += bytes;
  });
  return width == 0 ? std::string() : out + "…";
}

std::string wrap_words(std::string_view text, std::size_t width) {
  std::string out;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    if (begin > 0) out += '\n';
    begin = end + 1;
    out += display_width(line) <= width ? std::string(line) : wrap_line(line, width);
  }
  return out;
}

std::string duration_text(std::chrono::milliseconds duration) {
  const auto count = duration.count();
  constexpr std::chrono::milliseconds::rep kSecond = 1000, kMinute = 60 * kSecond, kHour = 60 * kMinute, kDay = 24 * kHour;
  if (count < kSecond) return std::to_string(count) + " ms";
  if (count < 2 * kMinute) return std::to_string(count / kSecond) + " s";
  if (count < 2 * kHour) return std::to_string(count / kMinute) + " min";
  if (count < 2 * kDay) return std::to_string(count / kHour) + " h";
  return std::to_string(count / kDay) + " d";
}

}  // namespace gateway
