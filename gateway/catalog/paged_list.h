#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/upstream/server_catalog.h"
#include "mcp/base/result.h"

namespace gateway {

/// One kind's list as clients of a view get it, page by page, the whole rendered once. Filled, finished, then immutable.
class PagedList {
 public:
  explicit PagedList(CatalogKind kind) : words_(words_of(kind)) {}

  PagedList(const PagedList&) = delete;
  PagedList& operator=(const PagedList&) = delete;

  /// `key` is what the object `text` carries; no two have the same.
  void add(std::string key, std::string text);
  void finish();

  /// One page as the result of the list's method: {"tools":[…],"nextCursor":"…"}. `cursor` is the decoded one of the request, ""
  /// for the first page. Pages go by key (or by place, where the list is not sorted), so that a list that changes between two pages
  /// repeats nothing. `hidden`: the places, ascending, of what this client does not see. Error invalid_params for a cursor we did
  /// not make.
  mcp::Result<std::string> page(std::string_view cursor, std::size_t size, std::span<const std::size_t> hidden = {}) const;

  /// Whether a page says that there is one more.
  static bool has_next(std::string_view page) { return page.ends_with("\"}"); }

  std::size_t size() const { return texts_.size(); }
  const std::string& key(std::size_t index) const { return keys_[index]; }
  const std::string& text(std::size_t index) const { return texts_[index]; }

  /// True when a client would see no difference.
  bool operator==(const PagedList& other) const { return texts_ == other.texts_; }

 private:
  mcp::Result<std::size_t> begin_of(std::string_view cursor) const;
  /// The elements from `begin` on that are not hidden, `most` at most.
  std::string render(std::size_t begin, std::size_t most, std::span<const std::size_t> hidden) const;

  const CatalogKindWords& words_;
  std::vector<std::string> keys_, texts_;
  std::unordered_map<std::string_view, std::size_t> places_;  // of keys, where they are not sorted
  std::string whole_;                                         // the list in one page
  bool sorted_ = true;
};

/// The object with another string as this member, which it has.
std::string with_member(std::string_view object, std::string_view member, std::string_view value);

}  // namespace gateway
