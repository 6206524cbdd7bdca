#include "gateway/upstream/catalog_reader.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "gateway/upstream/deadline.h"
#include "mcp/base/log.h"
#include "mcp/json/text.h"

namespace gateway {

using mcp::ErrorCode;
using mcp::Result;
using mcp::Task;

namespace {

constexpr int kRefreshTries = 3;

}  // namespace

CatalogReader::CatalogReader(Owner& owner, const Redaction& redaction, CatalogReaderOptions options)
    : owner_(owner), redaction_(redaction), options_(std::move(options)), catalog_(std::make_shared<ServerCatalog>()) {}

Task<Result<>> CatalogReader::read(mcp::ClientSession& session, std::string_view capabilities, mcp::Cancellation& cancellation) {
  if (mcp::member(capabilities, "tools").empty()) {
    publish(std::make_shared<ServerCatalog>());
    co_return Result<>();
  }
  refresh_wanted_ = false;
  const ListingBounds bounds;
  auto catalog = co_await list_tools(session, cancellation, bounds);
  if (!catalog) co_return std::unexpected(std::move(catalog).error());
  publish(std::move(*catalog));
  co_return Result<>();
}

void CatalogReader::publish(std::shared_ptr<const ServerCatalog> catalog) {
  for (const auto& line : catalog->refused)
    mcp::log_warn("upstream", "tool not offered: " + redaction_.clean(line), {{"server", options_.server.str()}});
  if (*catalog == *catalog_) return;
  catalog_ = std::move(catalog);
  owner_.catalog_replaced();
}

void CatalogReader::notice(const mcp::Message& notification) {
  if (notification.method() != "notifications/tools/list_changed") return;
  refresh_wanted_ = true;
  start_refresh();
}

void CatalogReader::resume() {
  if (refresh_wanted_) start_refresh();
}

void CatalogReader::start_refresh() {
  if (std::exchange(refreshing_, true)) return;
  boost::asio::co_spawn(options_.executor, refresh(), boost::asio::detached);
}

Task<void> CatalogReader::refresh() {
  const auto owner = owner_.hold();
  int failures = 0;
  for (auto pause = options_.delay; refresh_wanted_ && !owner->stopping().is_set(); pause = options_.pause) {
    co_await owner->stopping().wait_until(std::chrono::steady_clock::now() + pause);
    const auto session = owner->live_session();
    if (!session) break;  // the wish is taken up again once it is ready
    refresh_wanted_ = false;
    mcp::Cancellation cancellation;
    const Deadline deadline(options_.executor, options_.timeout, [&owner] { return owner->explain_timeout(); }, cancellation);
    const ListingBounds bounds;
    auto catalog = co_await list_tools(*session, cancellation, bounds);
    if (catalog) {
      publish(std::move(*catalog));
    } else if (session == owner->live_session() && !owner->stopping().is_set()) {
      mcp::log_warn("upstream",
                    "the changed tool list could not be read; the old one stays",
                    {{"server", options_.server.str()}, {"cause", redaction_.clean(catalog.error().message)}});
      if (catalog.error().code == ErrorCode::session_lost) owner->session_lost(*session, catalog.error());
      if (++failures < kRefreshTries) refresh_wanted_ = true;
    }
  }
  refreshing_ = false;
}

}  // namespace gateway
