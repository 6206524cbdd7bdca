#include "gateway/catalog/paged_list.h"

#include <algorithm>
#include <utility>

#include "mcp/json/text.h"

namespace gateway {

namespace {

constexpr std::string_view kCursorPrefix = "sy1:";

}  // namespace

void PagedList::add(std::string key, std::string text) {
  keys_.push_back(std::move(key));
  texts_.push_back(std::move(text));
}

void PagedList::finish() {
  sorted_ = std::ranges::is_sorted(keys_);
  for (std::size_t i = 0; !sorted_ && i < keys_.size(); ++i)
    places_.emplace(keys_[i], i);
  whole_ = render(0, texts_.size(), {});
}

std::string PagedList::render(std::size_t begin, std::size_t most, std::span<const std::size_t> hidden) const {
  std::vector<std::size_t> shown;
  std::size_t size = words_.member.size() + 8;
  bool more = false;
  for (std::size_t i = begin; i < texts_.size() && !more; ++i) {
    if (std::ranges::binary_search(hidden, i)) continue;
    if (shown.size() < most) {
      shown.push_back(i);
      size += texts_[i].size() + 1;
    } else {
      more = true;
    }
  }
  std::string text;
  text.reserve(size);
  text.append("{\"").append(words_.member).append("\":[");
  for (const std::size_t i : shown) {
    if (!text.ends_with('[')) text += ',';
    text += texts_[i];
  }
  text += ']';
  if (more) {
    text += ",\"nextCursor\":";
    mcp::append_json_string(text, std::string(kCursorPrefix) + keys_[shown.back()]);
  }
  text += '}';
  return text;
}

mcp::Result<std::size_t> PagedList::begin_of(std::string_view cursor) const {
  if (cursor.empty()) return std::size_t{0};
  const auto invalid = mcp::fail(mcp::ErrorCode::invalid_params,
                                 "the cursor is not one of this list",
                                 "Start again with " + std::string(words_.method) + " without a cursor.");
  if (!cursor.starts_with(kCursorPrefix)) return invalid;
  const std::string_view last = cursor.substr(kCursorPrefix.size());
  if (last.empty()) return invalid;
  // Sorted lists go on behind the last key, whether or not it is still there; a server's own order goes on behind its place.
  if (sorted_) return static_cast<std::size_t>(std::ranges::upper_bound(keys_, last) - keys_.begin());
  const auto found = places_.find(last);
  if (found == places_.end()) return invalid;
  return found->second + 1;
}

mcp::Result<std::string> PagedList::page(std::string_view cursor, std::size_t size, std::span<const std::size_t> hidden) const {
  const auto begin = begin_of(cursor);
  if (!begin) return std::unexpected(begin.error());
  if (*begin == 0 && size >= texts_.size() && hidden.empty()) return whole_;
  return render(*begin, std::max<std::size_t>(size, 1), hidden);
}

std::string with_member(std::string_view object, std::string_view member, std::string_view value) {
  const std::string_view old = mcp::member(object, member);
  const auto at = static_cast<std::size_t>(old.data() - object.data());
  std::string text;
  text.reserve(object.size() + value.size());
  text.append(object, 0, at);
  mcp::append_json_string(text, value);
  text.append(object, at + old.size());
  return text;
}

}  // namespace gateway
