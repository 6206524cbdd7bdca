#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include "mcp/base/cancellation.h"
#include "mcp/base/clock.h"
#include "mcp/base/task.h"

namespace gateway {

/// Requests cancellation when the time is over, unless destroyed before; `reason` is asked only then. Loop thread only.
class Deadline {
 public:
  Deadline(const mcp::Executor& executor,
           std::chrono::milliseconds duration,
           std::function<mcp::Error()> reason,
           mcp::Cancellation& target)
      : timer_(std::make_shared<mcp::Timer>(executor, duration)) {
    timer_->async_wait([reason = std::move(reason), &target, alive = std::weak_ptr(timer_)](boost::system::error_code error) {
      if (!error && !alive.expired()) target.request(reason());
    });
  }

  ~Deadline() { timer_->cancel(); }

  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

 private:
  std::shared_ptr<mcp::Timer> timer_;
};

}  // namespace gateway
