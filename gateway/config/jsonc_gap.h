#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "gateway/config/jsonc.h"

namespace gateway {

/// A part of a text, in bytes.
struct TextSpan {
  std::size_t begin = 0, end = 0;
};

/// What stands between two values, or between a bracket and a value.
struct JsoncGap {
  std::vector<TextSpan> comments;    // of "//": without its line's end
  std::optional<std::size_t> comma;  // at most one, since the text is valid
  std::size_t end = 0;               // the next value or bracket, or the end of the text
};

/// The gap that begins at `from`. The text was parsed without problems.
JsoncGap read_gap(std::string_view text, std::size_t from);

/// An array or an object as its brackets and what it holds: items, or members from their key to the end of their value.
struct JsoncContainer {
  std::size_t open = 0, close = 0;  // the brackets
  std::vector<TextSpan> elements;

  explicit JsoncContainer(const JsonNode& node);
};

/// Where the line of this place begins; a byte order mark is not part of it.
std::size_t line_begin(std::string_view text, std::size_t at);

/// Whether nothing but blanks stands before this place on its line.
bool begins_line(std::string_view text, std::size_t at);

/// The blanks that the line of this place begins with.
std::string_view indent_of_line(std::string_view text, std::size_t at);

/// The first place from `at` on that holds no blank (space or tab).
std::size_t skip_blanks(std::string_view text, std::size_t at);

/// Behind the line's end that begins at this place ("\n" or "\r\n"), or nothing where none does.
std::optional<std::size_t> behind_line_end(std::string_view text, std::size_t at);

/// The end of the last comment that begins on the line of `at`, with nothing but blanks and comments between; else `at`.
std::size_t behind_comments_of_line(std::string_view text, std::size_t at);

/// Whether a line ends between the two places.
bool spans_lines(std::string_view text, std::size_t begin, std::size_t end);

}  // namespace gateway
