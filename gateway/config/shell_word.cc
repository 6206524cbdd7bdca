#include "gateway/config/shell_word.h"

#include <algorithm>

#include "mcp/base/percent.h"

namespace gateway {

std::string shell_word(std::string_view text) {
  static constexpr std::string_view kPlain = "/:@%+=,";  // besides the unreserved
  const auto plain = [](char c) { return (c != '~' && mcp::is_unreserved(c)) || kPlain.find(c) != std::string_view::npos; };
  if (!text.empty() && std::ranges::all_of(text, plain)) return std::string(text);
  std::string word = "'";
  for (const char c : text) {
    if (c == '\'') {
      word += R"('\'')";
    } else {
      word += c;
    }
  }
  return word + "'";
}

}  // namespace gateway
