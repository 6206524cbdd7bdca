#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mcp {

/// Text as protocols understand it: only the letters of ASCII have two cases, whatever the locale.
constexpr char ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

std::string ascii_lower(std::string_view text);

constexpr bool equals_ignoring_case(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return false;
  if (left.empty()) return true;
  // Names are mostly spelled as one expects, or differ at once.
  if (ascii_lower(left.front()) != ascii_lower(right.front())) return false;
  if (left == right) return true;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (left[i] != right[i] && ascii_lower(left[i]) != ascii_lower(right[i])) return false;
  }
  return true;
}

/// Without the spaces and tabs around it.
std::string_view trim_blanks(std::string_view text);

}  // namespace mcp
