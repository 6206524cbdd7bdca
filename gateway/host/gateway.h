#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gateway/admin/status.h"
#include "gateway/catalog/view.h"
#include "gateway/config/config.h"
#include "gateway/host/tool_changes.h"
#include "gateway/reload/plan.h"
#include "gateway/routing/router.h"

namespace gateway {

/// The gateway without its faces: runtimes, views and routers, built from a checked configuration. What listens (HTTP, stdio), and
/// the commands that need no listener, hold one. Loop thread only; stop() before it is destroyed.
class Gateway {
 public:
  /// `environments`: which are there at first.
  Gateway(RuntimeDependencies dependencies, Config config, EnvironmentStates environments = {});
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  /// Starts every enabled server, in parallel.
  void start();

  /// What becomes of servers that have come to the end of trying (RuntimeState::failed), though nothing of them changed.
  enum class Failed { leave, retry };

  /// What apply() would do with these.
  Plan plan(const Config& next, const EnvironmentStates& environments, Failed failed) const;

  /// The gateway from here on serves this configuration, where these environments are there: runtimes whose identity is the same
  /// stay, the others are started, replaced or taken away, and all views change at once. What is under way finishes on what it
  /// began with (Runtime::retire).
  Plan apply(Config next, EnvironmentStates environments, Failed failed = Failed::leave);

  /// Somebody has logged in or out: servers that are reached by another login now are connected anew.
  Plan logins_changed();

  /// Our Client ID Metadata Document, where some server's oauth.clientMetadataUrl has this path; else "".
  std::string client_document(std::string_view path) const;

  /// Names the login by which a server is reached; {} where there are no logins.
  LoginOf login_of() const;

  /// Whether a server's logins come back to that path of the gateway's own address (oauth.callbackUrl).
  bool is_callback(std::string_view path) const;

  /// Tells the listener of servers whose login does otherwise than before.
  void login_status_changed();

  /// Clients that can show their user an address get one for a login that a call wants.
  void offer_logins(LoginLinks links) { login_links_ = std::move(links); }

  /// Waits until every required server came to the end of its first start. The error lists each that failed, a line each, with
  /// reason and remedy; a required server that is broken in the configuration is one of them.
  mcp::Task<mcp::Result<>> wait_required();

  /// Waits until every server came to the end of its first start, or until `deadline`; false when some are still starting then.
  mcp::Task<bool> wait_settled(std::chrono::steady_clock::time_point deadline);

  /// The handler of a new session at an endpoint: /mcp, /mcp/PROFILE, /mcp/servers/NAME (the name percent-encoded where need be).
  /// The error says which endpoints, or which profiles, there are.
  mcp::Result<std::shared_ptr<mcp::SessionHandler>> open_session(std::string_view path);

  /// Every required server is ready.
  bool ready() const;

  /// Fills in what the gateway itself knows; the faces add theirs.
  GatewayStatus status() const;
  mcp::Result<ToolTable> tools(const std::string& profile) const;

  /// Why what is called so is not there, or cannot be called, or that it can. Error config_invalid for a profile that is not there.
  mcp::Result<ExplainAnswer> explain(const ExplainQuestion& question) const;

  const Config& config() const { return config_; }

  /// Those of the servers that are to run, in the order of the configuration.
  std::vector<std::shared_ptr<Runtime>> runtimes() const;

  /// A server of this ServerIdentity::digest() is to run already.
  bool runs(const std::string& digest) const;

  /// Runtimes that have been replaced or taken away and still finish what was under way.
  std::size_t retiring() const { return retiring_.size(); }

  struct Listener {
    std::function<void(const Runtime&)> server_changed;                        // its state, or how far its start has come
    std::function<void(const AbsentServer&)> server_absent;                    // it cannot run, or for another reason than before
    std::function<void(const ServerName&)> server_removed;                     // it is not in the configuration any more
    std::function<void(const ServerName&, const ToolChanges&)> tools_changed;  // as /mcp shows them, where they differ
  };
  void listen(Listener listener) { listener_ = std::move(listener); }

  /// Every server that is to run came to the end of its first start, good or bad.
  bool settled() const;

  /// Stops every server, in parallel.
  mcp::Task<void> stop();

 private:
  /// A server that is to run.
  struct Server {
    std::shared_ptr<Runtime> runtime;
    ServerIdentity identity;
  };

  std::vector<CurrentServer> current(Failed failed) const;
  Runtime::Observer observer();
  Comparison compare_with(const Config& next, const Desired& desired, Failed failed) const;
  void add_view_differences(const Config& next, const Desired& desired, Comparison& comparison) const;
  std::vector<Server> next_servers(const Desired& desired, const Comparison& comparison);
  void publish();
  void publish_server_views();
  void retire(const std::shared_ptr<Runtime>& runtime, std::shared_ptr<Runtime> successor);
  mcp::Error why_gone(const ServerName& name) const;
  std::vector<std::shared_ptr<Runtime>> members_of(const ProfileSpec& profile) const;
  std::vector<AbsentServer> absent_of(const ProfileSpec& profile) const;
  std::shared_ptr<View> server_view(const ServerName& name);
  std::shared_ptr<Runtime> find_runtime(const ServerName& name) const;
  void state_changed(const Runtime& runtime);
  void catalog_changed(const Runtime& runtime);
  void tell_tools(const Projection& before) const;
  void tell_servers(const std::vector<Server>& before, const std::vector<AbsentServer>& absent_before) const;
  void keep_catalog(const Runtime& runtime);
  mcp::Task<void> stop_all(std::vector<std::shared_ptr<Runtime>> runtimes);
  static mcp::Task<void> take_away(Gateway* gateway,
                                   std::shared_ptr<Runtime> runtime,
                                   std::shared_ptr<Runtime> successor,
                                   mcp::Error why,
                                   std::shared_ptr<mcp::Event> over);

  RuntimeDependencies dependencies_;
  Config config_;
  EnvironmentStates environments_;
  std::vector<Server> servers_;  // in the order of the configuration
  std::vector<AbsentServer> absent_;
  std::vector<std::shared_ptr<Runtime>> retiring_;
  bool started_servers_ = false;
  std::shared_ptr<View> main_view_;
  std::map<std::string, std::shared_ptr<View>, std::less<>> profiles_;
  std::map<std::string, std::shared_ptr<View>, std::less<>> server_views_;   // made when first asked for
  std::shared_ptr<RouterLimits> limits_ = std::make_shared<RouterLimits>();  // as config_ has them; open sessions look here, too
  CallMetrics metrics_;
  CallValidator validator_;
  Listener listener_;
  LoginLinks login_links_;
  std::map<std::string, std::string, std::less<>> login_signatures_;  // as last told of, by server
  mcp::Event* gone_ = nullptr;                                        // of stop(), which waits for the last that is retiring
  std::chrono::system_clock::time_point started_;
};

}  // namespace gateway
