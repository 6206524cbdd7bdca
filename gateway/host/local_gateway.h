#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "gateway/admin/status.h"
#include "gateway/host/environment.h"

namespace gateway {

/// A gateway inside this process, on a thread of its own, without listeners: for commands that run where no gateway does. Its
/// functions may be called from one other thread at a time.
class LocalGateway : public AdminSource {
 public:
  /// Starts every enabled server. `state_dir` "": nothing is written.
  static mcp::Result<std::unique_ptr<LocalGateway>> start(Config config, HostEnvironment environment, const std::string& state_dir);

  /// Waits until every server came to the end of its first start, until `enough`, which is asked at first and after each change,
  /// from this thread; or until `timeout`. False in the last case alone.
  bool wait_settled(std::chrono::milliseconds timeout, const std::function<bool(const GatewayStatus&)>& enough);

  /// Calls a tool by its callable name, as a client of this gateway would. `arguments` is a JSON object. Returns the JSON-RPC
  /// response's text. `on_progress` is called from the loop thread with the params of each progress notification.
  virtual mcp::Result<std::string> call(const std::string& profile,
                                        const std::string& tool,
                                        const std::string& arguments,
                                        const std::function<void(std::string_view)>& on_progress) = 0;
};

}  // namespace gateway
