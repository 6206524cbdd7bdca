// Tools that a server shows only to clients that it may ask something.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "gateway/upstream/deadline.h"
#include "gateway/upstream/listing.h"
#include "gateway/upstream/peer_context.h"
#include "gateway/upstream/server_clients.h"
#include "mcp/base/log.h"
#include "mcp/http/timed_cancellation.h"

namespace gateway {

using mcp::ClientPeer;
using mcp::Error;
using mcp::ErrorCode;
using mcp::Task;

namespace {

constexpr auto kListing = std::chrono::seconds(10);
constexpr auto kListAgain = std::chrono::seconds(1);  // from list_changed, which often comes in bursts, to reading anew

}  // namespace

Task<void> ServerClients::explore(std::shared_ptr<ClientPeer> peer) {
  const auto self = shared_from_this();
  std::string capabilities = capabilities_for(peer->caller());
  if (capabilities == "{}" || !shared_ || !tools_) co_return;
  if (const auto found = explored_.find(capabilities); found != explored_.end()) {
    const auto over = found->second;
    co_await over->wait();
    co_return;
  }
  const auto over = std::make_shared<mcp::Event>(executor_);
  explored_[capabilities] = over;
  PeerContext context(std::move(peer), (*server_)->startup_timeout);
  bool listed = false;
  {
    auto own = co_await pool_->acquire(context, capabilities);
    if (own) {
      const auto session = (*own)->session;
      listed = co_await list_tools(session, capabilities);
    }
  }
  // What failed the next client may try again.
  const auto found = explored_.find(capabilities);
  if (!listed && found != explored_.end() && found->second == over) explored_.erase(found);
  over->set();
}

Task<bool> ServerClients::list_tools(std::shared_ptr<mcp::ClientSession> session, std::string capabilities) {
  mcp::Cancellation cancellation;
  const auto slow = [] { return Error{ErrorCode::timeout, "no answer in time"}; };
  const Deadline deadline(executor_, kListing, slow, cancellation);
  const ListingBounds bounds;
  auto tools = co_await list_all(*session, CatalogKind::tools, cancellation, bounds);
  // Who takes them lives until close() at least, and perhaps no longer.
  if (closing_.requested()) co_return false;
  if (!tools) {
    mcp::log_debug("upstream",
                   "the tools for clients that can be asked could not be read",
                   {{"server", server_->name()}, {"cause", tools.error().message}});
    co_return false;
  }
  on_tools_(capabilities, std::move(*tools));
  co_return true;
}

Task<void> ServerClients::list_again(std::shared_ptr<ServerClients> self,
                                     std::shared_ptr<mcp::ClientSession> session,
                                     std::string capabilities) {
  co_await mcp::pause(kListAgain, self->closing_);
  self->listing_again_.erase(capabilities);
  if (!self->closing_.requested()) co_await self->list_tools(std::move(session), std::move(capabilities));
}

}  // namespace gateway
