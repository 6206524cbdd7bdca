#include "gateway/catalog/tool_text.h"

#include <functional>
#include <optional>

#include "mcp/json/text.h"

namespace gateway {

namespace {

/// What takes the place of a member's value; nothing where it stays.
using NewValue = std::function<std::optional<std::string>(std::string_view key, std::string_view value)>;

std::string with_values(std::string_view object, const NewValue& new_value) {
  std::string out;
  std::size_t done = 0;
  mcp::for_each_member(object, [&](std::string_view key, std::string_view value) {
    if (const auto text = new_value(key, value)) {
      const auto begin = static_cast<std::size_t>(value.data() - object.data());
      out.append(object.substr(done, begin - done)).append(*text);
      done = begin + value.size();
    }
    return true;
  });
  return out.append(object.substr(done));
}

}  // namespace

std::string overridden(std::string_view tool, const ToolOverride& shown) {
  bool has_title = false, has_description = false;
  const std::string title = shown.title ? mcp::json_string(*shown.title) : "";
  const std::string description = shown.description ? mcp::json_string(*shown.description) : "";
  // A member that is given twice is replaced twice: readers differ in which one counts.
  std::string text = with_values(tool, [&](std::string_view key, std::string_view value) -> std::optional<std::string> {
    if (shown.title && mcp::key_is(key, "title")) {
      has_title = true;
      return title;
    }
    if (shown.description && mcp::key_is(key, "description")) {
      has_description = true;
      return description;
    }
    if (!shown.title || !mcp::key_is(key, "annotations") || !value.starts_with('{')) return std::nullopt;
    return with_values(value, [&](std::string_view inner, std::string_view) {
      return mcp::key_is(inner, "title") ? std::optional(title) : std::nullopt;
    });
  });
  std::string added;
  if (shown.title && !has_title) added += R"("title":)" + title + ",";
  if (shown.description && !has_description) added += R"("description":)" + description + ",";
  // A tool has a name at least, so something follows.
  if (!added.empty()) text.insert(text.find('{') + 1, added);
  return text;
}

}  // namespace gateway
