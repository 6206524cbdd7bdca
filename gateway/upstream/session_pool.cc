#include "gateway/upstream/session_pool.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "gateway/upstream/deadline.h"
#include "gateway/upstream/session_check.h"
#include "mcp/base/log.h"
#include "mcp/json/text.h"

namespace gateway {

namespace asio = boost::asio;
using mcp::Error;
using mcp::ErrorCode;
using mcp::Event;
using mcp::fail;
using mcp::Message;
using mcp::Question;
using mcp::Result;
using mcp::Task;

namespace {

constexpr auto kLongestQuestion = std::chrono::hours(1);  // where no request sets a limit
constexpr auto kSweepInterval = std::chrono::seconds(5);

/// What a server asks outside any request is for the client whose session it is.
Task<Result<Message>> ask_holder(mcp::Executor executor, std::weak_ptr<PooledSession> entry, Message request, Question& question) {
  const auto session = entry.lock();
  const auto peer = session ? session->peer.lock() : nullptr;
  if (!peer) co_return fail(ErrorCode::session_lost, "the client that would have to be asked is gone");
  // A server that asks apart from requests is at work for its client apart from them.
  session->doubtful = true;
  const auto late = [] { return Error{ErrorCode::timeout, "nobody answered in time"}; };
  const Deadline deadline(executor, kLongestQuestion, late, question.cancellation);
  co_return co_await peer->ask(std::move(request), question);
}

}  // namespace

/// Keeps a waiter in the list as long as it lives.
class SessionPool::Place {
 public:
  Place(SessionPool& pool, Event& event) : pool_(pool), at_(pool.waiters_.insert(pool.waiters_.end(), &event)) {}

  ~Place() { pool_.waiters_.erase(at_); }

  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  SessionPool& pool_;
  std::list<Event*>::iterator at_;
};

SessionPool::Lease::Lease(std::shared_ptr<SessionPool> pool, std::shared_ptr<PooledSession> session)
    : pool_(std::move(pool)), session_(std::move(session)) {
  ++session_->leases;
}

SessionPool::Lease::~Lease() {
  if (!session_) return;
  --session_->leases;
  session_->last_used = Clock::now();
  pool_->changed();
}

SessionPool::SessionPool(const mcp::Executor& executor, SessionPoolOptions options)
    : executor_(executor), options_(std::move(options)), sweep_timer_(executor) {}

/// A session for the client, open or being opened; null where it has to wait for one.
Result<std::shared_ptr<PooledSession>> SessionPool::choose(const mcp::Caller& caller,
                                                           const std::string& capabilities,
                                                           bool insisting) {
  if (closed_) return std::unexpected(*closed_);
  if (auto found = find(caller, capabilities)) return found;
  if (failure_ && !insisting && Clock::now() < failed_until_) return std::unexpected(*failure_);
  if (make_room()) return start(caller, capabilities);
  if (any_in_use()) return nullptr;
  return fail(ErrorCode::overloaded, "all " + std::to_string(sessions_.size()) + " sessions are kept by other clients");
}

Task<Result<SessionPool::Lease>> SessionPool::acquire(mcp::CallContext& context, std::string capabilities, bool insisting) {
  const auto self = shared_from_this();
  auto entry = choose(context.caller(), capabilities, insisting);
  while (entry && !*entry) {
    const Error late{
        ErrorCode::timeout,
        "all " + std::to_string(sessions_.size()) + " sessions with server \"" + options_.server->name() + "\" are in use",
        "Try again when other clients' calls are done."};
    if (auto waited = co_await wait_for_change(context, late); !waited) co_return std::unexpected(std::move(waited).error());
    entry = choose(context.caller(), capabilities, insisting);
  }
  if (!entry) co_return std::unexpected(std::move(entry).error());
  (*entry)->holder = context.caller().id;
  (*entry)->peer = context.peer();
  Lease lease(self, *entry);
  const Error slow{ErrorCode::timeout,
                   "a session with server \"" + options_.server->name() + "\" is still being opened",
                   "Try again in a moment."};
  while (!lease->opened) {
    if (auto waited = co_await wait_for_change(context, slow); !waited) co_return std::unexpected(std::move(waited).error());
  }
  if (lease->failure) co_return std::unexpected(*lease->failure);
  co_return lease;
}

std::shared_ptr<PooledSession> SessionPool::held_by(std::uint64_t client) const {
  const auto found = std::ranges::find(sessions_, client, [](const auto& entry) { return entry->holder; });
  return found == sessions_.end() ? nullptr : *found;
}

std::shared_ptr<PooledSession> SessionPool::find(const mcp::Caller& caller, const std::string& capabilities) {
  const auto suits = [&](const PooledSession& entry) {
    return !entry.failure && entry.principal == caller.principal && entry.capabilities == capabilities;
  };
  if (auto held = held_by(caller.id)) {
    if (suits(*held)) return held;
    // The server speaks another revision now, or the client's session was lost.
    if (held->leases == 0) remove(held, {ErrorCode::session_lost, "the client wants another session"});
  }
  if (!options_.in_turn) return nullptr;
  std::shared_ptr<PooledSession> best;
  for (const auto& entry : sessions_) {
    const bool idle = entry->opened && entry->leases == 0 && !busy(*entry);
    const bool free = idle && !entry->pinned() && !entry->doubtful;
    if (free && suits(*entry) && (!best || entry->last_used < best->last_used)) best = entry;
  }
  return best;
}

/// Whether one more may be opened; ends the one that is idle longest where there would be too many.
bool SessionPool::make_room() {
  return sessions_.size() < options_.max_sessions || drop_unneeded();
}

bool SessionPool::drop_unneeded() {
  std::shared_ptr<PooledSession> oldest;
  for (const auto& entry : sessions_) {
    if (!needed(*entry) && (!oldest || entry->last_used < oldest->last_used)) oldest = entry;
  }
  if (!oldest) return false;
  remove(oldest, {ErrorCode::session_lost, "the session was given up to make room"});
  return true;
}

bool SessionPool::any_in_use() const {
  return std::ranges::any_of(sessions_, [](const auto& entry) { return entry->leases > 0 || !entry->opened; });
}

/// What a server knows of its client it can ask for again; but who is subscribed, and listens, hears without asking, and a task is
/// nowhere else.
bool SessionPool::needed(const PooledSession& entry) {
  if (entry.leases > 0 || !entry.opened || busy(entry)) return true;
  const auto peer = entry.peer.lock();
  return peer && (entry.tasks > 0 || (!entry.subscriptions.empty() && peer->listens()));
}

bool SessionPool::busy(const PooledSession& entry) {
  return entry.session && (entry.session->open_requests() > 0 || entry.session->open_questions() > 0);
}

std::shared_ptr<PooledSession> SessionPool::start(const mcp::Caller& caller, std::string capabilities) {
  auto entry = std::make_shared<PooledSession>();
  entry->principal = caller.principal;
  entry->capabilities = std::move(capabilities);
  entry->last_used = Clock::now();
  sessions_.push_back(entry);
  asio::co_spawn(executor_, open(shared_from_this(), entry), asio::detached);
  arm_sweep();
  return entry;
}

mcp::ClientSessionOptions SessionPool::session_options(const std::shared_ptr<PooledSession>& entry) {
  mcp::ClientSessionOptions options;
  options.client_version = SWITCHYARD_VERSION;
  options.instance = options_.instance;
  options.server = options_.server->name();
  options.capabilities = entry->capabilities;
  const std::weak_ptr<PooledSession> weak = entry;
  const std::weak_ptr<SessionPool> pool = weak_from_this();
  options.on_notification = [pool, weak](Message message) {
    const auto self = pool.lock();
    const auto session = weak.lock();
    if (self && session) self->options_.on_notification(*session, std::move(message));
  };
  options.on_incoming = [pool, weak](Message& message, std::string& note) {
    const auto self = pool.lock();
    const auto session = weak.lock();
    return !self || !session || !self->options_.on_incoming || self->options_.on_incoming(session->session.get(), message, note);
  };
  options.on_answer = [pool](const std::string& note, Message& answer) {
    const auto self = pool.lock();
    if (self && self->options_.on_answer) self->options_.on_answer(note, answer);
  };
  options.on_question = [weak, executor = executor_](Message request, Question& question) {
    return ask_holder(executor, weak, std::move(request), question);
  };
  const bool urls = !mcp::member(mcp::member(entry->capabilities, "elicitation"), "url").empty();
  options.on_asked = [weak, urls](std::string_view method) {
    const auto session = weak.lock();
    if (session && method == "roots/list") session->knows_roots = true;
    // What a person does at a URL the server tells later.
    if (session && urls && method == "elicitation/create") session->doubtful = true;
  };
  options.on_closed = [pool, weak](const Error& reason) {
    const auto self = pool.lock();
    const auto session = weak.lock();
    if (self && session) self->lose(session, reason);
  };
  return options;
}

Task<void> SessionPool::open(std::shared_ptr<SessionPool> self, std::shared_ptr<PooledSession> entry) {
  mcp::Cancellation cancellation;
  const auto slow = [] { return Error{ErrorCode::timeout, "the server did not open another session in time"}; };
  const Deadline deadline(self->executor_, (*self->options_.server)->startup_timeout, slow, cancellation);
  entry->opening = &cancellation;
  Result<> opened;
  if (auto transport = self->options_.connect(); !transport) {
    opened = std::unexpected(std::move(transport).error());
  } else {
    entry->session = mcp::ClientSession::create(self->executor_, std::move(*transport), self->session_options(entry));
    opened = co_await entry->session->open();
  }
  if (opened && !cancellation.requested()) {
    auto introduction = co_await entry->session->initialize(cancellation);
    if (!introduction) opened = std::unexpected(std::move(introduction).error());
  }
  entry->opening = nullptr;
  entry->opened = true;
  if (opened && cancellation.requested()) opened = std::unexpected(cancellation.reason());
  // Where it was lost or given up meanwhile, that is told already.
  if (!opened && !entry->failure) {
    if (self->options_.clean) opened = std::unexpected(self->options_.clean(opened.error()));
    // That there is no room says nothing of the server.
    if (opened.error().code != ErrorCode::overloaded) self->failure_ = opened.error();
    self->failed_until_ = Clock::now() + self->options_.retry_after;
    self->remove(entry, opened.error());
  }
  self->changed();
}

void SessionPool::lose(const std::shared_ptr<PooledSession>& entry, Error reason) {
  if (entry->failure) return;
  if (options_.clean) reason = options_.clean(std::move(reason));
  if (!entry->opened) {  // open() tells
    if (entry->opening != nullptr) entry->opening->request(reason);
    return;
  }
  mcp::log_info("upstream", "a client's session was lost", {{"server", options_.server->name()}, {"cause", reason.message}});
  remove(entry, reason);
  if (entry->pinned() && options_.on_lost) options_.on_lost(*entry);
}

void SessionPool::remove(const std::shared_ptr<PooledSession>& entry, const Error& reason) {
  if (std::erase(sessions_, entry) == 0) return;
  entry->failure = reason;
  if (entry->opening != nullptr) entry->opening->request(reason);
  ++ending_;
  asio::co_spawn(executor_, end(shared_from_this(), entry, reason), asio::detached);
  changed();
}

Task<void> SessionPool::end(std::shared_ptr<SessionPool> self, std::shared_ptr<PooledSession> entry, Error reason) {
  // A session that is just being opened is not cut off within the handshake: it hears of its end there.
  while (!entry->opened) {
    Event change(self->executor_);
    const Place place(*self, change);
    co_await change.wait();
  }
  if (entry->session) co_await entry->session->close(self->options_.stop_grace, for_open_requests(std::move(reason)));
  --self->ending_;
  self->changed();
}

void SessionPool::release(std::uint64_t client) {
  while (const auto entry = held_by(client)) {
    // What it holds of the client's goes with it.
    const bool reusable = options_.in_turn && !entry->pinned() && !entry->doubtful;
    entry->holder = 0;
    entry->peer.reset();
    if (!reusable) remove(entry, {ErrorCode::session_lost, "the client has gone"});
  }
}

PoolUse SessionPool::use() const {
  PoolUse use{.waiting = waiters_.size(), .ending = ending_};
  for (const auto& entry : sessions_) {
    use.leases += static_cast<std::size_t>(entry->leases);
    if (!entry->session) continue;
    use.open_requests += entry->session->open_requests();
    use.questions += entry->session->open_questions();
  }
  return use;
}

Task<Result<>> SessionPool::wait_for_change(mcp::CallContext& context, const Error& late) {
  Event change(executor_);
  const Place place(*this, change);
  const mcp::Cancellation::Callback cancelled(context.cancellation(), [&change] { change.set(); });
  const bool in_time = co_await change.wait_until(context.deadline);
  if (context.cancellation().requested()) co_return std::unexpected(context.cancellation().reason());
  if (in_time) co_return Result<>();
  co_return std::unexpected(late);
}

void SessionPool::changed() {
  for (Event* waiter : waiters_)
    waiter->set();
}

Task<void> SessionPool::close(Error reason) {
  const auto self = shared_from_this();
  closed_ = reason;
  while (!sessions_.empty())
    remove(std::shared_ptr(sessions_.back()), reason);
  while (ending_ > 0) {
    Event change(executor_);
    const Place place(*this, change);
    co_await change.wait();
  }
}

void SessionPool::arm_sweep() {
  if (std::exchange(sweeping_, true)) return;
  sweep_timer_.expires_after(kSweepInterval);
  sweep_timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    const auto self = weak.lock();
    if (!self) return;
    self->sweeping_ = false;
    if (!error) self->sweep();
  });
}

void SessionPool::sweep() {
  const auto limit = Clock::now() - options_.idle;
  std::vector<std::shared_ptr<PooledSession>> idle;
  for (const auto& entry : sessions_) {
    if (!needed(*entry) && (entry->peer.expired() || entry->last_used < limit)) idle.push_back(entry);
  }
  for (const auto& entry : idle) {
    if (entry->last_used < limit || !options_.in_turn)
      remove(entry, {ErrorCode::session_lost, "the session was not used for a while"});
  }
  if (!sessions_.empty()) arm_sweep();
}

}  // namespace gateway
