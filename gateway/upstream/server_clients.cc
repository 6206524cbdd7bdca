#include "gateway/upstream/server_clients.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>
#include <vector>

#include "gateway/upstream/client_errand.h"
#include "gateway/upstream/peer_context.h"
#include "gateway/upstream/session_check.h"
#include "mcp/adapt/capabilities.h"
#include "mcp/base/clock.h"
#include "mcp/base/log.h"
#include "mcp/json/text.h"
#include "mcp/rpc/error_codes.h"

namespace gateway {

namespace asio = boost::asio;
using mcp::CallContext;
using mcp::Caller;
using mcp::ClientPeer;
using mcp::Clock;
using mcp::Error;
using mcp::ErrorCode;
using mcp::LoggingLevel;
using mcp::Message;
using mcp::Result;
using mcp::Task;

namespace {

/// Methods whose handling may lead a server to ask the client something, or that leave something of the client's there.
bool belongs_to_client(std::string_view method) {
  return method == "tools/call" || method == "prompts/get" || method == "resources/read" || method == "resources/subscribe" ||
         method == "resources/unsubscribe" || method.starts_with("tasks/");
}

std::optional<LoggingLevel> level_of(const Message& notification) {
  return mcp::parse_logging_level(mcp::decode_json_string(mcp::member(notification.raw(notification.envelope().params), "level")));
}

std::string level_params(LoggingLevel level) {
  return "{\"level\":\"" + std::string(to_string(level)) + "\"}";
}

}  // namespace

ServerClients::ServerClients(const mcp::Executor& executor, SessionPoolOptions options, OnTools on_tools)
    : executor_(executor),
      server_(options.server),
      on_tools_(std::move(on_tools)),
      tasks_(std::make_shared<ServerTasks>(executor, options.server)) {
  options.on_notification = [this](PooledSession& own, Message notification) { on_own_notification(own, std::move(notification)); };
  options.on_incoming = [tasks = tasks_](const mcp::ClientSession* session, Message& message, std::string& note) {
    return tasks->incoming(session, message, note);
  };
  options.on_answer = &ServerTasks::outgoing;
  options.on_lost = [this](PooledSession& own) { on_own_lost(own); };
  pool_ = std::make_shared<SessionPool>(executor, std::move(options));
}

void ServerClients::ready(std::shared_ptr<mcp::ClientSession> shared, const mcp::ServerIntroduction& introduction) {
  shared_ = std::move(shared);
  version_ = introduction.version;
  logs_ = mcp::declares(introduction.capabilities, "logging");
  tools_ = mcp::declares(introduction.capabilities, "tools");
  tasks_->server_cancels(mcp::member(mcp::member(introduction.capabilities, "tasks"), "cancel").starts_with('{'));
  explored_.clear();
  told_level_.reset();
  if (lowest_level() || !subscriptions_.empty()) asio::co_spawn(executor_, bring_up(shared_from_this(), shared_), asio::detached);
}

/// Asks a server that has come back for what its clients had asked for.
Task<void> ServerClients::bring_up(std::shared_ptr<ServerClients> self, std::shared_ptr<mcp::ClientSession> shared) {
  const auto level = self->lowest_level();
  if (level && self->logs_) {
    self->told_level_ = level;
    const std::string params = level_params(*level);
    co_await tell(self->executor_, *shared, "logging/setLevel", params);
  }
  if (self->subscriptions_.empty()) co_return;
  for (const std::string& uri : self->subscriptions_.uris()) {
    if (!self->subscriptions_.has(uri)) continue;
    const std::string params = uri_params(uri);
    co_await tell(self->executor_, *shared, "resources/subscribe", params);
  }
  // What happened meanwhile nobody was told.
  self->subscriptions_.all_updated();
}

std::string ServerClients::capabilities_for(const Caller& caller) const {
  if (caller.capabilities == "{}") return caller.capabilities;
  return mcp::adapt_capabilities(caller.capabilities, caller.version, version_);
}

Task<Result<ServerClients::Way>> ServerClients::choose(std::shared_ptr<mcp::ClientSession> shared,
                                                       CallContext& context,
                                                       std::string_view method) {
  Way way{.session = std::move(shared), .own = std::nullopt};
  if (!belongs_to_client(method) || !context.peer()) co_return way;
  const std::string capabilities = capabilities_for(context.caller());
  if (capabilities == "{}") co_return way;
  std::optional<Error> refused;
  for (int tries = 0; tries < 2 && !refused; ++tries) {
    auto own = co_await pool_->acquire(context, capabilities);
    if (!own) {
      refused = std::move(own).error();
      continue;
    }
    co_await align_level(**own, context.caller());
    // It may have ended meanwhile; nothing of the client's was sent on it yet.
    if ((*own)->failure) continue;
    way.session = (*own)->session;
    way.own.emplace(std::move(*own));
    co_return way;
  }
  if (!refused)
    refused = Error{ErrorCode::session_lost, "the session was lost twice before it could be used", "Try again in a moment."};
  const bool waited = context.cancellation().requested() || Clock::now() >= context.deadline;
  if (waited || refused->code == ErrorCode::shutting_down) co_return std::unexpected(std::move(*refused));
  mcp::log_debug("upstream",
                 "no session of its own for a client: the server cannot ask it",
                 {{"server", server_->name()}, {"cause", refused->message}});
  // The shared one there was may be gone by now.
  if (!shared_)
    co_return mcp::fail(ErrorCode::session_lost, "server \"" + server_->name() + "\" was lost just now", "Try again in a moment.");
  way.session = shared_;
  co_return way;
}

/// The session may have been told the level of the client that had it before.
Task<void> ServerClients::align_level(PooledSession& own, const Caller& caller) const {
  if (!logs_ || own.log_level == caller.log_level) co_return;
  const LoggingLevel level = caller.log_level.value_or(LoggingLevel::info);
  own.log_level = caller.log_level;
  const auto session = own.session;
  const std::string params = level_params(level);
  co_await tell(executor_, *session, "logging/setLevel", params);
}

void ServerClients::answered(SessionPool::Lease& own, const Result<Message>& answer) {
  const bool refused = answer && refuses_session(*answer);
  const auto code = answer && answer->is_error() ? mcp::member(answer->raw(answer->envelope().error), "code") : std::string_view();
  // A late question may still come; and of what a person does at a URL the server tells later.
  if (!answer || code == std::to_string(mcp::kUrlElicitationRequired)) own->doubtful = true;
  if (!answer && answer.error().code == ErrorCode::session_lost) return pool_->lose(own.entry(), answer.error());
  const bool suspect = refused || (!answer && casts_doubt(answer.error().code));
  if (!suspect || own->failure || std::exchange(own->checking, true)) return;
  asio::co_spawn(executor_, check(shared_from_this(), own.entry()), asio::detached);
}

/// Something was wrong that later requests may not suffer from.
Task<void> ServerClients::check(std::shared_ptr<ServerClients> self, std::shared_ptr<PooledSession> own) {
  const auto verdict = co_await check_session(self->executor_, own->session);
  if (verdict) self->pool_->lose(own, *verdict);
  own->checking = false;
}

bool ServerClients::subscribing(CallContext& context, const std::string& uri, const std::string& shown) {
  const auto peer = context.peer();
  if (!peer || capabilities_for(context.caller()) != "{}" || subscriptions_.find(context.caller().id, shown)) return false;
  return subscriptions_.add(peer, uri, shown);
}

bool ServerClients::subscribed(Way& way, CallContext& context, std::string uri, std::string shown) {
  const auto peer = context.peer();
  if (!peer) return true;
  const std::uint64_t client = context.caller().id;
  if (!way.own) {
    if (const auto lost = lost_.find(client); lost != lost_.end()) lost->second.erase(uri);
    return subscriptions_.add(peer, std::move(uri), std::move(shown));
  }
  drop_shared(client, uri);
  PooledSession& own = **way.own;
  if (own.subscriptions.size() >= ResourceSubscriptions::kMaxOfClient && !own.subscriptions.contains(uri)) return false;
  own.subscriptions[std::move(uri)] = std::move(shown);
  // It may be gone since the answer came.
  if (own.failure) on_own_lost(own);
  return true;
}

std::optional<std::string> ServerClients::subscription(std::uint64_t client, std::string_view shown) const {
  if (const auto own = pool_->held_by(client)) {
    for (const auto& [uri, known] : own->subscriptions) {
      if (known == shown) return uri;
    }
  }
  if (const auto lost = lost_.find(client); lost != lost_.end()) {
    for (const auto& [uri, known] : lost->second) {
      if (known == shown) return uri;
    }
  }
  return subscriptions_.find(client, shown);
}

/// What a client of its own session may have wanted while there was none.
void ServerClients::drop_shared(std::uint64_t client, const std::string& uri) {
  if (!subscriptions_.remove(client, uri)) return;
  asio::co_spawn(executor_, unsubscribe(shared_from_this(), {uri}), asio::detached);
}

bool ServerClients::unsubscribed(CallContext& context, const std::string& uri) {
  const std::uint64_t client = context.caller().id;
  bool had = false;
  if (const auto own = pool_->held_by(client)) had = own->subscriptions.erase(uri) > 0;
  if (const auto lost = lost_.find(client); lost != lost_.end()) had = lost->second.erase(uri) > 0 || had;
  if (capabilities_for(context.caller()) == "{}") return subscriptions_.remove(client, uri) || !subscriptions_.has(uri);
  // The client's request goes to its own session.
  drop_shared(client, uri);
  return had || !subscriptions_.has(uri);
}

Task<void> ServerClients::level_changed(std::shared_ptr<ClientPeer> peer) {
  const auto self = shared_from_this();
  const Caller& caller = peer->caller();
  if (!logs_) co_return;
  if (const auto own = pool_->held_by(caller.id); own && own->opened && !own->failure) co_await align_level(*own, caller);
  const auto shared = shared_;
  const auto level = lowest_level();
  if (!shared || !level || level == told_level_) co_return;
  told_level_ = level;
  const std::string params = level_params(*level);
  co_await tell(executor_, *shared, "logging/setLevel", params);
}

std::optional<LoggingLevel> ServerClients::lowest_level() const {
  std::optional<LoggingLevel> lowest;
  for (const auto& [id, peer] : listeners_) {
    const auto client = peer.lock();
    if (!client || !client->caller().log_level) continue;
    lowest = std::min(lowest.value_or(LoggingLevel::emergency), *client->caller().log_level);
  }
  return lowest;
}

void ServerClients::roots_changed(const Caller& caller) {
  const auto own = pool_->held_by(caller.id);
  if (!own || !own->opened || own->failure) return;
  if (mcp::member(mcp::member(own->capabilities, "roots"), "listChanged") != "true") return;
  const auto peer = own->peer.lock();
  if (!peer) return;
  PeerContext context(peer, kClientErrand);
  own->session->notice(Message::notification("notifications/roots/list_changed", {}), context);
}

void ServerClients::forget(std::uint64_t client) {
  listeners_.erase(client);
  lost_.erase(client);
  if (auto running = tasks_->forget(client); running.empty()) {
    pool_->release(client);
  } else {
    asio::co_spawn(executor_, cancel_tasks(shared_from_this(), client, std::move(running)), asio::detached);
  }
  auto unwanted = subscriptions_.forget(client);
  if (!unwanted.empty()) asio::co_spawn(executor_, unsubscribe(shared_from_this(), std::move(unwanted)), asio::detached);
}

/// A session of the client's own stays until the server has heard on it that the tasks are not wanted any more.
Task<void> ServerClients::cancel_tasks(std::shared_ptr<ServerClients> self,
                                       std::uint64_t client,
                                       std::vector<ServerTasks::TaskPtr> running) {
  {
    const auto kept = self->use(self->pool_->held_by(client));
    co_await self->tasks_->cancel_all(std::move(running));
  }
  self->pool_->release(client);
}

Task<void> ServerClients::unsubscribe(std::shared_ptr<ServerClients> self, std::vector<std::string> uris) {
  const auto shared = self->shared_;
  if (!shared) co_return;
  for (const std::string& uri : uris) {
    const std::string params = uri_params(uri);
    if (!self->subscriptions_.has(uri)) co_await tell(self->executor_, *shared, "resources/unsubscribe", params);
  }
}

void ServerClients::notice(Message notification) {
  if (tasks_->progress(shared_.get(), notification)) return;
  const std::string_view method = notification.method();
  // What it shows to clients that can be asked may have changed as well: who lists next looks again.
  if (method == "notifications/tools/list_changed") explored_.clear();
  if (method == "notifications/resources/updated") return subscriptions_.updated(notification);
  if (method == "notifications/message") background_log(notification);
}

/// Nobody's request is open: the line is for those who asked to read along.
void ServerClients::background_log(const Message& notification) const {
  const auto level = level_of(notification);
  if (!level) return;
  for (const auto& [id, peer] : listeners_) {
    const auto client = peer.lock();
    if (client && client->caller().log_level && *level >= *client->caller().log_level) client->push(notification.clone());
  }
}

void ServerClients::on_own_notification(PooledSession& own, Message notification) {
  const std::string_view method = notification.method();
  if (method == "notifications/tools/list_changed" && listing_again_.insert(own.capabilities).second) {
    asio::co_spawn(executor_, list_again(shared_from_this(), own.session, own.capabilities), asio::detached);
  }
  const auto peer = own.peer.lock();
  if (!peer || tasks_->progress(own.session.get(), notification)) return;
  if (method == "notifications/resources/updated") {
    const std::string shown = shown_uri(own.subscriptions, updated_uri(notification));
    if (!shown.empty()) peer->push(with_uri(notification, shown));
  } else if (method == "notifications/message") {
    const auto level = level_of(notification);
    if (level && *level >= peer->caller().log_level.value_or(LoggingLevel::debug)) peer->push(std::move(notification));
  } else if (method == "notifications/elicitation/complete") {
    peer->push(std::move(notification));
  }
}

Task<void> ServerClients::close(Error reason) {
  const auto self = shared_from_this();
  closing_.request(reason);
  shared_.reset();
  co_await pool_->close(std::move(reason));
}

}  // namespace gateway
