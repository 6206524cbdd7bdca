#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "mcp/base/cancellation.h"
#include "mcp/base/clock.h"
#include "mcp/base/task.h"

namespace mcp {

/// A cancellation for one piece of work that the clock requests, with `too_late`, and a parent where there is one, with its own
/// reason. The parent must outlive it. Loop thread only.
class TimedCancellation {
 public:
  TimedCancellation(const Executor& executor, Cancellation* parent, std::chrono::steady_clock::time_point deadline, Error too_late);

  Cancellation& get() { return *own_; }

 private:
  std::shared_ptr<Cancellation> own_;
  Timer timer_;
  std::optional<Cancellation::Callback> from_parent_;
};

/// Waits that long, or until the cancellation is requested.
Task<void> pause(std::chrono::steady_clock::duration time, Cancellation& cancellation);

}  // namespace mcp
