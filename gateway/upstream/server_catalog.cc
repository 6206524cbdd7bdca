#include "gateway/upstream/server_catalog.h"

#include <unordered_set>
#include <utility>

#include "mcp/json/text.h"

namespace gateway {

using mcp::ErrorCode;
using mcp::fail;
using mcp::Result;
using mcp::Task;

namespace {

/// The tool's name, or what is wrong with the object.
Result<ToolName> tool_name(std::string_view tool) {
  if (!tool.starts_with('{')) return fail(ErrorCode::not_mcp, "an element of tools is no object");
  std::string_view name;
  int names = 0;
  mcp::for_each_member(tool, [&](std::string_view key, std::string_view value) {
    const bool escaped = key.find('\\') != std::string_view::npos;
    if (key == "name" || (escaped && mcp::decode_json_string("\"" + std::string(key) + "\"") == "name")) {
      names += escaped ? 2 : 1;
      name = value;
    }
    return true;
  });
  if (names == 0 || !name.starts_with('"') || name == "\"\"") return fail(ErrorCode::not_mcp, "a tool without a name");
  if (names > 1) return fail(ErrorCode::not_mcp, "a tool whose name is given twice or spelled with escapes in its key");
  return ToolName(mcp::decode_json_string(name));
}

class Listing {
 public:
  explicit Listing(ListingBounds bounds) : bounds_(bounds) {}

  /// Takes one page; returns the cursor of the next as JSON text, "" at the end.
  Result<std::string> take(const mcp::Message& page) {
    if (page.is_error()) {
      const auto error = page.raw(page.envelope().error);
      return fail(
          ErrorCode::not_mcp,
          "tools/list was answered with an error: " + mcp::decode_json_string(mcp::member(error, "message")).substr(0, 500));
    }
    const auto result = page.raw(page.envelope().result);
    const auto tools = mcp::member(result, "tools");
    if (!tools.starts_with('[')) return fail(ErrorCode::not_mcp, "the answer to tools/list has no array \"tools\"");
    bytes_ += page.text().size();
    if (++pages_ > bounds_.max_pages) return broken(std::to_string(bounds_.max_pages) + " pages");
    if (bytes_ > bounds_.max_bytes) return broken(std::to_string(bounds_.max_bytes >> 20) + " MiB");
    for (const auto tool : mcp::elements(tools)) {
      if (catalog_->tools.size() + catalog_->refused.size() >= bounds_.max_tools)
        return broken(std::to_string(bounds_.max_tools) + " tools");
      add(tool);
    }
    return next_cursor(mcp::member(result, "nextCursor"));
  }

  std::shared_ptr<const ServerCatalog> done() { return std::move(catalog_); }

 private:
  static std::unexpected<mcp::Error> broken(const std::string& bound) {
    return fail(ErrorCode::not_mcp, "tools/list does not end within " + bound, "The server's list is too long to be offered.");
  }

  void add(std::string_view tool) {
    auto name = tool_name(tool);
    if (!name) {
      catalog_->refused.push_back(name.error().message);
    } else if (!names_.insert(name->str()).second) {
      catalog_->refused.push_back("tool \"" + name->str().substr(0, 200) + "\" is listed twice; the first one counts");
    } else {
      catalog_->tools.push_back({std::move(*name), std::string(tool)});
    }
  }

  Result<std::string> next_cursor(std::string_view cursor) {
    if (cursor.empty() || cursor == "null") return std::string();
    if (!cursor.starts_with('"')) return fail(ErrorCode::not_mcp, "nextCursor of tools/list is no string");
    if (cursor.size() > bounds_.max_cursor) return broken("a cursor of " + std::to_string(bounds_.max_cursor >> 10) + " KiB");
    if (!cursors_.emplace(cursor).second)
      return fail(ErrorCode::not_mcp, "tools/list gives the same cursor twice: its pages never end");
    return std::string(cursor);
  }

  ListingBounds bounds_;
  std::shared_ptr<ServerCatalog> catalog_ = std::make_shared<ServerCatalog>();
  std::unordered_set<std::string> names_, cursors_;
  int pages_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace

Task<Result<std::shared_ptr<const ServerCatalog>>> list_tools(mcp::ClientSession& session,
                                                              mcp::Cancellation& cancellation,
                                                              ListingBounds bounds) {
  Listing listing(bounds);
  std::string params;
  for (;;) {
    auto page = co_await session.call("tools/list", params, cancellation);
    if (!page) co_return std::unexpected(std::move(page).error());
    const auto cursor = listing.take(*page);
    if (!cursor) co_return std::unexpected(cursor.error());
    if (cursor->empty()) co_return listing.done();
    params = "{\"cursor\":" + *cursor + "}";
  }
}

}  // namespace gateway
