#include "gateway/config/jsonc_gap.h"

#include <algorithm>

namespace gateway {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// The comment that begins at `at`, if one does.
std::optional<TextSpan> comment_at(std::string_view text, std::size_t at) {
  const std::string_view rest = text.substr(at);
  if (rest.starts_with("/*")) return TextSpan{at, std::min(text.find("*/", at + 2), text.size() - 2) + 2};
  if (!rest.starts_with("//")) return std::nullopt;
  std::size_t end = std::min(text.find('\n', at), text.size());
  if (text[end - 1] == '\r') --end;
  return TextSpan{at, end};
}

}  // namespace

JsoncGap read_gap(std::string_view text, std::size_t from) {
  JsoncGap gap;
  for (gap.end = from; gap.end < text.size();) {
    const char c = text[gap.end];
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      ++gap.end;
    } else if (c == ',') {
      gap.comma = gap.end++;
    } else if (const auto comment = comment_at(text, gap.end)) {
      gap.comments.push_back(*comment);
      gap.end = comment->end;
    } else {
      break;
    }
  }
  return gap;
}

JsoncContainer::JsoncContainer(const JsonNode& node) : open(node.begin), close(node.end - 1) {
  for (const JsonNode& item : node.items)
    elements.push_back({item.begin, item.end});
  for (const JsonMember& member : node.members)
    elements.push_back({member.begin, member.value.end});
}

std::size_t line_begin(std::string_view text, std::size_t at) {
  const std::size_t end = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  if (end != std::string_view::npos) return end + 1;
  return text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
}

bool begins_line(std::string_view text, std::size_t at) {
  return skip_blanks(text, line_begin(text, at)) >= at;
}

std::string_view indent_of_line(std::string_view text, std::size_t at) {
  const std::size_t begin = line_begin(text, at);
  return text.substr(begin, std::min(skip_blanks(text, begin), at) - begin);
}

std::size_t skip_blanks(std::string_view text, std::size_t at) {
  return std::min(text.find_first_not_of(" \t", at), text.size());
}

std::optional<std::size_t> behind_line_end(std::string_view text, std::size_t at) {
  if (text.substr(at).starts_with("\r\n")) return at + 2;
  return text.substr(at).starts_with('\n') ? std::optional(at + 1) : std::nullopt;
}

std::size_t behind_comments_of_line(std::string_view text, std::size_t at) {
  while (const auto comment = comment_at(text, skip_blanks(text, at))) {
    at = comment->end;
    if (spans_lines(text, comment->begin, comment->end)) break;
  }
  return at;
}

bool spans_lines(std::string_view text, std::size_t begin, std::size_t end) {
  return text.substr(begin, end - begin).contains('\n');
}

}  // namespace gateway
