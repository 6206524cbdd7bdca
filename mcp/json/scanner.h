#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace mcp {

/// The deepest nesting any reader of ours accepts: a bit for each open container is all a scan keeps.
inline constexpr int kMaxJsonDepth = 128;

/// A member's key as it stands in the text, without its quotes, not decoded.
struct JsonKey {
  std::string_view text;
  bool has_escapes = false;
};

/// A cursor over JSON text that checks what it steps over: RFC 8259 grammar, well-formed UTF-8, no more than the allowed depth. No
/// recursion over the text's nesting, no allocation.
///
/// With `Char` = char the text is mended as the cursor passes: line breaks between tokens become spaces, and the escape of a lone
/// surrogate, which JavaScript writes where it cut a text within an emoji and which strict readers refuse, becomes that of U+FFFD,
/// as long as it was. With const char the text stays as it is, and a lone surrogate is a problem.
///
/// Every function that steps returns false where the text is wrong: the cursor then stands at the offending byte and problem()
/// says what is wrong. Nothing may be called after that but the questions.
template <class Char>
class JsonScanner {
 public:
  JsonScanner(Char* begin, Char* end, int max_depth = kMaxJsonDepth)
      : begin_(begin), p_(begin), end_(end), max_depth_(max_depth < kMaxJsonDepth ? max_depth : kMaxJsonDepth) {}

  /// The byte under the cursor; NUL at the end, which is no valid byte between tokens either.
  char peek() const { return p_ != end_ ? *p_ : '\0'; }
  std::size_t position() const { return static_cast<std::size_t>(p_ - begin_); }

  void skip_space() {
    // No byte above the space is white space: mostly, one comparison is all.
    while (p_ != end_ && static_cast<unsigned char>(*p_) <= ' ' && is_space())
      ++p_;
  }

  /// Steps over the value that starts under the cursor.
  bool value();

  /// Steps over the object that starts under the cursor. `on_member(const JsonKey&)` is called with the cursor at each member's
  /// value, must step over it, and hands on whether that worked.
  template <class OnMember>
  bool object(OnMember&& on_member) {
    if (!open(Container::object)) return false;
    for (skip_space(); peek() != '}';) {
      JsonKey found;
      if (!key(found) || !on_member(static_cast<const JsonKey&>(found)) || !separator('}')) return false;
    }
    close();
    return true;
  }

  /// Steps over the array that starts under the cursor; `on_element()` as above.
  template <class OnElement>
  bool array(OnElement&& on_element) {
    if (!open(Container::array)) return false;
    for (skip_space(); peek() != ']';) {
      if (!on_element() || !separator(']')) return false;
    }
    close();
    return true;
  }

  /// White space up to the end of the text, and nothing else.
  bool finish();

  /// "" until something is wrong.
  std::string_view problem() const { return problem_; }
  /// The text may be JSON, but is nested deeper than allowed.
  bool too_deep() const { return too_deep_; }

 private:
  enum class Container : std::uint64_t { array = 0, object = 1 };
  enum class Step { value, end, failed };

  bool is_space();
  bool open(Container container);
  void close();
  Container container() const;
  bool separator(char closing);
  bool key(JsonKey& found);
  bool string(bool& has_escapes);
  bool unicode_escape();
  bool mend_surrogate();
  bool number();
  bool digits();
  bool word(std::string_view expected);
  bool scalar();
  Step begin_value();
  Step next_value(int base);
  bool fail(std::string_view problem);

  Char* begin_;
  Char* p_;
  Char* end_;
  int max_depth_;
  int depth_ = 0;
  std::uint64_t objects_[kMaxJsonDepth / 64] = {};  // bit d: the container open at depth d is an object
  JsonKey ignored_;                                 // of members nobody asked about
  std::string_view problem_;
  bool too_deep_ = false;
};

extern template class JsonScanner<char>;
extern template class JsonScanner<const char>;

}  // namespace mcp
