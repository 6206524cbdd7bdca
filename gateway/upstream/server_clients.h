#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "gateway/upstream/resource_subscriptions.h"
#include "gateway/upstream/server_catalog.h"
#include "gateway/upstream/server_tasks.h"
#include "gateway/upstream/session_pool.h"
#include "mcp/rpc/request_handler.h"
#include "mcp/session/client_session.h"

namespace gateway {

/// What the clients of one server hold there beyond single requests: sessions of their own, subscriptions, log levels. Survives the
/// server's restarts: what clients wanted is asked for again. Loop thread only. Held by shared_ptr; close() before letting go.
///
/// A client that can be asked something (sampling, elicitation, roots) has its requests on a session of its own (SessionPool); all
/// others share the runtime's. Where no session of its own can be opened, it shares, too, and the server cannot ask it.
class ServerClients final : public std::enable_shared_from_this<ServerClients> {
 public:
  /// Where a client's request goes.
  struct Way {
    std::shared_ptr<mcp::ClientSession> session;
    std::optional<SessionPool::Lease> own;  // {}: the shared session
  };

  /// Takes the tools that clients with these capabilities see. Not called after close().
  using OnTools = std::function<void(const std::string& capabilities, CatalogListPtr tools)>;

  ServerClients(const mcp::Executor& executor, SessionPoolOptions options, OnTools on_tools);

  /// The shared session is up: from here on it is the one, until lost().
  void ready(std::shared_ptr<mcp::ClientSession> shared, const mcp::ServerIntroduction& introduction);
  void lost() { shared_.reset(); }

  /// Which way the client's requests of this method go. While `shared` is the session that all may use. Errors: those of waiting.
  mcp::Task<mcp::Result<Way>> choose(std::shared_ptr<mcp::ClientSession> shared,
                                     mcp::CallContext& context,
                                     std::string_view method);

  /// What a session of this client's own would declare, in the words of the server's revision; "{}" where it can be asked nothing.
  std::string capabilities_for(const mcp::Caller& caller) const;

  /// Has looked, on a session of the client's own, what the server offers to clients that can be asked as much; some servers show
  /// such clients more tools. Looks once for each set of capabilities in the life of the shared session.
  mcp::Task<void> explore(std::shared_ptr<mcp::ClientPeer> peer);

  /// The use of a session of a client's own for one more request; nothing where it is null.
  std::optional<SessionPool::Lease> use(const std::shared_ptr<PooledSession>& own) const {
    std::optional<SessionPool::Lease> lease;
    if (own) lease.emplace(pool_, own);
    return lease;
  }

  /// What came of a request on a session of the client's own.
  void answered(SessionPool::Lease& own, const mcp::Result<mcp::Message>& answer);

  /// A subscription is about to be sent: from here on nobody's leaving tells the server that no one wants to hear. Returns whether
  /// it was noted, which not_subscribed() takes back where the server refuses.
  bool subscribing(mcp::CallContext& context, const std::string& uri, const std::string& shown);
  void not_subscribed(mcp::CallContext& context, const std::string& uri) { subscriptions_.remove(context.caller().id, uri); }

  /// A subscription went that way and was taken. False where the client has too many: the server is to be told.
  bool subscribed(Way& way, mcp::CallContext& context, std::string uri, std::string shown);

  /// The URI, as the server knows it, of what the client is subscribed to under this one.
  std::optional<std::string> subscription(std::uint64_t client, std::string_view shown) const;
  /// True when the server has to be told.
  bool unsubscribed(mcp::CallContext& context, const std::string& uri);

  /// The client has set a log level: from here on it counts, also when the server comes only later.
  void add_listener(const std::shared_ptr<mcp::ClientPeer>& peer) { listeners_[peer->caller().id] = peer; }

  /// The client's log level (Caller::log_level) has changed: tells the server. After add_listener().
  mcp::Task<void> level_changed(std::shared_ptr<mcp::ClientPeer> peer);

  /// The client's roots have changed.
  void roots_changed(const mcp::Caller& caller);

  /// Before ready(): asks, once the server is there, for what clients were subscribed to at the one before.
  void inherit(const ServerClients& before);

  /// The client has gone.
  void forget(std::uint64_t client);

  /// What the shared session brings that belongs to no request.
  void notice(mcp::Message notification);

  /// Tasks that clients have started here.
  ServerTasks& tasks() { return *tasks_; }

  /// Somebody is subscribed here, or waits to be again.
  bool wants_updates() const;

  /// SessionPool::drop_unneeded
  bool drop_session() { return pool_->drop_unneeded(); }

  /// With those that are just being ended.
  std::size_t own_sessions_in_all() const { return pool_->in_all(); }

  /// Sessions that clients have of their own.
  std::size_t own_sessions() const { return pool_->size(); }

  PoolUse pool_use() const { return pool_->use(); }

  /// Resources to which somebody is subscribed on the shared session.
  std::size_t subscriptions() const { return subscriptions_.size(); }

  /// Clients that have set a log level.
  std::size_t listeners() const { return listeners_.size(); }

  mcp::Task<void> close(mcp::Error reason);

 private:
  static mcp::Task<void> check(std::shared_ptr<ServerClients> self, std::shared_ptr<PooledSession> own);
  mcp::Task<bool> list_tools(std::shared_ptr<mcp::ClientSession> session, std::string capabilities);
  static mcp::Task<void> list_again(std::shared_ptr<ServerClients> self,
                                    std::shared_ptr<mcp::ClientSession> session,
                                    std::string capabilities);
  void on_own_notification(PooledSession& own, mcp::Message notification);
  void on_own_lost(const PooledSession& own);
  using Wanted = std::map<std::string, std::string, std::less<>>;
  void want_back(std::uint64_t client,
                 const std::weak_ptr<mcp::ClientPeer>& peer,
                 const std::string& capabilities,
                 const Wanted& wanted);
  void drop_shared(std::uint64_t client, const std::string& uri);
  static mcp::Task<void> restore(std::shared_ptr<ServerClients> self,
                                 std::uint64_t client,
                                 std::weak_ptr<mcp::ClientPeer> peer,
                                 std::string capabilities);
  mcp::Task<bool> restore_once(std::uint64_t client, const std::shared_ptr<mcp::ClientPeer>& peer, const std::string& capabilities);
  mcp::Task<void> align_level(PooledSession& own, const mcp::Caller& caller) const;
  std::optional<mcp::LoggingLevel> lowest_level() const;
  static mcp::Task<void> bring_up(std::shared_ptr<ServerClients> self, std::shared_ptr<mcp::ClientSession> shared);
  static mcp::Task<void> cancel_tasks(std::shared_ptr<ServerClients> self,
                                      std::uint64_t client,
                                      std::vector<ServerTasks::TaskPtr> running);
  static mcp::Task<void> unsubscribe(std::shared_ptr<ServerClients> self, std::vector<std::string> uris);
  void background_log(const mcp::Message& notification) const;

  mcp::Executor executor_;
  const LiveSpecPtr server_;
  const OnTools on_tools_;
  std::map<std::string, std::shared_ptr<mcp::Event>, std::less<>> explored_;  // by capabilities; set once they are
  std::set<std::string, std::less<>> listing_again_;                          // likewise, while it is under way
  std::shared_ptr<ServerTasks> tasks_;
  std::shared_ptr<SessionPool> pool_;
  std::shared_ptr<mcp::ClientSession> shared_;  // null while the server is not ready
  mcp::ProtocolVersion version_ = mcp::kLatestVersion;
  bool logs_ = false, tools_ = false;  // the server declares logging, tools
  ResourceSubscriptions subscriptions_;
  std::map<std::uint64_t, std::weak_ptr<mcp::ClientPeer>> listeners_;  // clients that have set a level
  std::optional<mcp::LoggingLevel> told_level_;                        // as the shared session was told last
  /// Clients whose own session was lost: what has to be asked for again. URI as the server knows it → as the client does.
  std::map<std::uint64_t, std::map<std::string, std::string, std::less<>>> lost_;
  mcp::Cancellation closing_;
};

}  // namespace gateway
