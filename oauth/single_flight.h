#pragma once

#include <unordered_set>

#include "mcp/base/cancellation.h"
#include "mcp/base/event.h"
#include "mcp/base/task.h"

namespace oauth {

/// Something that is done once at a time, for all who want it meanwhile. Loop thread only.
class SingleFlight {
 public:
  explicit SingleFlight(mcp::Executor executor) : executor_(std::move(executor)) {}

  bool running() const { return running_; }

  /// False where it is running already.
  bool begin() { return !std::exchange(running_, true); }

  /// Wakes whoever waits.
  void end() {
    running_ = false;
    for (mcp::Event* waiter : waiters_)
      waiter->set();
  }

  /// Until it is over, if it is running, or until the caller has had enough. This must outlive the wait.
  mcp::Task<void> wait(mcp::Cancellation& cancellation) {
    if (!running_) co_return;
    mcp::Event over(executor_);
    struct Place {
      std::unordered_set<mcp::Event*>& waiters;
      mcp::Event* event;

      ~Place() { waiters.erase(event); }
    } place{waiters_, &over};
    waiters_.insert(&over);
    const mcp::Cancellation::Callback on_cancel(cancellation, [&over] { over.set(); });
    co_await over.wait();
  }

 private:
  mcp::Executor executor_;
  bool running_ = false;
  std::unordered_set<mcp::Event*> waiters_;
};

}  // namespace oauth
