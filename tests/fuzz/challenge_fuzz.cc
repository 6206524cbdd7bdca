#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "oauth/challenge.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

/// Every header is read within its bounds; what was read of it, written anew, is read the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  const auto challenges = oauth::parse_challenges(text);
  static_cast<void>(oauth::find_bearer_challenge(text));
  if (challenges.size() > 16) std::abort();
  std::string again;
  for (const auto& challenge : challenges) {
    if (challenge.scheme.empty() || challenge.parameters.size() > 32) std::abort();
    again += (again.empty() ? "" : ", ") + challenge.scheme;
    if (!challenge.token68.empty()) again += " " + challenge.token68;
    for (const auto& [name, value] : challenge.parameters) {
      again += (challenge.token68.empty() && &name == &challenge.parameters.front().first ? " " : ", ") + name + "=\"";
      for (const char c : value)
        again.append(c == '"' || c == '\\' ? "\\" : "").push_back(c);
      again += '"';
    }
  }
  // Quotes and commas make it longer, and what is beyond the bound is not read.
  if (again.size() > 16000) return 0;
  const auto same = oauth::parse_challenges(again);
  if (same.size() != challenges.size()) std::abort();
  for (std::size_t i = 0; i < same.size(); ++i) {
    if (same[i].scheme != challenges[i].scheme || same[i].token68 != challenges[i].token68 ||
        same[i].parameters != challenges[i].parameters)
      std::abort();
  }
  return 0;
}
