#include "gateway/config/jsonc_scanner.h"

#include <charconv>
#include <system_error>
#include <utility>

#include "gateway/config/utf8.h"

namespace gateway {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' || c == '.' || c == '$' ||
         c == '+';
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// JSON's own grammar: -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?
bool is_json_number(std::string_view word) {
  std::size_t i = 0;
  const auto is_at = [&](std::string_view any) { return i < word.size() && any.contains(word[i]); };
  const auto digits = [&] {
    const std::size_t start = i;
    while (i < word.size() && is_digit(word[i]))
      ++i;
    return i > start;
  };
  if (is_at("-")) ++i;
  const std::size_t first = i;
  if (!digits() || (word[first] == '0' && i > first + 1)) return false;
  if (is_at(".")) {
    ++i;
    if (!digits()) return false;
  }
  if (is_at("eE")) {
    ++i;
    if (is_at("+-")) ++i;
    if (!digits()) return false;
  }
  return i == word.size();
}

constexpr std::string_view kHalf = "half of a surrogate pair (a lone surrogate), which is no character; both halves are needed";

/// U+D800 to U+DFFF as UTF-8 would write them, if it had them: some programs write so what they have read as an escape.
bool is_surrogate_byte_by_byte(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  return text.size() >= 3 && byte(0) == 0xED && byte(1) >= 0xA0 && byte(1) <= 0xBF && byte(2) >= 0x80 && byte(2) <= 0xBF;
}

bool is_typographic_quote(char32_t c) {
  return (c >= 0x2018 && c <= 0x201F) || c == 0xAB || c == 0xBB;
}

}  // namespace

JsoncScanner::JsoncScanner(std::string_view text) : text_(text) {
  if (text_.starts_with("\xEF\xBB\xBF")) offset_ = placed_offset_ = 3;
}

TextPosition JsoncScanner::position() {
  for (; placed_offset_ < offset_ && placed_offset_ < text_.size(); ++placed_offset_) {
    const unsigned char byte = static_cast<unsigned char>(text_[placed_offset_]);
    if (byte == '\n') {
      ++placed_.line;
      placed_.column = 1;
    } else if ((byte & 0xC0) != 0x80) {
      ++placed_.column;
    }
  }
  return placed_;
}

void JsoncScanner::problem(TextPosition at, std::string message) {
  if (!given_up()) problems_.push_back({at, path, std::move(message)});
}

void JsoncScanner::skip_line() {
  while (!at_end() && peek() != '\n')
    ++offset_;
}

bool JsoncScanner::skip_block_comment() {
  const TextPosition opening = position();
  const std::size_t close = text_.find("*/", offset_ + 2);
  if (close == std::string_view::npos) {
    problem(opening, "the comment that begins here never ends; expected \"*/\"");
    return false;
  }
  offset_ = close + 2;
  return true;
}

bool JsoncScanner::skip_space() {
  while (!at_end()) {
    const char c = peek();
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      ++offset_;
    } else if (c == '/' && text_.substr(offset_).starts_with("//")) {
      skip_line();
    } else if (c == '/' && text_.substr(offset_).starts_with("/*")) {
      if (!skip_block_comment()) return false;
    } else if (c == '#') {
      problem(position(), "a comment begins with \"//\", not with '#'");
      skip_line();
    } else {
      return true;
    }
  }
  return true;
}

std::string JsoncScanner::found() const {
  if (at_end()) return "the end of the file";
  const std::size_t length = utf8_length(text_, offset_);
  if (length == 0) return "a byte that is not UTF-8";
  const char32_t c = utf8_decode(text_, offset_, length);
  if (c == '"') return "a string";
  if (c < 0x80 && is_word(static_cast<char>(c))) {
    std::size_t end = offset_;
    while (end < text_.size() && is_word(text_[end]))
      ++end;
    return quoted(text_.substr(offset_, end - offset_));
  }
  if (is_unprintable(c)) return "an invisible character";
  std::string out = "'";
  out.append(text_, offset_, length).append("'");
  if (is_typographic_quote(c)) out += " (a typographic quote; write \")";
  return out;
}

std::string JsoncScanner::read_word() {
  const std::size_t start = offset_;
  while (!at_end() && is_word(peek()))
    ++offset_;
  return std::string(text_.substr(start, offset_ - start));
}

void JsoncScanner::read_number(JsonNode& node) {
  const TextPosition at = position();
  node.kind = JsonNode::Kind::number;
  node.text = read_word();
  if (!is_json_number(node.text)) {
    problem(at, quoted(node.text) + " is not a number as JSON writes it");
    return;
  }
  const auto [end, error] = std::from_chars(node.text.data(), node.text.data() + node.text.size(), node.number);
  if (error != std::errc{}) problem(at, quoted(node.text) + " is beyond what a number can hold");
}

bool JsoncScanner::read_string(std::string& out) {
  const TextPosition opening = position();
  ++offset_;
  while (!at_end()) {
    const char c = peek();
    if (c == '"') {
      ++offset_;
      return true;
    }
    if (c == '\n' || c == '\r') break;
    if (c == '\\') {
      read_escape(out);
      continue;
    }
    const std::size_t length = utf8_length(text_, offset_);
    if (length == 0) {
      const bool half = is_surrogate_byte_by_byte(text_.substr(offset_));
      problem(position(), half ? std::string(kHalf) : "a byte that is not UTF-8; save the file as UTF-8");
      return false;
    }
    if (static_cast<unsigned char>(c) < 0x20) {
      problem(position(),
              c == '\t' ? "a tab inside a string is written \\t" : "a control character inside a string is written \\u00XX");
    }
    out.append(text_, offset_, length);
    offset_ += length;
  }
  problem(opening, "the string that begins here has no closing quote on its line");
  return false;
}

void JsoncScanner::read_escape(std::string& out) {
  const TextPosition at = position();
  ++offset_;
  const char c = peek();
  if (at_end() || c == '\n' || c == '\r') return;
  static constexpr std::string_view kLetters = "\"\\/bfnrt";
  static constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  if (const std::size_t i = kLetters.find(c); i != std::string_view::npos) {
    out += kMeanings[i];
    ++offset_;
  } else if (c == 'u') {
    ++offset_;
    read_unicode_escape(out, at);
  } else {
    problem(at, "a lone backslash; in a string it is written twice: \\\\");
  }
}

char32_t JsoncScanner::read_hex4() {
  char32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const int digit = offset_ + i < text_.size() ? hex_value(text_[offset_ + i]) : -1;
    if (digit < 0) return 0xFFFFFFFF;
    value = value * 16 + static_cast<char32_t>(digit);
  }
  offset_ += 4;
  return value;
}

void JsoncScanner::read_unicode_escape(std::string& out, TextPosition at) {
  char32_t value = read_hex4();
  if (value == 0xFFFFFFFF) {
    problem(at, "expected four hexadecimal digits after \\u");
    return;
  }
  if (value >= 0xD800 && value <= 0xDBFF && text_.substr(offset_).starts_with("\\u")) {
    const std::size_t mark = offset_;
    offset_ += 2;
    const char32_t low = read_hex4();
    if (low >= 0xDC00 && low <= 0xDFFF) {
      value = 0x10000 + ((value - 0xD800) << 10) + (low - 0xDC00);
    } else {
      offset_ = mark;
    }
  }
  if (value >= 0xD800 && value <= 0xDFFF) problem(at, std::string(kHalf));
  utf8_append(out, value);
}

}  // namespace gateway
