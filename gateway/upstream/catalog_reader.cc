#include "gateway/upstream/catalog_reader.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <exception>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "gateway/upstream/deadline.h"
#include "gateway/upstream/listing.h"
#include "mcp/base/clock.h"
#include "mcp/base/log.h"
#include "mcp/json/text.h"

namespace gateway {

using mcp::Error;
using mcp::ErrorCode;
using mcp::Result;
using mcp::Task;

namespace {

constexpr int kRefreshTries = 3;
constexpr std::size_t kMaxMore = 16;     // sets of capabilities whose tools are kept
constexpr std::size_t kMaxWarnings = 5;  // of entries that are not offered, each time a catalog is published

CatalogKinds declared_in(std::string_view capabilities) {
  CatalogKinds declared;
  for (const CatalogKind kind : kEachKind)
    declared[index_of(kind)] = mcp::declares(capabilities, words_of(kind).capability);
  return declared;
}

CatalogKinds only(CatalogKind kind) {
  return CatalogKinds().set(index_of(kind));
}

}  // namespace

CatalogReader::CatalogReader(Owner& owner, CatalogReaderOptions options)
    : owner_(owner), options_(std::move(options)), common_(std::make_shared<ServerCatalog>()), catalog_(common_) {}

std::shared_ptr<CatalogReader::Reading> CatalogReader::begin(mcp::ClientSession& session,
                                                             CatalogKinds kinds,
                                                             mcp::Cancellation& cancellation) {
  auto reading = std::make_shared<Reading>(options_.executor);
  reading->open = kinds.count();
  if (kinds.none()) reading->done.set();
  const ListingBounds bounds;
  for (const CatalogKind kind : kEachKind) {
    if (!kinds[index_of(kind)]) continue;
    auto listed = [reading, kind](const std::exception_ptr& thrown, Result<CatalogListPtr> list) {
      if (thrown) list = mcp::fail(ErrorCode::internal, "the list could not be read");
      reading->lists[index_of(kind)] = std::move(list);
      if (--reading->open == 0) reading->done.set();
    };
    boost::asio::co_spawn(options_.executor, list_all(session, kind, cancellation, bounds), std::move(listed));
  }
  return reading;
}

void CatalogReader::remember(const CatalogReader& before) {
  common_ = before.common_;
  more_ = before.more_;
  catalog_ = before.catalog_;
  remembers_ = before.fresh_ || before.remembers_;
}

void CatalogReader::remember(std::shared_ptr<const ServerCatalog> catalog) {
  common_ = catalog_ = std::move(catalog);
  remembers_ = true;
}

Task<Result<>> CatalogReader::read(mcp::ClientSession& session, std::string_view capabilities, mcp::Cancellation& cancellation) {
  declared_ = declared_in(capabilities);
  wanted_.reset();
  more_.clear();  // those clients hear of a change, list again, and so have it read again
  mcp::Cancellation others_cancellation;
  const mcp::Cancellation::Callback forward(cancellation, [&] { others_cancellation.request(cancellation.reason()); });
  const auto tools = begin(session, declared_ & only(CatalogKind::tools), cancellation);
  const auto others = begin(session, declared_ & ~only(CatalogKind::tools), others_cancellation);
  co_await tools->done.wait();
  const auto& tool_list = tools->lists[index_of(CatalogKind::tools)];
  if (!tool_list) others_cancellation.request(tool_list.error());
  {
    const auto late = [] { return Error{ErrorCode::timeout, "no answer in time"}; };
    const Deadline deadline(options_.executor, options_.others, late, others_cancellation);
    co_await others->done.wait();
  }
  if (!tool_list) co_return std::unexpected(tool_list.error());
  // A start that ends for want of time has its tools; one that is broken off has nothing.
  if (cancellation.requested() && cancellation.reason().code != ErrorCode::timeout) {
    co_return std::unexpected(cancellation.reason());
  }

  auto next = std::make_shared<ServerCatalog>();
  for (const CatalogKind kind : kEachKind) {
    if (!declared_[index_of(kind)]) continue;
    const auto& list = (kind == CatalogKind::tools ? tools : others)->lists[index_of(kind)];
    next->replace(kind, list ? *list : common_->list(kind));
    if (list) continue;
    warn_unread(kind, list.error());
    if (list.error().code == ErrorCode::timeout) wanted_.set(index_of(kind));
  }
  fresh_ = true;
  remembers_ = false;
  publish(std::move(next));
  co_return Result<>();
}

void CatalogReader::warn_unread(CatalogKind kind, const Error& error) const {
  const bool had_some = !catalog_->entries(kind).empty();
  mcp::log_warn("upstream",
                "the list of " + std::string(words_of(kind).noun) + "s could not be read; " +
                    (had_some ? "the old one stays" : "it is empty"),
                {{"server", options_.server->name()}, {"cause", options_.server->redaction().clean(error.message)}});
}

void CatalogReader::warn_refused(const ServerCatalog& next) const {
  std::size_t refused = 0;
  for (const CatalogKind kind : kEachKind) {
    const CatalogListPtr& list = next.list(kind);
    if (list == common_->list(kind)) continue;
    for (const auto& line : list->refused) {
      if (++refused > kMaxWarnings) continue;
      mcp::log_warn("upstream",
                    std::string(words_of(kind).noun) + " not offered: " + options_.server->redaction().clean(line),
                    {{"server", options_.server->name()}});
    }
  }
  if (refused <= kMaxWarnings) return;
  mcp::log_warn(
      "upstream", "and " + std::to_string(refused - kMaxWarnings) + " more not offered", {{"server", options_.server->name()}});
}

void CatalogReader::publish(std::shared_ptr<const ServerCatalog> catalog) {
  warn_refused(*catalog);
  common_ = std::move(catalog);
  auto next = with_more(common_);
  if (*next == *catalog_) return;
  catalog_ = std::move(next);
  owner_.catalog_replaced();
}

void CatalogReader::add_tools(const std::string& capabilities, const CatalogListPtr& tools) {
  if (!more_.contains(capabilities) && more_.size() >= kMaxMore) return;
  std::unordered_set<std::string_view> known;
  for (const CatalogEntry& tool : common_->tools())
    known.insert(tool.key);
  auto more = std::make_shared<CatalogList>(*tools);
  std::erase_if(more->entries, [&known](const CatalogEntry& tool) { return known.contains(tool.key); });
  more_[capabilities] = std::move(more);
  publish(common_);
}

std::shared_ptr<const ServerCatalog> CatalogReader::with_more(std::shared_ptr<const ServerCatalog> common) const {
  std::unordered_map<std::string_view, std::size_t> places;
  for (const CatalogEntry& tool : common->tools())
    places.emplace(tool.key, places.size());
  auto tools = std::make_shared<CatalogList>(*common->list(CatalogKind::tools));
  const std::size_t common_tools = tools->entries.size();
  for (const auto& [capabilities, list] : more_) {
    for (const CatalogEntry& tool : list->entries) {
      const auto [place, is_new] = places.emplace(tool.key, tools->entries.size());
      if (is_new) tools->entries.push_back(tool);
      if (place->second >= common_tools) tools->entries[place->second].only_for.push_back(capabilities);
    }
  }
  if (tools->entries.size() == common_tools) return common;
  auto next = std::make_shared<ServerCatalog>(*common);
  next->replace(CatalogKind::tools, std::move(tools));
  return next;
}

void CatalogReader::notice(const mcp::Message& notification) {
  CatalogKinds changed;
  for (const CatalogKind kind : kEachKind)
    changed[index_of(kind)] = notification.method() == words_of(kind).notification;
  if (changed.none()) return;
  wanted_ |= changed;
  start_refresh();
}

void CatalogReader::resume() {
  if (wanted_.any()) start_refresh();
}

void CatalogReader::start_refresh() {
  if (std::exchange(refreshing_, true)) return;
  boost::asio::co_spawn(options_.executor, refresh(), boost::asio::detached);
}

Task<void> CatalogReader::refresh() {
  const auto owner = owner_.hold();
  std::array<int, kCatalogKinds> failures{};
  for (auto pause = options_.delay; wanted_.any() && !owner->stopping().is_set(); pause = options_.pause) {
    co_await owner->stopping().wait_until(mcp::Clock::now() + pause);
    auto session = owner->live_session();
    if (!session) break;  // the wish is taken up again once it is ready
    const CatalogKinds failed = co_await read_wanted(std::move(session));
    for (const CatalogKind kind : kEachKind) {
      if (failed[index_of(kind)] && ++failures[index_of(kind)] < kRefreshTries) wanted_.set(index_of(kind));
    }
  }
  refreshing_ = false;
}

Task<CatalogKinds> CatalogReader::read_wanted(std::shared_ptr<mcp::ClientSession> session) {
  // What a server announces without having declared it is not asked for.
  const CatalogKinds kinds = std::exchange(wanted_, {}) & declared_;
  mcp::Cancellation cancellation;
  const auto timeout = (*options_.server)->startup_timeout;
  const Deadline deadline(options_.executor, timeout, [this] { return owner_.explain_timeout(); }, cancellation);
  const auto reading = begin(*session, kinds, cancellation);
  co_await reading->done.wait();

  const bool live = session == owner_.live_session() && !owner_.stopping().is_set();
  auto next = std::make_shared<ServerCatalog>(*common_);
  CatalogKinds failed;
  for (const CatalogKind kind : kEachKind) {
    if (!kinds[index_of(kind)]) continue;
    const auto& list = reading->lists[index_of(kind)];
    if (list) {
      next->replace(kind, *list);
    } else if (live) {
      warn_unread(kind, list.error());
      failed.set(index_of(kind));
      if (list.error().code == ErrorCode::session_lost) owner_.session_lost(*session, list.error());
    }
  }
  publish(std::move(next));
  co_return failed;
}

}  // namespace gateway
