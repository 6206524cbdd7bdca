#include "mcp/transport/challenge.h"

#include <algorithm>
#include <string>
#include <utility>

#include "mcp/base/ascii.h"

namespace mcp {
namespace {

constexpr std::string_view kBlanks = " \t";

bool ends_word(char c) {
  return std::string_view(" \t,=\"").contains(c);
}

void skip_blanks(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
}

std::string_view take_word(std::string_view& text) {
  const auto end = std::ranges::find_if(text, ends_word);
  const auto word = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(word.size());
  return word;
}

/// A quoted string (RFC 9110, 5.6.4), without its quotes; to the end of the text where it is not closed.
std::string take_quoted(std::string_view& text) {
  std::string value;
  text.remove_prefix(1);
  while (!text.empty()) {
    if (text.front() == '\\' && text.size() > 1)
      text.remove_prefix(1);
    else if (text.front() == '"')
      break;
    value += text.front();
    text.remove_prefix(1);
  }
  if (!text.empty()) text.remove_prefix(1);
  return value;
}

}  // namespace

bool wants_more_scope(std::string_view challenges) {
  while (!challenges.empty()) {
    const auto name = take_word(challenges);
    if (name.empty()) {
      // What stands between words, and a string that is nobody's value.
      if (challenges.front() == '"')
        take_quoted(challenges);
      else
        challenges.remove_prefix(1);
      continue;
    }
    skip_blanks(challenges);
    if (!challenges.starts_with('=')) continue;
    challenges.remove_prefix(1);
    skip_blanks(challenges);
    const std::string value = challenges.starts_with('"') ? take_quoted(challenges) : std::string(take_word(challenges));
    if (equals_ignoring_case(name, "error") && value == "insufficient_scope") return true;
  }
  return false;
}

}  // namespace mcp
