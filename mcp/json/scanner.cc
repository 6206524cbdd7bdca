#include "mcp/json/scanner.h"

#include "mcp/json/chars.h"

namespace mcp {

template <class Char>
bool JsonScanner<Char>::is_space() {
  if (*p_ == '\n' || *p_ == '\r') {
    if constexpr (!std::is_const_v<Char>) *p_ = ' ';
    return true;
  }
  return *p_ == ' ' || *p_ == '\t';
}

template <class Char>
bool JsonScanner<Char>::fail(std::string_view problem) {
  problem_ = p_ != end_ ? problem : "unexpected end";
  return false;
}

template <class Char>
bool JsonScanner<Char>::open(Container container) {
  if (depth_ >= max_depth_) {
    too_deep_ = true;
    return fail("too deeply nested");
  }
  const auto bit = std::uint64_t{1} << (depth_ % 64);
  std::uint64_t& word = objects_[depth_ / 64];
  word = container == Container::object ? word | bit : word & ~bit;
  ++depth_;
  ++p_;
  return true;
}

template <class Char>
void JsonScanner<Char>::close() {
  --depth_;
  ++p_;
}

template <class Char>
typename JsonScanner<Char>::Container JsonScanner<Char>::container() const {
  const int open = depth_ - 1;
  return static_cast<Container>((objects_[open / 64] >> (open % 64)) & 1);
}

/// After a member or an element: a comma and the start of the next one, or the closing bracket, which stays under the cursor.
template <class Char>
bool JsonScanner<Char>::separator(char closing) {
  skip_space();
  if (peek() == closing) return true;
  if (peek() != ',') return fail(closing == '}' ? "expected ',' or '}'" : "expected ',' or ']'");
  ++p_;
  skip_space();
  return peek() != closing || fail(closing == '}' ? "expected a member after ','" : "expected a value after ','");
}

/// A key and its colon, up to the value.
template <class Char>
bool JsonScanner<Char>::key(JsonKey& found) {
  if (peek() != '"') return fail("expected a quoted member name");
  const char* begin = p_ + 1;
  if (!string(found.has_escapes)) return false;
  found.text = std::string_view(begin, static_cast<std::size_t>(p_ - 1 - begin));
  skip_space();
  if (peek() != ':') return fail("expected ':'");
  ++p_;
  skip_space();
  return true;
}

template <class Char>
bool JsonScanner<Char>::string(bool& has_escapes) {
  ++p_;
  while (true) {
    p_ += skip_simple(p_, end_, has_escapes) - p_;
    if (p_ == end_) return fail("unexpected end");
    const auto c = static_cast<unsigned char>(*p_);
    if (c == '"') break;
    if (c == '\\') {
      has_escapes = true;
      if (!unicode_escape()) return false;
    } else if (c < 0x20) {
      return fail("control character in a string");
    } else {
      do {
        const int length = utf8_sequence(p_, end_);
        if (length == 0) return fail("invalid UTF-8");
        p_ += length;
      } while (p_ != end_ && static_cast<unsigned char>(*p_) >= 0x80);
    }
  }
  ++p_;
  return true;
}

/// Any escape but the simple ones.
template <class Char>
bool JsonScanner<Char>::unicode_escape() {
  const int unit = end_ - p_ >= 6 && p_[1] == 'u' ? hex4(p_ + 2, end_) : -1;
  if (unit < 0) return fail("invalid escape");
  if (unit >= 0xD800 && unit <= 0xDFFF) {
    const bool followed = unit <= 0xDBFF && end_ - p_ >= 12 && p_[6] == '\\' && p_[7] == 'u';
    const int low = followed ? hex4(p_ + 8, end_) : -1;
    if (low >= 0xDC00 && low <= 0xDFFF) {
      p_ += 6;
    } else if (!mend_surrogate()) {
      return fail("lone surrogate escape");
    }
  }
  p_ += 6;
  return true;
}

/// Makes the escape under the cursor that of the replacement character, where the text may be written to.
template <class Char>
bool JsonScanner<Char>::mend_surrogate() {
  if constexpr (std::is_const_v<Char>) {
    return false;
  } else {
    std::string_view("fffd").copy(p_ + 2, 4);
    return true;
  }
}

/// One digit at least.
template <class Char>
bool JsonScanner<Char>::digits() {
  const Char* first = p_;
  while (p_ != end_ && *p_ >= '0' && *p_ <= '9')
    ++p_;
  return p_ != first || fail("expected a digit");
}

template <class Char>
bool JsonScanner<Char>::number() {
  if (peek() == '-') ++p_;
  if (peek() == '0') {
    ++p_;
  } else if (!digits()) {
    return false;
  }
  if (peek() == '.') {
    ++p_;
    if (!digits()) return false;
  }
  if (peek() != 'e' && peek() != 'E') return true;
  ++p_;
  if (peek() == '+' || peek() == '-') ++p_;
  return digits();
}

template <class Char>
bool JsonScanner<Char>::word(std::string_view expected) {
  if (!std::string_view(p_, static_cast<std::size_t>(end_ - p_)).starts_with(expected)) return fail("expected a value");
  p_ += expected.size();
  return true;
}

template <class Char>
bool JsonScanner<Char>::scalar() {
  bool has_escapes = false;
  switch (peek()) {
    case '"':
      return string(has_escapes);
    case 't':
      return word("true");
    case 'f':
      return word("false");
    case 'n':
      return word("null");
    default:
      if (peek() == '-' || (peek() >= '0' && peek() <= '9')) return number();
      return fail("expected a value");
  }
}

/// At the first byte of a value. `value`: it is a container, and the cursor now stands at the first value in it. `end`: the value
/// has ended.
template <class Char>
typename JsonScanner<Char>::Step JsonScanner<Char>::begin_value() {
  const char c = peek();
  if (c != '{' && c != '[') return scalar() ? Step::end : Step::failed;
  if (!open(c == '{' ? Container::object : Container::array)) return Step::failed;
  skip_space();
  if (peek() == (c == '{' ? '}' : ']')) {
    close();
    return Step::end;
  }
  JsonKey unused;
  return c == '[' || key(unused) ? Step::value : Step::failed;
}

/// After a value: closes what ends here. `value`: the cursor stands at the next value. `end`: all down to depth `base` has ended.
template <class Char>
typename JsonScanner<Char>::Step JsonScanner<Char>::next_value(int base) {
  JsonKey unused;
  while (depth_ != base) {
    const bool in_object = container() == Container::object;
    const char closing = in_object ? '}' : ']';
    if (!separator(closing)) return Step::failed;
    if (peek() != closing) return !in_object || key(unused) ? Step::value : Step::failed;
    close();
  }
  return Step::end;
}

template <class Char>
bool JsonScanner<Char>::value() {
  const int base = depth_;
  while (true) {
    Step step = begin_value();
    if (step == Step::end) step = next_value(base);
    if (step != Step::value) return step == Step::end;
  }
}

template <class Char>
bool JsonScanner<Char>::finish() {
  skip_space();
  return p_ == end_ || fail("expected the end of the text");
}

template class JsonScanner<char>;
template class JsonScanner<const char>;

}  // namespace mcp
