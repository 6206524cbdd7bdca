#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/config/config.h"
#include "gateway/config/config_file.h"
#include "gateway/reload/desired.h"
#include "mcp/base/clock.h"
#include "mcp/process/child_process.h"

namespace gateway {

/// Knows which environments are there: what somebody has announced counts most, then what their path or probe tells, then the
/// configuration's "available". An environment that goes and comes back is another instance. Paths are looked at by threads, one
/// for each environment at most, since a file system may hang. Loop thread only.
class Environments {
 public:
  struct Needs {
    mcp::Executor executor;
    mcp::ProcessLauncher* launcher = nullptr;  // starts probes
    Environment variables;
  };

  /// `changed` is called from the loop when states() is not what it was.
  Environments(Needs needs, std::function<void()> changed);
  ~Environments();
  Environments(const Environments&) = delete;
  Environments& operator=(const Environments&) = delete;

  /// These are known from here on. One that is told apart as before keeps its state, others are looked at anew; what was announced
  /// counts on. `changed` is not called.
  void configure(const std::vector<EnvironmentSpec>& specs);

  /// What states() would be right after configure().
  EnvironmentStates preview(const std::vector<EnvironmentSpec>& specs) const;

  /// Until all have been looked at once, or `deadline`.
  mcp::Task<void> wait_looked(std::chrono::steady_clock::time_point deadline);

  /// Somebody says whether it is there; {}: what else tells counts again. Another `instance` than the one said before, while it is
  /// there, is another instance.
  void announce(const std::string& name, std::optional<bool> available, const std::string& instance);

  const EnvironmentStates& states() const { return states_; }

  /// Looks and probes that are under way.
  std::size_t pending() const { return *pending_; }

  /// Begins no more looks; a probe that is under way is ended.
  void stop();

 private:
  struct Watched;

  void publish(const std::string& name, bool available, std::string why, bool another_instance = false);
  void settle(Watched& watched);
  void adopt_times(const std::shared_ptr<Watched>& watched, const EnvironmentSpec& spec);
  void look_in(const std::shared_ptr<Watched>& watched, std::chrono::milliseconds delay);
  void look(const std::shared_ptr<Watched>& watched);
  mcp::Task<std::string> look_at_path(std::shared_ptr<Watched> watched) const;
  mcp::Task<std::string> probe(std::shared_ptr<Watched> watched) const;
  static mcp::Task<void> looking(std::weak_ptr<Environments*> self, std::shared_ptr<Watched> watched, mcp::Task<std::string> look);

  struct Looks;

  Needs needs_;
  std::shared_ptr<Looks> looks_;  // at paths
  std::function<void()> changed_;
  std::map<std::string, std::shared_ptr<Watched>, std::less<>> watched_;
  EnvironmentStates states_;
  bool quiet_ = false;
  std::shared_ptr<std::size_t> pending_ = std::make_shared<std::size_t>(0);
  std::shared_ptr<Environments*> alive_ = std::make_shared<Environments*>(this);
};

}  // namespace gateway
