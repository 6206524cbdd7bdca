#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace gateway {

/// The text as one harmless line for a terminal: runs of white space become one blank, control characters and those that show
/// nothing or turn the direction of writing become '?', invalid UTF-8 becomes U+FFFD. Everything a server or a file said goes
/// through here before people see it.
std::string clean_line(std::string_view text);

/// The same for several lines: line feeds and tabs stay.
std::string clean_text(std::string_view text);

/// Columns a terminal takes for it: 2 for wide characters, 0 for combining ones. `text` is clean.
std::size_t display_width(std::string_view text);

/// At most `width` columns of it, the last one "…" where something was left out. `text` is clean.
std::string cut_to_width(std::string_view text, std::size_t width);

/// Lines longer than `width` columns broken between words, as far indented as they were; a longer word stays whole. `text` is
/// clean.
std::string wrap_words(std::string_view text, std::size_t width);

/// "850 ms", "45 s", "12 min", "3 h", "4 d".
std::string duration_text(std::chrono::milliseconds duration);

}  // namespace gateway
