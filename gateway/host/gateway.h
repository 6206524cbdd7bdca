#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gateway/admin/status.h"
#include "gateway/catalog/view.h"
#include "gateway/config/config.h"
#include "gateway/routing/router.h"

namespace gateway {

/// The gateway without its faces: runtimes, views and routers, built from a checked configuration. What listens (HTTP, stdio), and
/// the commands that need no listener, hold one. Loop thread only; stop() before it is destroyed.
class Gateway {
 public:
  Gateway(RuntimeDependencies dependencies, Config config);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  /// Starts every enabled server, in parallel.
  void start();

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

  const Config& config() const { return config_; }

  /// The enabled servers, in the order of the configuration.
  const std::vector<std::shared_ptr<Runtime>>& runtimes() const { return runtimes_; }

  /// Called after every change of a server's state.
  void on_state_change(std::function<void()> callback) { state_changed_ = std::move(callback); }

  /// Stops every server, in parallel.
  mcp::Task<void> stop();

 private:
  void make_servers(const Runtime::Observer& observer);
  std::shared_ptr<View> profile_view(const ProfileSpec& profile) const;
  std::shared_ptr<View> server_view(const ServerName& name);
  std::shared_ptr<Runtime> find_runtime(const ServerName& name) const;
  void catalog_changed(const Runtime& runtime);

  RuntimeDependencies dependencies_;
  Config config_;
  std::vector<std::shared_ptr<Runtime>> runtimes_;  // in the order of the configuration
  std::vector<AbsentServer> absent_;
  std::shared_ptr<View> main_view_;
  std::map<std::string, std::shared_ptr<View>, std::less<>> profiles_;
  std::map<std::string, std::shared_ptr<View>, std::less<>> server_views_;  // made when first asked for
  CallMetrics metrics_;
  std::unique_ptr<CallValidator> validator_;  // null where no server has its calls checked
  std::function<void()> state_changed_;
  std::chrono::system_clock::time_point started_;
};

}  // namespace gateway
