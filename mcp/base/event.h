#pragma once

#include "mcp/base/clock.h"
#include "mcp/base/task.h"

namespace mcp {

/// Something that happens once and that coroutines may wait for. Loop thread only.
class Event {
 public:
  explicit Event(const Executor& executor);

  /// Wakes every waiter (they resume from the loop, not from inside this call). Later calls do nothing.
  void set();

  bool is_set() const { return set_; }

  /// Returns at once when set. The Event must outlive the wait.
  Task<void> wait();

  /// Waits at most until `deadline`; true when set.
  Task<bool> wait_until(std::chrono::steady_clock::time_point deadline);

 private:
  Timer timer_;
  bool set_ = false;
};

/// Suspends the coroutine for this long.
Task<void> sleep_for(std::chrono::steady_clock::duration duration);

}  // namespace mcp
