// Subscriptions of clients whose session, or whose server's runtime, is another one now.
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "gateway/upstream/backoff.h"
#include "gateway/upstream/client_errand.h"
#include "gateway/upstream/peer_context.h"
#include "gateway/upstream/server_clients.h"
#include "mcp/base/clock.h"
#include "mcp/http/timed_cancellation.h"

namespace gateway {

namespace asio = boost::asio;
using mcp::ClientPeer;
using mcp::Message;
using mcp::Task;

void ServerClients::on_own_lost(const PooledSession& own) {
  want_back(own.holder, own.peer, own.capabilities, own.subscriptions);
}

void ServerClients::want_back(std::uint64_t client,
                              const std::weak_ptr<ClientPeer>& peer,
                              const std::string& capabilities,
                              const Wanted& wanted) {
  if (wanted.empty() || peer.expired() || closing_.requested()) return;
  const auto [lost, first] = lost_.try_emplace(client);
  for (const auto& [uri, shown] : wanted)
    lost->second.insert_or_assign(uri, shown);
  if (first) asio::co_spawn(executor_, restore(shared_from_this(), client, peer, capabilities), asio::detached);
}

bool ServerClients::wants_updates() const {
  return !subscriptions_.empty() || !lost_.empty() ||
         std::ranges::any_of(pool_->sessions(), [](const auto& own) { return !own->subscriptions.empty(); });
}

void ServerClients::inherit(const ServerClients& before) {
  subscriptions_ = before.subscriptions_;
  listeners_ = before.listeners_;
  for (const auto& own : before.pool_->sessions()) {
    auto wanted = own->subscriptions;
    if (const auto lost = before.lost_.find(own->holder); lost != before.lost_.end())
      wanted.insert(lost->second.begin(), lost->second.end());
    want_back(own->holder, own->peer, own->capabilities, wanted);
  }
}

/// A client that is subscribed hears of updates without asking for anything, so its session has to come back by itself.
Task<void> ServerClients::restore(std::shared_ptr<ServerClients> self,
                                  std::uint64_t client,
                                  std::weak_ptr<ClientPeer> peer,
                                  std::string capabilities) {
  Backoff backoff;
  bool restored = false;
  while (!restored) {
    co_await mcp::pause(backoff.next(0), self->closing_);
    const auto there = peer.lock();
    if (!there || self->closing_.requested() || !self->lost_.contains(client)) break;
    // Its place may be wanted by clients that are there; it is subscribed again once it is back.
    if (there->listens()) restored = co_await self->restore_once(client, there, capabilities);
  }
  self->lost_.erase(client);
}

/// True when nothing is left to be asked for. Meanwhile the client may say that it no longer wants to hear of something.
Task<bool> ServerClients::restore_once(std::uint64_t client,
                                       const std::shared_ptr<ClientPeer>& peer,
                                       const std::string& capabilities) {
  PeerContext context(peer, kClientErrand);
  const auto wanted = [this, client] { return lost_.contains(client) && !lost_[client].empty(); };
  if (!wanted()) co_return true;
  auto own = co_await pool_->acquire(context, capabilities, true);
  if (!own) co_return false;
  while (wanted()) {
    const std::string uri = lost_[client].begin()->first;
    const auto session = (*own)->session;
    const std::string params = uri_params(uri);
    const bool told = co_await tell(executor_, *session, "resources/subscribe", params);
    if ((*own)->failure) co_return false;
    if (!wanted()) break;
    const auto node = lost_[client].extract(uri);
    if (!told || node.empty()) continue;
    (*own)->subscriptions[uri] = node.mapped();
    peer->push(Message::notification("notifications/resources/updated", uri_params(node.mapped())));
  }
  co_return true;
}

}  // namespace gateway
