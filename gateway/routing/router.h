#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/catalog/view.h"
#include "gateway/routing/call_metrics.h"
#include "gateway/routing/call_validation.h"
#include "gateway/routing/login_link.h"
#include "mcp/base/clock.h"
#include "mcp/session/server_session.h"

namespace gateway {

/// What the configuration says of how clients are served. Changes while they are.
struct RouterLimits {
  std::chrono::milliseconds startup_wait = std::chrono::seconds(10);
  std::size_t list_page_size = 1000;
};

/// What all routers share; owned by the gateway and outlives them.
struct RouterContext {
  mcp::Executor executor;
  CallMetrics* metrics = nullptr;
  CallValidator* validator = nullptr;  // where some server has its calls checked
  std::shared_ptr<const RouterLimits> limits = std::make_shared<RouterLimits>();
  std::chrono::milliseconds introduction_wait = std::chrono::seconds(1);  // for what servers say of themselves
  std::string instance;                                                   // the gateway's own
  LoginLinks login_links = {};                                            // {}: nobody can be logged in on the way
};

/// The RequestHandler behind one client's session: answers what the gateway answers itself from the view's snapshot, and sends
/// what is called, got, read or completed to the runtime its name or URI leads to. Looks names up in the projection; never takes
/// one apart to route by it.
///
/// The first list of each kind in a session waits for servers on their very first start, up to startupWait since the first of them
/// was asked for; no other list waits. What asks for a name or URI that is not there waits likewise while some server has not come
/// up yet; initialize waits a shorter time, for the servers' instructions. A changed list is told, by kind, unless the client has
/// listed that very one already.
/// Loop thread only.
class Router final : public mcp::SessionHandler, private View::Listener {
 public:
  Router(RouterContext context, std::shared_ptr<View> view);

  ~Router() override;
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  void opened(const std::weak_ptr<mcp::ServerSession>& session) override;
  mcp::Message present(mcp::Message question) override;

  mcp::Task<mcp::Result<mcp::Message>> handle(mcp::Message request, mcp::CallContext& context) override;
  void notice(mcp::Message notification, mcp::CallContext& context) override;

 private:
  using Clock = mcp::Clock;
  using Answer = mcp::Task<mcp::Result<mcp::Message>>;
  using Method = Answer (Router::*)(mcp::Message, mcp::CallContext&);

  static Method find_method(std::string_view name);

  /// Answers where the view is closed.
  Answer refuse_closed(mcp::Message request, mcp::CallContext& context);
  static Answer failure(mcp::Error error);

  Answer initialize(mcp::Message request, mcp::CallContext& context);
  Answer ping(mcp::Message request, mcp::CallContext& context);
  template <CatalogKind kind>
  Answer list(mcp::Message request, mcp::CallContext& context);
  Answer call_tool(mcp::Message request, mcp::CallContext& context);
  Answer get_prompt(mcp::Message request, mcp::CallContext& context);
  Answer read_resource(mcp::Message request, mcp::CallContext& context);
  Answer complete(mcp::Message request, mcp::CallContext& context);
  Answer subscribe(mcp::Message request, mcp::CallContext& context);
  Answer unsubscribe(mcp::Message request, mcp::CallContext& context);
  Answer set_level(mcp::Message request, mcp::CallContext& context);
  Answer get_task(mcp::Message request, mcp::CallContext& context);
  Answer get_task_result(mcp::Message request, mcp::CallContext& context);
  Answer cancel_task(mcp::Message request, mcp::CallContext& context);
  Answer list_tasks(mcp::Message request, mcp::CallContext& context);
  Answer unsupported(mcp::Message request, mcp::CallContext& context);

  /// Until every server has something to list, or the request was taken back.
  mcp::Task<void> wait_for_lists(mcp::CallContext& context, Clock::time_point deadline);
  /// Until every server has come to the end of its first start, or the request was taken back.
  mcp::Task<void> wait_for_first_start(mcp::CallContext& context);
  mcp::Task<void> wait_for(mcp::Task<void> happening, mcp::CallContext& context);

  /// Until it is known which tools the servers show to clients that can be asked as much as this one, or `deadline`.
  mcp::Task<void> explore(mcp::CallContext& context, Clock::time_point deadline);
  /// Runs this for every member that is ready, all at once; until all have ended, or `deadline`, or the request was taken back.
  using Errand = std::function<mcp::Task<void>(const std::shared_ptr<Runtime>&)>;
  mcp::Task<void> for_each_ready(Errand errand, mcp::CallContext& context, Clock::time_point deadline);

  Answer call_unknown(mcp::Message request, mcp::CallContext& context);
  /// `pinned` holds the route.
  Answer forward(std::shared_ptr<const Projection> pinned, const Route& route, mcp::Message request, mcp::CallContext& context);
  void record_call(const Route& route,
                   const mcp::CallContext& context,
                   Clock::duration taken,
                   const mcp::Result<mcp::Message>& answer) const;
  Answer answer_without_login(std::string id, mcp::Error error, ServerName server, mcp::CallContext& context);
  /// How a call goes to its server.
  enum class CallMode {
    plain,
    task,    // its answer is the task that the client asked for
    driven,  // as a task that the client is not told of
  };
  /// Takes params.task out of the request where it does not count. Error method_not_found: the tool cannot run as a task.
  mcp::Result<CallMode> mode_of(const Route& route, mcp::Message& request, const mcp::Caller& caller) const;
  Answer send_call(CallMode mode, const Route& route, mcp::Message request, mcp::CallContext& context);
  Answer start_task(std::shared_ptr<Runtime> runtime, mcp::Message request, mcp::CallContext& context);

  /// Clients of this revision were told that tasks are to be had here.
  mcp::Task<std::optional<ResourceTarget>> find_owner(std::vector<ResourceTarget> targets,
                                                      std::string uri,
                                                      mcp::CallContext& context);
  bool offers_tasks(const mcp::Caller& caller) const;
  struct HeldTask {
    std::shared_ptr<Runtime> runtime;
    ServerTasks::TaskPtr task;
  };
  /// The client's task that the request names; sets the request's deadline. Error invalid_params: it has none of that id.
  mcp::Result<HeldTask> find_task(const mcp::Message& request, mcp::CallContext& context) const;
  /// The answer to tasks/result of a task that came to nothing.
  static mcp::Message task_failure(std::string_view id, const mcp::Error& error, const HeldTask& held);
  std::vector<HeldTask> tasks_of(const mcp::Caller& caller) const;
  /// Asks servers how those of the tasks are that are not over, a moment at most.
  mcp::Task<void> refresh(std::vector<HeldTask> tasks, mcp::CallContext& context);

  /// A call of a name that leads nowhere.
  struct Missing {
    mcp::Message answer;
    std::string_view outcome;         // for the metrics
    ServerName server;                // "" where no server has to do with it
    std::optional<mcp::Error> login;  // what is missing is a login
  };
  /// Answers one: a tool's error where its server is known to be down (which is nothing the client's
  /// program did wrong, but its model should know), else a JSON-RPC error.
  Missing answer_missing(const mcp::Message& request, const Projection& projection) const;
  struct Absence {
    mcp::Error error;
    ServerName server;
  };
  /// Why something of that name, which `what` speaks of, may not be there: its server is down, or absent.
  std::optional<Absence> explain_absence(std::string_view name, const std::string& what) const;

  /// Sends a request other than tools/call to a server, whose callTimeout it gets, and counts it. Where that fails, `what` (such as
  /// "reading "URI"") says what did.
  Answer pass(std::shared_ptr<Runtime> runtime, mcp::Message request, mcp::CallContext& context, std::string what);
  /// Counts a request other than tools/call that went to a server.
  void record(std::string_view method, const ServerName& server, const mcp::Result<mcp::Message>& answer) const;
  /// Counts a request that leads nowhere; hands the error on.
  std::unexpected<mcp::Error> refuse(std::string_view method, mcp::Error error, const ServerName& server = {}) const;
  /// Where a prompt's callable name leads; waits for servers on their first start where it leads nowhere.
  mcp::Task<mcp::Result<Route>> find_prompt(std::string_view method, std::string name, mcp::CallContext& context);
  /// Where a URI leads, all places that may know it where nobody lists it; likewise.
  mcp::Task<std::vector<ResourceTarget>> find_resource(std::string uri, mcp::CallContext& context);
  std::vector<ResourceTarget> resource_targets(const std::string& uri) const;
  Answer read_from(const ResourceTarget& target, const std::string& uri, mcp::Message request, mcp::CallContext& context);
  mcp::Error unknown_resource(const std::string& uri) const;
  /// The server that a qualified URI names, where it cannot run; else null.
  const AbsentServer* absent_in(const std::string& uri) const;
  Answer complete_prompt(mcp::Message request, mcp::CallContext& context);
  Answer complete_resource(mcp::Message request, mcp::CallContext& context);
  Answer complete_at(std::shared_ptr<Runtime> runtime, mcp::Message request, mcp::CallContext& context);

  void lists_changed(CatalogKinds changed) override;
  void joined(Runtime& runtime) override;

  RouterContext context_;
  std::shared_ptr<View> view_;
  View::Subscription subscription_;
  std::weak_ptr<mcp::ServerSession> session_;
  mcp::Caller client_;  // as it was when the session was opened: its id, and its principal
  CatalogKinds listed_;
  std::optional<Clock::time_point> list_deadline_;  // of the first lists
  /// What the client listed last, of each kind; null before, and where its pages are of several lists.
  std::array<std::weak_ptr<const Projection>, kCatalogKinds> known_;
  /// What it is listing page by page, so that all pages are of one list, whatever changes meanwhile.
  struct Reading {
    std::shared_ptr<const Projection> list;
    Clock::time_point since;
  };
  std::array<Reading, kCatalogKinds> reading_;
};

}  // namespace gateway
