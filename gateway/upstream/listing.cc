#include "gateway/upstream/listing.h"

#include <unordered_set>
#include <utility>

#include "mcp/json/text.h"
#include "mcp/rpc/error_codes.h"

namespace gateway {

using mcp::ErrorCode;
using mcp::fail;
using mcp::Result;
using mcp::Task;

namespace {

constexpr std::size_t kShownKey = 200;  // bytes

class Listing {
 public:
  Listing(CatalogKind kind, ListingBounds bounds)
      : words_(words_of(kind)), optional_(kind == CatalogKind::templates), bounds_(bounds) {}

  /// Takes one page; returns the cursor of the next as JSON text, "" at the end.
  Result<std::string> take(const mcp::Message& page) {
    if (page.is_error()) return refusal(page.raw(page.envelope().error));
    const auto result = page.raw(page.envelope().result);
    const auto entries = mcp::member(result, words_.member);
    if (!entries.starts_with('['))
      return fail(ErrorCode::not_mcp, "the answer to " + method() + " has no array \"" + std::string(words_.member) + "\"");
    bytes_ += page.text().size();
    if (++pages_ > bounds_.max_pages) return broken(std::to_string(bounds_.max_pages) + " pages");
    if (bytes_ > bounds_.max_bytes) return broken(std::to_string(bounds_.max_bytes >> 20) + " MiB");
    for (const auto entry : mcp::elements(entries)) {
      if (list_->entries.size() + list_->refused.size() >= bounds_.max_entries)
        return broken(std::to_string(bounds_.max_entries) + " " + std::string(words_.noun) + "s");
      add(entry);
    }
    return next_cursor(mcp::member(result, "nextCursor"));
  }

  CatalogListPtr done() { return std::move(list_); }

 private:
  std::string method() const { return std::string(words_.method); }
  std::string noun() const { return std::string(words_.noun); }
  std::string key_word() const { return std::string(words_.key); }

  Result<std::string> refusal(std::string_view error) const {
    if (optional_ && mcp::member(error, "code") == std::to_string(mcp::kMethodNotFound)) return std::string();
    return fail(ErrorCode::not_mcp,
                method() + " was answered with an error: " + mcp::decode_json_string(mcp::member(error, "message")).substr(0, 500));
  }

  std::unexpected<mcp::Error> broken(const std::string& bound) const {
    return fail(ErrorCode::not_mcp, method() + " does not end within " + bound, "The server's list is too long to be offered.");
  }

  /// The entry's key, or what is wrong with the object.
  Result<std::string> read_key(std::string_view entry) const {
    if (!entry.starts_with('{')) return fail(ErrorCode::not_mcp, "an element of " + std::string(words_.member) + " is no object");
    std::string_view found;
    int times = 0;
    mcp::for_each_member(entry, [&](std::string_view key, std::string_view value) {
      const bool escaped = key.find('\\') != std::string_view::npos;
      if (key == words_.key || (escaped && mcp::decode_json_string("\"" + std::string(key) + "\"") == words_.key)) {
        times += escaped ? 2 : 1;
        found = value;
      }
      return true;
    });
    if (times == 0 || !found.starts_with('"') || found == "\"\"")
      return fail(ErrorCode::not_mcp, "a " + noun() + " without a " + key_word());
    if (times > 1)
      return fail(ErrorCode::not_mcp,
                  "a " + noun() + " whose " + key_word() + " is given twice or spelled with escapes in its key");
    if (found.size() > bounds_.max_key)
      return fail(ErrorCode::not_mcp,
                  "a " + noun() + " whose " + key_word() + " is longer than " + std::to_string(bounds_.max_key >> 10) + " KiB");
    return mcp::decode_json_string(found);
  }

  void add(std::string_view entry) {
    auto key = read_key(entry);
    if (!key) {
      list_->refused.push_back(key.error().message);
    } else if (!keys_.insert(*key).second) {
      list_->refused.push_back(noun() + " \"" + key->substr(0, kShownKey) + "\" is listed twice; the first one counts");
    } else {
      list_->entries.push_back({std::move(*key), std::string(entry)});
    }
  }

  Result<std::string> next_cursor(std::string_view cursor) {
    if (cursor.empty() || cursor == "null") return std::string();
    if (!cursor.starts_with('"')) return fail(ErrorCode::not_mcp, "nextCursor of " + method() + " is no string");
    if (cursor.size() > bounds_.max_cursor) return broken("a cursor of " + std::to_string(bounds_.max_cursor >> 10) + " KiB");
    if (!cursors_.emplace(cursor).second)
      return fail(ErrorCode::not_mcp, method() + " gives the same cursor twice: its pages never end");
    return std::string(cursor);
  }

  const CatalogKindWords& words_;
  const bool optional_;  // a server need not know the method
  ListingBounds bounds_;
  std::shared_ptr<CatalogList> list_ = std::make_shared<CatalogList>();
  std::unordered_set<std::string> keys_, cursors_;
  int pages_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace

Task<Result<CatalogListPtr>> list_all(mcp::ClientSession& session,
                                      CatalogKind kind,
                                      mcp::Cancellation& cancellation,
                                      ListingBounds bounds) {
  Listing listing(kind, bounds);
  std::string params;
  for (;;) {
    auto page = co_await session.call(words_of(kind).method, params, cancellation);
    if (!page) co_return std::unexpected(std::move(page).error());
    const auto cursor = listing.take(*page);
    if (!cursor) co_return std::unexpected(cursor.error());
    if (cursor->empty()) co_return listing.done();
    params = "{\"cursor\":" + *cursor + "}";
  }
}

}  // namespace gateway
