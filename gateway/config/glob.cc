#include <algorithm>

#include "gateway/config/config_file.h"
#include "gateway/config/utf8.h"

namespace gateway {
namespace {

/// One character's bytes; a byte that begins none counts as one.
std::size_t character_length(std::string_view text, std::size_t offset) {
  return std::max<std::size_t>(1, utf8_length(text, offset));
}

}  // namespace

bool glob_match(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0;
  std::size_t star = std::string_view::npos, resume = 0;  // after the last '*', and where its run ends in `text`
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = ++p;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == '?') {
      ++p;
      t += character_length(text, t);
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      // Only the last '*' has to take more: what an earlier one took can stay as it is.
      p = star;
      resume += character_length(text, resume);
      t = resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

Admission admission_of(const ServerSpec& spec, std::string_view tool) {
  const auto matches = [&](const std::string& glob) { return glob_match(glob, tool); };
  const auto denied = std::ranges::find_if(spec.tools_deny, matches);
  if (denied != spec.tools_deny.end()) return {Admission::Kind::denied, *denied};
  const auto allowed = std::ranges::find_if(spec.tools_allow, matches);
  if (allowed != spec.tools_allow.end()) return {Admission::Kind::allowed, *allowed};
  return {};
}

bool admits(const ServerSpec& spec, std::string_view tool) {
  return admission_of(spec, tool).kind == Admission::Kind::allowed;
}

}  // namespace gateway
