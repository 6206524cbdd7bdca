#include "gateway/upstream/runtime.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "gateway/upstream/connect.h"
#include "gateway/upstream/deadline.h"
#include "gateway/upstream/login_advice.h"
#include "gateway/upstream/process_budget.h"
#include "gateway/upstream/server_logins.h"
#include "gateway/upstream/session_check.h"
#include "mcp/base/clock.h"
#include "mcp/base/log.h"
#include "mcp/base/login_reason.h"
#include "mcp/transport/stdio_client.h"

namespace gateway {

namespace asio = boost::asio;
using mcp::Error;
using mcp::ErrorCode;
using mcp::Event;
using mcp::fail;
using mcp::Message;
using mcp::Result;
using mcp::Task;

namespace {

constexpr int kMaxFailures = 5;                             // of a stdio server, in a row
constexpr auto kStableAfter = std::chrono::seconds(60);     // a server that ran this long starts counting anew
constexpr auto kPatienceWithOld = std::chrono::seconds(1);  // before the next process starts while the one before still ends
constexpr std::size_t kMaxProcesses = 8;                    // beside the first, for clients that a stdio server may ask something
constexpr std::size_t kMaxSessions = 200;                   // likewise with an HTTP server

/// What may keep a program from running that runs in a shell.
std::string sandbox_hint(const ServerSpec& spec) {
  const auto* stdio = std::get_if<StdioSpec>(&spec.transport);
  if (stdio == nullptr || stdio->sandbox.level == SandboxLevel::off) return "";
  return "It runs in a sandbox: what it needs of your files, and of /tmp, has to stand in \"sandbox\" under \"read\" or "
         "\"write\". ";
}

}  // namespace

std::shared_ptr<Runtime> Runtime::create(RuntimeDependencies dependencies, ServerSpec spec, Observer observer) {
  const auto budget = dependencies.budget;
  std::shared_ptr<Runtime> runtime(new Runtime(std::move(dependencies), std::move(spec), std::move(observer)));
  if (budget) budget->add(runtime);
  return runtime;
}

Runtime::Runtime(RuntimeDependencies dependencies, ServerSpec spec, Observer observer)
    : dependencies_(std::move(dependencies)),
      live_(std::make_shared<LiveSpec>(std::move(spec))),
      access_(dependencies_.logins ? dependencies_.logins->access(live_) : ServerAccess()),
      observer_(std::move(observer)),
      since_(std::chrono::system_clock::now()),
      reader_(*this,
              {.executor = dependencies_.executor,
               .server = live_,
               .delay = dependencies_.refresh_delay,
               .pause = dependencies_.refresh_pause,
               .others = dependencies_.other_lists_wait}),
      clients_(std::make_shared<ServerClients>(
          dependencies_.executor,
          pool_options(),
          [this](const std::string& capabilities, const CatalogListPtr& tools) { reader_.add_tools(capabilities, tools); })),
      settled_(dependencies_.executor),
      stopping_(dependencies_.executor),
      stopped_(dependencies_.executor),
      gate_(dependencies_.executor),
      use_timer_(dependencies_.executor) {
  gate_.set_limit(live_->snapshot()->max_concurrent);
}

void Runtime::start(std::shared_ptr<Event> after) {
  if (std::exchange(supervised_, true)) return;
  start_after_ = std::move(after);
  if (start_after_) {
    phase_ = "waiting for the end of the one before";
    set_state(RuntimeState::starting);
  } else if (asleep_) {
    settled_.set();
    set_state(RuntimeState::dormant);
  }
  asio::co_spawn(dependencies_.executor, supervise(), asio::detached);
}

Task<void> Runtime::stop(Error reason) {
  auto self = shared_from_this();
  if (!stopping_.is_set()) stop_reason_ = reason;
  stopping_.set();
  // A stop ends a start that is under way, too.
  if (starting_ != nullptr) starting_->request({ErrorCode::shutting_down, "stopped while starting"});
  if (session_end_) session_end_->set();
  if (awake_) awake_->set();
  if (pause_end_) pause_end_->set();
  use_timer_.cancel();
  co_await end_all_own(reason);
  co_await clients_->close(std::move(reason));
  if (supervised_) co_await stopped_.wait();
  settled_.set();
  set_state(RuntimeState::stopped);
}

Task<void> Runtime::supervise() {
  auto self = shared_from_this();
  if (start_after_) co_await start_after_->wait_until(mcp::Clock::now() + kPatienceWithOld);
  while (!stopping_.is_set()) {
    if (asleep_) {
      co_await sleep_through();
      continue;
    }
    const auto started = co_await run_session();
    if (stopping_.is_set()) break;
    if (std::exchange(drowsy_, false)) {
      // Somebody may have come while it was being ended.
      asleep_ = state_ == RuntimeState::dormant;
      continue;
    }
    note_loss(started);
    if (retired_) break;
    // Made first: whoever hears of the state may end the pause at once.
    pause_end_ = std::make_unique<Event>(dependencies_.executor);
    const auto time = plan_restart(started.has_value());
    if (!time) break;
    co_await pause(*time);
  }
  settled_.set();
  stopped_.set();
}

Task<Result<>> Runtime::run_session() {
  lost_reason_.reset();
  retry_at_.reset();
  session_end_ = std::make_unique<Event>(dependencies_.executor);
  phase_ = std::holds_alternative<StdioSpec>(spec().transport) ? "process" : "connect";
  set_state(RuntimeState::starting);
  const auto begun = mcp::Clock::now();
  auto started = co_await start_session();
  if (started && !lost_reason_ && !stopping_.is_set()) {
    const auto ready_since = mcp::Clock::now();
    cause_.reset();
    log_ready(ready_since - begun);
    clients_->ready(session_, *introduction_);
    breaker_.reset();
    last_used_ = ready_since;
    settled_.set();
    set_state(RuntimeState::ready);
    watch_use();
    if (observer_.was_read) observer_.was_read(*this);
    reader_.resume();
    co_await session_end_->wait();
    if (mcp::Clock::now() - ready_since >= kStableAfter) backoff_.reset();
  }
  co_await end_session();
  co_return started;
}

void Runtime::note_loss(const Result<>& started) {
  Error cause = started ? lost_reason_.value_or(Error{ErrorCode::connection_lost, "the connection ended"}) : started.error();
  if (cause.code == ErrorCode::exited) cause.remedy = sandbox_hint(spec()) + cause.remedy;
  cause_ = with_login_advice(live_->redaction().clean(std::move(cause)), spec());
  mcp::log_warn("upstream",
                started ? "server lost" : "server did not start",
                {{"server", spec().name.str()}, {"reason", mcp::to_string(cause_->code)}, {"cause", cause_->message}});
}

std::optional<std::chrono::milliseconds> Runtime::plan_restart(bool started) {
  if (started && cause_->code == ErrorCode::session_lost && backoff_.failures() == 0) {
    backoff_.next(0);
    return std::chrono::milliseconds(0);
  }
  const bool wants_login = mcp::is_login_reason(cause_->code);
  const auto pause = wants_login ? Backoff::longest(dependencies_.random()) : backoff_.next(dependencies_.random());
  const bool last = give_up(*cause_);
  if (!last) retry_at_ = std::chrono::system_clock::now() + pause;
  settled_.set();
  set_state(last ? RuntimeState::failed : RuntimeState::backing_off);
  return last ? std::nullopt : std::optional(pause);
}

bool Runtime::give_up(const Error& cause) const {
  switch (cause.code) {
    case ErrorCode::spawn_failed:
    case ErrorCode::sandbox_unavailable:
    case ErrorCode::config_invalid:
    case ErrorCode::unsupported_version:
      return true;
    case ErrorCode::overloaded:  // the system was, which passes
      return false;
    default:
      return std::holds_alternative<StdioSpec>(spec().transport) && backoff_.failures() >= kMaxFailures;
  }
}

Task<Result<>> Runtime::start_session() {
  ++starts_;
  mcp::Cancellation cancellation;
  const Deadline deadline(dependencies_.executor, spec().startup_timeout, [this] { return explain_timeout(); }, cancellation);
  const bool stdio = std::holds_alternative<StdioSpec>(spec().transport);
  if (stdio && dependencies_.budget) {
    starting_ = &cancellation;
    auto admitted = co_await dependencies_.budget->admit(cancellation);
    starting_ = nullptr;
    if (!admitted) co_return std::unexpected(std::move(admitted).error());
  }
  usage_.reset();
  auto transport = connect();
  if (!transport) co_return std::unexpected(std::move(transport).error());
  transport_ = std::move(*transport);
  mcp::ClientSessionOptions options;
  options.client_version = SWITCHYARD_VERSION;
  options.instance = dependencies_.instance;
  options.on_notification = [weak = weak_from_this()](const Message& message) {
    const auto self = weak.lock();
    if (!self) return;
    self->reader_.notice(message);
    self->clients_->notice(message.clone());
  };
  options.on_incoming = [weak = weak_from_this()](Message& message, std::string& note) {
    const auto self = weak.lock();
    return !self || self->clients_->tasks().incoming(self->session_.get(), message, note);
  };
  options.on_closed = [weak = weak_from_this()](const Error& reason) {
    if (auto self = weak.lock()) self->lost(self->session_.get(), reason);
  };
  options.on_unreachable = [weak = weak_from_this()] {
    if (auto self = weak.lock()) self->start_probe(self->session_);
  };
  session_ = mcp::ClientSession::create(dependencies_.executor, transport_, std::move(options));
  starting_ = &cancellation;
  auto started = co_await session_->open();
  if (started && stopping_.is_set()) started = fail(ErrorCode::shutting_down, "stopped while starting");
  if (started) started = co_await shake_hands(cancellation);
  starting_ = nullptr;
  // Where the connection ended meanwhile, that is the better reason.
  if (!started && lost_reason_) co_return std::unexpected(*lost_reason_);
  co_return started;
}

Task<Result<>> Runtime::shake_hands(mcp::Cancellation& cancellation) {
  enter_phase("initialize");
  auto introduction = co_await session_->initialize(cancellation);
  if (!introduction) co_return std::unexpected(std::move(introduction).error());
  introduction_ = std::move(*introduction);
  enter_phase("tools/list");
  co_return co_await reader_.read(*session_, introduction_->capabilities, cancellation);
}

Task<void> Runtime::end_session() {
  auto session = std::move(session_);
  session_.reset();
  if (!session) co_return;
  Error reason = for_open_requests(lost_reason_.value_or(stop_reason_));
  co_await session->close(dependencies_.stop_grace, std::move(reason));
  transport_.reset();
}

/// Something was wrong that other calls may not suffer from: a server is only given up when it does not answer this, either.
/// Where there was no room on our side to ask (overloaded), nothing is known of the server.
Task<void> Runtime::probe(std::shared_ptr<mcp::ClientSession> session) {
  auto self = shared_from_this();
  const auto verdict = co_await check_session(dependencies_.executor, session);
  if (verdict) lost(session.get(), *verdict);
  probing_ = false;
}

void Runtime::start_probe(const std::shared_ptr<mcp::ClientSession>& session) {
  if (!session || session != session_ || std::exchange(probing_, true)) return;
  asio::co_spawn(dependencies_.executor, probe(session), asio::detached);
}

void Runtime::after_failure(const std::shared_ptr<mcp::ClientSession>& session, const Error& error) {
  if (error.code == ErrorCode::session_lost) return lost(session.get(), error);
  if (casts_doubt(error.code)) start_probe(session);
}

void Runtime::lost(const mcp::ClientSession* session, const Error& reason) {
  if (session == nullptr || session != session_.get() || lost_reason_) return;
  lost_reason_ = with_login_advice(live_->redaction().clean(reason), spec());
  clients_->lost();
  session_end_->set();
  // From here on no request may go to that session, though it takes a moment until it is torn down.
  if (state_ == RuntimeState::ready) {
    cause_ = lost_reason_;
    phase_.clear();
    set_state(RuntimeState::starting);
  }
}

void Runtime::set_state(RuntimeState state) {
  state_ = state;
  since_ = std::chrono::system_clock::now();
  for (Event* waiter : waiters_)
    waiter->set();
  const bool hidden = is_to_be_hidden();
  if (std::exchange(hidden_, hidden) != hidden && observer_.catalog_changed) observer_.catalog_changed(*this);
  if (observer_.state_changed) observer_.state_changed(*this);
}

/// While it is tried again it stays as it was.
bool Runtime::is_to_be_hidden() const {
  if (!spec().hide_without_login || !cause_ || serves()) return false;
  return cause_->code == ErrorCode::login_required || cause_->code == ErrorCode::reauthentication_required;
}

void Runtime::enter_phase(std::string_view phase) {
  phase_ = phase;
  if (observer_.progressed) observer_.progressed(*this);
}

std::shared_ptr<mcp::ClientSession> Runtime::live_session() const {
  // One that is being closed takes nothing any more.
  return state_ == RuntimeState::ready && !stopping_.is_set() ? session_ : nullptr;
}

void Runtime::catalog_replaced() {
  count_offered();
  if (observer_.catalog_changed) observer_.catalog_changed(*this);
}

Result<std::shared_ptr<mcp::Transport>> Runtime::connect() const {
  if (dependencies_.connect) return dependencies_.connect(spec());
  TransportNeeds needs{.executor = dependencies_.executor,
                       .launcher = dependencies_.launcher,
                       .environment = dependencies_.environment,
                       .resolver = dependencies_.resolver,
                       .tls = dependencies_.tls,
                       .proxy = dependencies_.proxy,
                       .authorizer = access_.authorizer};
  return make_transport(std::move(needs), live_);
}

SessionPoolOptions Runtime::pool_options() {
  const bool stdio = std::holds_alternative<StdioSpec>(spec().transport);
  SessionPoolOptions options;
  options.server = live_;
  options.connect = [this, stdio]() -> Result<std::shared_ptr<mcp::Transport>> {
    // The session counts already.
    if (stdio && dependencies_.budget && dependencies_.budget->is_exceeded()) {
      return fail(ErrorCode::overloaded, "as many programs run as limits.processes allows");
    }
    return connect();
  };
  options.instance = dependencies_.instance;
  options.clean = [this](Error error) { return live_->redaction().clean(std::move(error)); };
  options.in_turn = stdio;
  options.max_sessions = stdio ? kMaxProcesses : kMaxSessions;
  options.stop_grace = dependencies_.stop_grace;
  return options;
}

}  // namespace gateway
