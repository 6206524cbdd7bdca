#include "mcp/schema/ecma_regex.h"

#include <array>
#include <optional>
#include <utility>

#include "mcp/json/chars.h"
#include "mcp/schema/regex_property.h"

namespace mcp::schema {
namespace {

constexpr char32_t kLastCodePoint = 0x10FFFF;

struct Range {
  char32_t first, last;
};

/// What \s stands for, in order.
constexpr std::array<Range, 10> kSpaces = {{{0x9, 0xD},
                                            {0x20, 0x20},
                                            {0xA0, 0xA0},
                                            {0x1680, 0x1680},
                                            {0x2000, 0x200A},
                                            {0x2028, 0x2029},
                                            {0x202F, 0x202F},
                                            {0x205F, 0x205F},
                                            {0x3000, 0x3000},
                                            {0xFEFF, 0xFEFF}}};

bool is_letter_or_digit(char32_t c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

std::string code_point_escape(char32_t c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string digits;
  for (; c != 0 || digits.empty(); c >>= 4)
    digits.insert(digits.begin(), kHex[c & 15]);
  return "\\x{" + digits + "}";
}

/// A part of a class, or a literal outside of one.
std::string quoted(char32_t c) {
  return is_letter_or_digit(c) ? std::string(1, static_cast<char>(c)) : code_point_escape(c);
}

std::string quoted(Range range) {
  return quoted(range.first) + (range.first == range.last ? "" : "-" + quoted(range.last));
}

/// For within a class.
std::string spaces() {
  std::string out;
  for (const Range& range : kSpaces)
    out += quoted(range);
  return out;
}

std::string all_but_spaces() {
  std::string out;
  char32_t next = 0;
  for (const Range& range : kSpaces) {
    out += quoted({next, range.first - 1});
    next = range.last + 1;
  }
  return out + quoted({next, kLastCodePoint});
}

/// What an escape stands for: one character, or text for a class ("\d").
struct Atom {
  std::optional<char32_t> character;
  std::string set;
};

class Translator {
 public:
  explicit Translator(std::string_view pattern) : p_(pattern.data()), end_(pattern.data() + pattern.size()) {}

  Result<std::string> run() {
    while (p_ != end_ && problem_.empty())
      step();
    if (!problem_.empty()) return fail(ErrorCode::invalid_params, problem_);
    return std::move(out_);
  }

 private:
  char peek(int ahead = 0) const { return end_ - p_ > ahead ? p_[ahead] : '\0'; }
  std::string_view rest() const { return {p_, static_cast<std::size_t>(end_ - p_)}; }

  bool take(std::string_view expected) {
    if (!rest().starts_with(expected)) return false;
    p_ += expected.size();
    return true;
  }

  void refuse(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
  }

  char32_t take_code_point() {
    const auto lead = static_cast<unsigned char>(*p_);
    const int length = lead < 0x80 ? 1 : utf8_sequence(p_, end_);
    if (length <= 1) {
      ++p_;
      return lead;
    }
    char32_t c = lead & (0xFFU >> (length + 1));
    for (int i = 1; i < length; ++i)
      c = (c << 6) | (static_cast<unsigned char>(p_[i]) & 0x3FU);
    p_ += length;
    return c;
  }

  void step() {
    switch (*p_) {
      case '\\':
        ++p_;
        return escape();
      case '[':
        ++p_;
        return character_class();
      case '(':
        ++p_;
        return group();
      case '.':
        ++p_;
        out_ += R"([^\n\r\x{2028}\x{2029}])";
        return;
      case '{':
        return brace();
      case '^':
      case '$':
      case '|':
      case ')':
      case '*':
      case '+':
      case '?':
        out_ += *p_++;
        return;
      default:
        out_ += quoted(take_code_point());
    }
  }

  void group() {
    out_ += "(?:";
    if (!take("?") || take(":")) return;
    if (take("=") || take("!")) return refuse("it has a lookahead");
    if (take("<=") || take("<!")) return refuse("it has a lookbehind");
    const std::size_t end = rest().find('>');
    if (!take("<") || end == std::string_view::npos) return refuse("it has a group of an unknown kind");
    p_ += end;
  }

  /// A count, or a brace that stands for itself: not allowed, yet common and clear.
  void brace() {
    const char* begin = p_++;
    const auto digits = [&] {
      const char* first = p_;
      while (peek() >= '0' && peek() <= '9')
        ++p_;
      return p_ != first;
    };
    bool is_count = digits();
    if (is_count && take(",")) digits();
    is_count = is_count && take("}");
    if (is_count) {
      out_.append(begin, p_);
    } else {
      p_ = begin + 1;
      out_ += quoted('{');
    }
  }

  /// Behind a backslash, outside of a class.
  void escape() {
    if (peek() == 'b' || peek() == 'B') {
      out_ += '\\';
      out_ += *p_++;
      return;
    }
    const Atom atom = escaped_atom();
    out_ += atom.character ? quoted(*atom.character) : "[" + atom.set + "]";
  }

  Atom escaped_atom() {
    if (p_ == end_) return refused("it ends in a backslash");
    switch (const char c = *p_) {
      case 'd':
      case 'D':
      case 'w':
      case 'W':
        ++p_;
        return {.character = {}, .set = std::string("\\") + c};
      case 's':
        ++p_;
        return {.character = {}, .set = spaces()};
      case 'S':
        ++p_;
        return {.character = {}, .set = all_but_spaces()};
      case 'p':
      case 'P':
        ++p_;
        return property(c);
      default:
        return escaped_character();
    }
  }

  Atom escaped_character() {
    constexpr std::string_view kLetters = "nrtfv", kMeanings = "\n\r\t\f\v";
    const char32_t c = take_code_point();
    if (!is_letter_or_digit(c)) return {.character = c, .set = {}};
    if (const std::size_t at = kLetters.find(static_cast<char>(c)); at != std::string_view::npos) {
      return {.character = static_cast<char32_t>(kMeanings[at]), .set = {}};
    }
    const bool digit_follows = peek() >= '0' && peek() <= '9';
    if (c == '0' && !digit_follows) return {.character = 0, .set = {}};
    if (c == 'c' && is_letter_or_digit(static_cast<unsigned char>(peek())) && peek() > '9') {
      return {.character = static_cast<char32_t>(*p_++) & 31U, .set = {}};
    }
    if (c == 'x') return hexadecimal(2);
    if (c == 'u') return unicode();
    if ((c >= '0' && c <= '9') || c == 'k') return refused("it has a backreference");
    return refused(std::string("it has an escape that ECMA-262 does not know: \\") + static_cast<char>(c));
  }

  std::optional<char32_t> take_hexadecimal(int digits) {
    std::string padded =
        std::string(static_cast<std::size_t>(4 - digits), '0') + std::string(rest().substr(0, static_cast<std::size_t>(digits)));
    const int value = hex4(padded.data(), padded.data() + padded.size());
    if (value < 0) return std::nullopt;
    p_ += digits;
    return static_cast<char32_t>(value);
  }

  Atom hexadecimal(int digits) {
    const auto value = take_hexadecimal(digits);
    return value ? Atom{.character = value, .set = {}} : refused("it has an incomplete escape");
  }

  /// Behind "\u": four digits, two times four for one character, or any number in braces.
  Atom unicode() {
    if (take("{")) return braced_code_point();
    const auto unit = take_hexadecimal(4);
    if (!unit) return refused("it has an incomplete escape");
    if (*unit < 0xD800 || *unit > 0xDFFF) return {.character = unit, .set = {}};
    const auto low = *unit <= 0xDBFF && take("\\u") ? take_hexadecimal(4) : std::nullopt;
    if (!low || *low < 0xDC00 || *low > 0xDFFF) return refused("it has half a character (a lone surrogate)");
    return {.character = 0x10000 + ((*unit - 0xD800) << 10) + (*low - 0xDC00), .set = {}};
  }

  Atom braced_code_point() {
    char32_t value = 0;
    int digits = 0;
    for (; digits < 7 && peek() != '}'; ++digits) {
      const auto digit = take_hexadecimal(1);
      if (!digit) break;
      value = value * 16 + *digit;
    }
    const bool valid = digits > 0 && value <= kLastCodePoint && (value < 0xD800 || value > 0xDFFF);
    if (!valid || !take("}")) return refused("it has an escape of no character");
    return {.character = value, .set = {}};
  }

  /// Behind "\p".
  Atom property(char letter) {
    const std::size_t end = rest().find('}');
    if (!take("{") || end == std::string_view::npos) return refused("it has an incomplete escape");
    const std::string_view name(p_, end - 1);
    p_ += end;
    const std::string known = re2_property(name);
    if (known.empty()) return refused("it has a property that RE2 does not know: " + std::string(name));
    return {.character = {}, .set = std::string("\\") + letter + "{" + known + "}"};
  }

  /// Behind the bracket.
  void character_class() {
    const bool negated = take("^");
    if (take("]")) {
      out_ += negated ? "(?s:.)" : "[^" + quoted({0, kLastCodePoint}) + "]";
      return;
    }
    out_ += negated ? "[^" : "[";
    while (problem_.empty() && !take("]"))
      class_item();
    out_ += ']';
  }

  void class_item() {
    const Atom first = class_atom();
    const bool is_range = peek() == '-' && peek(1) != ']' && peek(1) != '\0';
    if (!is_range || !first.character) {
      out_ += first.character ? quoted(*first.character) : first.set;
      return;
    }
    ++p_;
    const Atom last = class_atom();
    if (!last.character) {
      out_ += quoted(*first.character) + quoted('-') + last.set;
    } else if (*last.character < *first.character) {
      refuse("it has a range from a later to an earlier character");
    } else {
      out_ += quoted({*first.character, *last.character});
    }
  }

  Atom class_atom() {
    if (p_ == end_) return refused("it has a class without an end");
    if (!take("\\")) return {.character = take_code_point(), .set = {}};
    if (take("b")) return {.character = '\b', .set = {}};
    return escaped_atom();
  }

  Atom refused(std::string problem) {
    refuse(std::move(problem));
    p_ = end_;
    return {.character = 0, .set = {}};
  }

  const char* p_;
  const char* end_;
  std::string out_;
  std::string problem_;
};

}  // namespace

Result<std::string> translate_ecma_regex(std::string_view pattern) {
  return Translator(pattern).run();
}

}  // namespace mcp::schema
