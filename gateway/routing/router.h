#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "gateway/catalog/view.h"
#include "gateway/routing/call_metrics.h"
#include "mcp/session/server_session.h"

namespace gateway {

/// What all routers share; owned by the gateway and outlives them.
struct RouterContext {
  mcp::Executor executor;
  CallMetrics* metrics = nullptr;
  std::chrono::milliseconds startup_wait = std::chrono::seconds(10);
  std::size_t list_page_size = 1000;
  std::string instance;  // the gateway's own
};

/// The RequestHandler behind one client's session: answers what the gateway answers itself from the view's snapshot, and sends
/// tools/call to the runtime its name leads to. Looks names up in the projection; never takes one apart to route by it.
///
/// The first tools/list of a session waits up to startupWait for servers on their very first start; no other list waits. A call of
/// a name that is not there waits likewise while some server has not come up yet.
/// A changed list is told unless the client has listed that very one already.
/// Loop thread only.
class Router final : public mcp::SessionHandler, private View::Listener {
 public:
  Router(RouterContext context, std::shared_ptr<View> view);

  void opened(const std::weak_ptr<mcp::ServerSession>& session) override { session_ = session; }

  mcp::Task<mcp::Result<mcp::Message>> handle(mcp::Message request, mcp::CallContext& context) override;
  void notice(mcp::Message notification, mcp::CallContext& context) override;

 private:
  using Method = mcp::Task<mcp::Result<mcp::Message>> (Router::*)(mcp::Message, mcp::CallContext&);

  mcp::Task<mcp::Result<mcp::Message>> initialize(mcp::Message request, mcp::CallContext& context);
  mcp::Task<mcp::Result<mcp::Message>> ping(mcp::Message request, mcp::CallContext& context);
  mcp::Task<mcp::Result<mcp::Message>> list_tools(mcp::Message request, mcp::CallContext& context);
  mcp::Task<mcp::Result<mcp::Message>> call_tool(mcp::Message request, mcp::CallContext& context);
  mcp::Task<mcp::Result<mcp::Message>> unsupported(mcp::Message request, mcp::CallContext& context);

  static Method find_method(std::string_view name);

  mcp::Task<void> wait_for_first_start(mcp::CallContext& context);
  mcp::Task<mcp::Result<mcp::Message>> call_unknown(mcp::Message request, mcp::CallContext& context);
  /// `pinned` holds the route.
  mcp::Task<mcp::Result<mcp::Message>> forward(std::shared_ptr<const Projection> pinned,
                                               const Route& route,
                                               mcp::Message request,
                                               mcp::CallContext& context);
  /// A call of a name that leads nowhere.
  struct Missing {
    mcp::Message answer;
    std::string_view outcome;  // for the metrics
    ServerName server;         // "" where no server has to do with it
  };
  /// Answers one: a tool's error where its server is known to be down (which is nothing the client's
  /// program did wrong, but its model should know), else a JSON-RPC error.
  Missing answer_missing(const mcp::Message& request, const Projection& projection) const;
  void list_changed() override;

  RouterContext context_;
  std::shared_ptr<View> view_;
  View::Subscription subscription_;
  std::weak_ptr<mcp::ServerSession> session_;
  bool listed_ = false;
  std::shared_ptr<const Projection> known_;  // what the client listed last; null before, and where its pages are of several lists
};

}  // namespace gateway
