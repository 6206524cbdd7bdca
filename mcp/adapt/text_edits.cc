#include "mcp/adapt/text_edits.h"

#include <algorithm>
#include <utility>

namespace mcp {

void TextEdits::replace(std::string_view part, std::string with) {
  const auto begin = static_cast<std::size_t>(part.data() - text_.data());
  edits_.push_back({begin, begin + part.size(), std::move(with)});
}

std::string TextEdits::apply() {
  // What is inserted where a part begins comes before that part. Nothing is inserted twice at one place.
  std::ranges::sort(edits_, {}, [](const Edit& edit) { return std::pair(edit.begin, edit.end); });
  std::string result;
  result.reserve(text_.size());
  std::size_t at = 0;
  for (const Edit& edit : edits_) {
    result.append(text_, at, edit.begin - at).append(edit.with);
    at = edit.end;
  }
  return result.append(text_, at);
}

}  // namespace mcp
