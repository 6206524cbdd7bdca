#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/jsonc.h"

namespace gateway {

/// Walks over a text for the parser of jsonc.h: places, white space, comments, words, numbers and strings. Keeps the problems found
/// and stops accepting more (and gives up) at a bound.
class JsoncScanner {
 public:
  explicit JsoncScanner(std::string_view text);

  bool at_end() const { return offset_ >= text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[offset_]; }
  void skip_one() { ++offset_; }
  std::size_t offset() const { return offset_; }
  std::string_view text() const { return text_; }

  /// The place of the current byte. Cheap, because places are only ever asked for in the order of the text.
  TextPosition position();

  /// Over white space and comments; false when a comment never ends.
  bool skip_space();

  /// What stands here, for "found …".
  std::string found() const;

  /// Reads a string with its opening quote here; false when it has no end.
  bool read_string(std::string& out);

  /// Reads a number into `node`; a malformed one is a problem and is skipped.
  void read_number(JsonNode& node);

  /// Reads the letters, digits and such from here.
  std::string read_word();

  void problem(TextPosition at, std::string message);
  bool given_up() const { return problems_.size() >= kMaxProblems; }
  std::vector<JsonProblem> take_problems() { return std::move(problems_); }

  /// The path of the value being read; set by the parser.
  std::string path;

 private:
  static constexpr std::size_t kMaxProblems = 20;

  bool skip_block_comment();
  void skip_line();
  void read_escape(std::string& out);
  char32_t read_hex4();
  void read_unicode_escape(std::string& out, TextPosition at);

  std::string_view text_;
  std::size_t offset_ = 0;
  std::size_t placed_offset_ = 0;  // where placed_ was computed
  TextPosition placed_;
  std::vector<JsonProblem> problems_;
};

}  // namespace gateway
