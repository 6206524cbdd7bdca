#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/admin/status.h"
#include "gateway/config/config_file.h"
#include "gateway/host/file_watch.h"
#include "gateway/host/gateway.h"
#include "gateway/reload/plan.h"
#include "mcp/base/event.h"

namespace boost::asio {
class thread_pool;  // NOLINT(readability-identifier-naming): Asio has named it
}

namespace gateway {

struct ReloaderOptions {
  Environment environment;  // of the gateway
  /// What the command line says wins over the file.
  std::function<void(Config&)> overrule;
  /// The environments as they are with this configuration, from here on, or if it were the one.
  std::function<EnvironmentStates(const Config&)> configure_environments, preview_environments;
  /// Whether a configuration that could be read can be used, for a plan. Error: why not.
  std::function<mcp::Task<mcp::Result<>>(const Config&)> check;
  /// What takes time, before a configuration is applied. Error: why it is not.
  std::function<mcp::Task<mcp::Result<>>(const Config&)> prepare;
  std::function<void(const Config&)> on_applied;
  std::function<void(const std::string& trigger, const mcp::Result<Plan>&)> on_noted;  // a reload is over, whatever came of it
  std::chrono::milliseconds quiet{200};  // that a file that changes must have been left alone
};

/// Brings the configuration file's changes into a running gateway: reads the whole file on a helper thread, checks it, plans, and
/// applies the plan at once. A file that cannot be read or is broken changes nothing, and status() says so. One reload at a time;
/// what comes meanwhile waits. Loop thread only, but for the reading.
class Reloader {
 public:
  /// The gateway and the helpers outlive the reloader, and it the coroutines it began: see stop().
  Reloader(const mcp::Executor& executor, boost::asio::thread_pool& helpers, Gateway& gateway, ReloaderOptions options);

  /// Reloads whenever the file changes, or one that its servers or its access are read from; also where that happened since the
  /// gateway's configuration was read.
  void watch();

  /// Reloads now. `trigger` says for whom, in the log. Error: why the file cannot be used.
  mcp::Task<mcp::Result<Plan>> reload(std::string trigger);

  /// What a reload would do; with this file (absolute) in place of the gateway's own where `file` is not "".
  mcp::Task<mcp::Result<Plan>> plan(std::string file);

  const ReloadStatus& status() const { return status_; }

  /// Begins no further reload, and waits for one that is under way.
  mcp::Task<void> stop();

 private:
  class Turn;

  mcp::Task<mcp::Result<Config>> read(std::string file);
  mcp::Task<mcp::Result<Plan>> plan_of(std::string file, Gateway::Failed failed);
  mcp::Task<mcp::Result<Plan>> reload_alone(std::string trigger);
  void note(const std::string& trigger, const mcp::Result<Plan>& outcome);
  bool watch_files(const Config& config);
  mcp::Task<void> catch_up();

  mcp::Executor executor_;
  boost::asio::thread_pool& helpers_;
  Gateway& gateway_;
  ReloaderOptions options_;
  std::shared_ptr<FileWatch> watch_;
  ReloadStatus status_;
  std::shared_ptr<mcp::Event> free_;  // set once the reload that is under way is over; null where none is
  bool stopping_ = false;
};

}  // namespace gateway
