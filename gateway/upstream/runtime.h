#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "gateway/config/config.h"
#include "gateway/upstream/backoff.h"
#include "gateway/upstream/call_gate.h"
#include "gateway/upstream/catalog_reader.h"
#include "gateway/upstream/circuit_breaker.h"
#include "gateway/upstream/known_server.h"
#include "gateway/upstream/live_spec.h"
#include "gateway/upstream/runtime_dependencies.h"
#include "gateway/upstream/runtime_status.h"
#include "gateway/upstream/server_catalog.h"
#include "gateway/upstream/server_clients.h"
#include "mcp/base/event.h"
#include "mcp/process/process_usage.h"
#include "mcp/rpc/request_handler.h"
#include "mcp/session/client_session.h"

namespace gateway {

/// One live upstream: starts the server, keeps it alive, knows what it offers, and passes requests to it.
///
/// stopped → starting → ready → (lost) → backing_off → starting …; failed is the end of trying: what failed cannot mend itself
/// (a command that is not there, a revision we do not speak), or a stdio server ended five times in a row without having run for a
/// minute. An HTTP server that cannot be reached is tried for ever; one that wants a login too, once a minute. A server that lost
/// our session (HTTP 404) is initialised again at once, unless it did so a minute ago or less: then it is lost like any other.
///
/// A server that nobody has used for a while (idleStop), or that is to be started with its first use (start: lazy), is dormant: not
/// there, but for its tools; the next request wakes it. One that is ready and not used is pinged (pingInterval).
///
/// handle(): while the server is starting the request waits for it (until its deadline); in every other state but ready it fails
/// at once with server_unavailable (login_required, where that is why), saying why and what to do. A request is sent at most once,
/// but for safe ones (ping, lists, reads), which are repeated once where the session had been lost; tools/call never.
///
/// Clients that the server may ask something have sessions of their own with it (ServerClients).
///
/// Loop thread only. Held by shared_ptr; stop() before letting go.
class Runtime final : public mcp::RequestHandler, public std::enable_shared_from_this<Runtime>, private CatalogReader::Owner {
 public:
  struct Observer {
    std::function<void(Runtime&)> state_changed;
    std::function<void(Runtime&)> progressed;  // its start has come further, or the circuit breaker changed
    std::function<void(Runtime&)> catalog_changed;
    std::function<void(Runtime&)> was_read;  // it is ready: what it offers has just been read, changed or not
  };

  static std::shared_ptr<Runtime> create(RuntimeDependencies dependencies, ServerSpec spec, Observer observer);

  /// Where `after` is given, the program is started, or the URL opened, once that has happened, a second later at most; requests
  /// wait from now on.
  void start(std::shared_ptr<mcp::Event> after = nullptr);

  /// Ends the server in good manners; requests that are open fail with shutting_down, or `reason`.
  mcp::Task<void> stop(mcp::Error reason = mcp::ClientSession::closing());

  // What a reload of the configuration does (runtime_change.cc).

  /// From here on the server is shown and treated like this. The connection is the same but for the entry's name.
  void present(std::shared_ptr<const ServerSpec> spec);

  /// Before start(): shows what the server offered under another runtime until it has been read, and asks again for what clients
  /// were subscribed to there.
  void succeed(const Runtime& before);

  /// Before start(): likewise, what is known of it from before. A server whose start is lazy is dormant then.
  void remember(KnownServer known);

  /// For the next life of the gateway; nothing while it has not been read.
  std::optional<KnownServer> known() const;

  /// It is ready, or will be when it is asked for something.
  bool serves() const { return state_ == RuntimeState::ready || state_ == RuntimeState::dormant; }

  /// Nothing of clients' depends on its running on.
  bool can_sleep() const;

  /// Requests, tasks, results that were not fetched, subscriptions, or sessions of clients' own.
  bool holds_something() const;

  /// Where it can, it ends and is dormant.
  void sleep();

  /// What keeps it from starting may be over: the pause before the next start ends.
  void try_again();

  /// Programs of it that run, with those of clients' own sessions; not those of runtimes of their own.
  std::size_t processes() const;
  std::size_t ending_processes() const;
  std::optional<pid_t> pid() const;

  /// What its program takes, as measured last; for status().
  void note_usage(const std::optional<mcp::ProcessUsage>& usage) { usage_ = usage; }

  /// It is one client's or principal's own (isolates()).
  bool is_own() const { return is_own_; }

  /// When a request of a client's last ended, or it became ready.
  std::chrono::steady_clock::time_point last_used() const { return last_used_; }

  /// Is not the server's runtime any more. What it was sent it may finish within `grace`; what was not sent yet goes to
  /// `successor`, or, where there is none, fails with `reason`. Then stops, and returns.
  mcp::Task<void> retire(std::shared_ptr<Runtime> successor, mcp::Error reason, std::chrono::milliseconds grace);

  /// Something of clients' is under way: requests, or tasks.
  bool busy() const;

  mcp::Task<mcp::Result<mcp::Message>> handle(mcp::Message request, mcp::CallContext& context) override;
  void notice(mcp::Message notification, mcp::CallContext& context) override;

  /// handle() for resources/subscribe and resources/unsubscribe: from here on, or no longer, the client hears of updates of the
  /// resource, under the URI `shown`. The request names it by the server's own, `uri`. Survives restarts of the server.
  mcp::Task<mcp::Result<mcp::Message>> subscribe(mcp::Message request,
                                                 mcp::CallContext& context,
                                                 std::string uri,
                                                 std::string shown);
  mcp::Task<mcp::Result<mcp::Message>> unsubscribe(mcp::Message request, mcp::CallContext& context, std::string uri);

  /// handle() for a tools/call with params.task. Where the server made a task, the answer names it by our id and `started` is it;
  /// else `started` stays null. `driven`: ServerTask::driven. Error overloaded: the client has too many.
  mcp::Task<mcp::Result<mcp::Message>> start_task(mcp::Message request,
                                                  mcp::CallContext& context,
                                                  bool driven,
                                                  ServerTasks::TaskPtr& started);

  /// "tasks/get" or "tasks/cancel" of a task, at the session on which alone it is known. The answer is the server's, but for our id
  /// of the task; `id` is the answer's. Errors: session_lost where that session is gone, else those of handle().
  mcp::Task<mcp::Result<mcp::Message>> ask_about(ServerTasks::TaskPtr task,
                                                 std::string_view method,
                                                 std::string id,
                                                 mcp::CallContext& context);

  /// The task's result, once there is one: tasks/result. Where a server does not wait but answers with an error before the task is
  /// over, looks again as often as it suggests. Progress of the task moves the deadline. Errors: as above.
  mcp::Task<mcp::Result<mcp::Message>> task_result(ServerTasks::TaskPtr task, std::string id, mcp::CallContext& context);

  /// A tools/call without params.task of a tool that runs as a task only: starts the task, waits, and answers with its result. The
  /// task ends with the call: what keeps the call from an answer cancels it.
  mcp::Task<mcp::Result<mcp::Message>> run_as_task(mcp::Message request, mcp::CallContext& context);

  // Servers that clients do not share (ServerConnection::isolation): each principal, or each session, has a runtime of its own,
  // which begins with its first request; this one is for what the server offers alone (runtime_isolation.cc).

  bool isolates() const { return spec().isolation != Isolation::shared && !is_own_; }

  /// The runtime that has what this client holds: this one, or its own; null where it has none yet.
  std::shared_ptr<Runtime> held_by(const mcp::Caller& caller);

  /// The client has gone.
  void forget(const mcp::Caller& caller);

  /// The server declares that its tools can run as tasks.
  bool runs_tasks() const;

  /// What clients hold here beyond their requests.
  ServerClients& clients() { return *clients_; }

  const ServerSpec& spec() const { return **live_; }
  const std::shared_ptr<const ServerSpec>& shared_spec() const { return live_->snapshot(); }

  RuntimeState state() const { return state_; }

  RuntimeStatus status() const;

  /// What the server offers, or offered before it was lost. Never null.
  const std::shared_ptr<const ServerCatalog>& catalog() const { return reader_.catalog(); }

  /// What of that clients are to see: nothing while it wants a login and is to be hidden then. Never null.
  const std::shared_ptr<const ServerCatalog>& shown() const { return hidden_ ? nothing_ : reader_.catalog(); }

  /// There is something to list, old as it may be, or the very first start has come to an end.
  bool listable() const { return settled_.is_set() || reader_.remembers(); }

  /// What the server said of itself, once it was ready; {} before.
  const std::optional<mcp::ServerIntroduction>& introduction() const { return introduction_; }

  /// Set when the very first start came to an end, good or bad.
  mcp::Event& settled() { return settled_; }

  /// Why a request cannot be served in the present state.
  mcp::Error unavailable() const;

  /// The same, where it is for want of a login, or of what stands for one.
  std::optional<mcp::Error> missing_login() const;

 private:
  Runtime(RuntimeDependencies dependencies, ServerSpec spec, Observer observer);

  mcp::Task<void> supervise();
  /// One session, from its start to its end; the error is why it did not come up. Why one that did has ended is in lost_reason_.
  mcp::Task<mcp::Result<>> run_session();
  void note_loss(const mcp::Result<>& started);
  void log_ready(std::chrono::steady_clock::duration took) const;
  /// Decides what follows the loss that cause_ tells of: the pause before the next start, or nothing where no start would help.
  std::optional<std::chrono::milliseconds> plan_restart(bool started);
  mcp::Task<mcp::Result<>> start_session();
  mcp::Task<mcp::Result<>> shake_hands(mcp::Cancellation& cancellation);
  mcp::Task<void> end_session();
  mcp::Task<void> probe(std::shared_ptr<mcp::ClientSession> session);
  void start_probe(const std::shared_ptr<mcp::ClientSession>& session);
  void after_failure(const std::shared_ptr<mcp::ClientSession>& session, const mcp::Error& error);
  mcp::Task<mcp::Result<std::shared_ptr<mcp::ClientSession>>> ready_session(mcp::CallContext& context);
  bool is_for_askable(std::string_view tool) const;
  mcp::Task<mcp::Result<>> choose_way(const mcp::Message& request, mcp::CallContext& context, ServerClients::Way& way);
  mcp::Task<mcp::Result<>> wait_for_way(const mcp::Message& request, mcp::CallContext& context, ServerClients::Way& way);
  void note_answer(ServerClients::Way& way, const mcp::Result<mcp::Message>& answer, mcp::Clock::time_point answered);
  mcp::Task<mcp::Result<mcp::Message>> send(mcp::Message request,
                                            mcp::CallContext& context,
                                            ServerClients::Way* taken,
                                            mcp::RequestLink* link = nullptr);
  mcp::Task<mcp::Result<mcp::Message>> send_about(
      ServerTasks::TaskPtr task, std::string_view method, std::string id, mcp::CallContext& context, mcp::RequestLink* link);
  class Patience;
  /// Until the task is over or wants something: whether it is over.
  mcp::Task<mcp::Result<bool>> watch(ServerTasks::TaskPtr task, std::string id, mcp::CallContext& context, Patience& patience);
  mcp::Error for_caller(mcp::Error error) const;
  /// Counts a request of a client's that is under way, and keeps the runtime as long.
  class Lease {
   public:
    Lease() = default;
    explicit Lease(std::shared_ptr<Runtime> runtime);
    ~Lease();
    Lease(Lease&& other) noexcept = default;
    Lease& operator=(Lease&& other) noexcept;
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

   private:
    std::shared_ptr<Runtime> runtime_;
  };
  /// What a request has that is under way.
  struct Admission {
    Lease lease;
    CallGate::Place place;
  };
  mcp::Task<mcp::Result<>> wait_for_place(mcp::CallContext& context, CallGate::Place& place);
  bool admits_at_once(const mcp::Message& request,
                      const mcp::CallContext& context,
                      CallGate::Place& place,
                      ServerClients::Way& way);
  mcp::Task<mcp::Result<>> admit(const mcp::Message& request,
                                 mcp::CallContext& context,
                                 CallGate::Place& place,
                                 ServerClients::Way& way);
  mcp::Task<mcp::Result<mcp::Message>> pass_on(mcp::Message&& request,
                                               mcp::CallContext& context,
                                               Admission&& admission,
                                               mcp::Error&& failure);
  /// Where a request goes that was not sent, once this is not the server's runtime any more; else null.
  std::shared_ptr<Runtime> successor() const;
  mcp::Task<void> wait_until_unused(std::chrono::steady_clock::time_point deadline);

  // runtime_isolation.cc
  std::string key_of(const mcp::Caller& caller) const;
  /// Who is to handle a client's request: this one, the client's own, or the one that has taken over.
  mcp::Result<std::shared_ptr<Runtime>> handler_for(mcp::CallContext& context);
  mcp::Result<std::shared_ptr<Runtime>> runtime_for(mcp::CallContext& context);
  mcp::Task<mcp::Result<mcp::Message>> handle_elsewhere(mcp::Message request, mcp::CallContext& context);
  bool drop_unused();
  std::shared_ptr<Runtime> make_own(const std::string& key);
  void succeed_own(const Runtime& before);
  void end_own(const std::string& key, mcp::Error reason);
  static mcp::Task<void> end_later(std::shared_ptr<Runtime> self, std::shared_ptr<Runtime> own, mcp::Error reason);
  mcp::Task<void> end_all_own(mcp::Error reason);
  std::chrono::milliseconds idle_limit() const;

  // runtime_sleep.cc
  void wake();
  mcp::Task<void> sleep_through();
  mcp::Task<void> pause(std::chrono::milliseconds time);
  void watch_use();
  void look_at_use();
  mcp::Error circuit_open() const;

  void count_offered();

  mcp::Result<std::shared_ptr<mcp::Transport>> connect() const;
  SessionPoolOptions pool_options();
  bool give_up(const mcp::Error& cause) const;
  void set_state(RuntimeState state);
  bool is_to_be_hidden() const;
  void enter_phase(std::string_view phase);
  void lost(const mcp::ClientSession* session, const mcp::Error& reason);

  std::shared_ptr<CatalogReader::Owner> hold() override { return {shared_from_this(), this}; }
  std::shared_ptr<mcp::ClientSession> live_session() const override;
  mcp::Event& stopping() override { return stopping_; }
  mcp::Error explain_timeout() const override;
  void catalog_replaced() override;
  void session_lost(const mcp::ClientSession& session, const mcp::Error& error) override { lost(&session, error); }

  RuntimeDependencies dependencies_;
  const std::shared_ptr<LiveSpec> live_;
  const ServerAccess access_;
  Observer observer_;
  RuntimeState state_ = RuntimeState::stopped;
  std::chrono::system_clock::time_point since_;
  std::string phase_;
  std::optional<mcp::Error> cause_;
  std::optional<std::chrono::system_clock::time_point> retry_at_;
  int starts_ = 0;
  Backoff backoff_;

  std::shared_ptr<mcp::Transport> transport_;
  std::shared_ptr<mcp::ClientSession> session_;
  std::optional<mcp::ServerIntroduction> introduction_;
  CatalogReader reader_;
  std::shared_ptr<ServerClients> clients_;
  bool hidden_ = false;  // for want of a login
  const std::shared_ptr<const ServerCatalog> nothing_ = std::make_shared<const ServerCatalog>();
  std::size_t offered_ = 0;  // tools of the catalog that the configuration admits
  std::optional<mcp::Error> lost_reason_;
  mcp::Error stop_reason_ = mcp::ClientSession::closing();
  std::unordered_set<mcp::Event*> waiters_;  // set at every change of state
  mcp::Event settled_;
  mcp::Event stopping_;
  mcp::Event stopped_;
  std::unique_ptr<mcp::Event> session_end_;
  mcp::Cancellation* starting_ = nullptr;  // of the start that is under way
  std::shared_ptr<mcp::Event> start_after_;
  struct Retirement {
    std::weak_ptr<Runtime> successor;
    mcp::Error reason;
  };
  std::optional<Retirement> retired_;
  std::size_t leases_ = 0;
  mcp::Event* unused_ = nullptr;                         // of who waits for the last lease
  std::map<std::string, std::shared_ptr<Runtime>> own_;  // of clients, by key_of()
  bool is_own_ = false;                                  // it is one of these
  std::size_t ending_ = 0;                               // of these
  std::unordered_set<mcp::Event*> own_gone_;             // of those who wait for the last that ends
  std::optional<mcp::ProcessUsage> usage_;
  CallGate gate_;
  CircuitBreaker breaker_;
  std::chrono::steady_clock::time_point last_used_;
  mcp::Timer use_timer_;
  bool asleep_ = false;  // is not to run until woken
  bool drowsy_ = false;  // the session is being ended because nobody uses it
  int wakes_ = 0;        // starts that were no restarts
  std::unique_ptr<mcp::Event> awake_;
  std::unique_ptr<mcp::Event> pause_end_;
  bool supervised_ = false;
  bool probing_ = false;
};

}  // namespace gateway
