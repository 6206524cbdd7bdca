#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

#include "gateway/config/config.h"
#include "mcp/base/cancellation.h"
#include "mcp/base/clock.h"
#include "mcp/base/task.h"
#include "mcp/process/process_usage.h"

namespace boost::asio {
class thread_pool;  // NOLINT(readability-identifier-naming): Asio has named it
}

namespace gateway {

class Runtime;

/// Keeps what the programs of all stdio servers take within the configuration's limits: before one more is started, the one that
/// was unused longest is put to sleep, where nothing depends on it; and so it goes, one after the other, while they take too much
/// memory. Where none can sleep, the start waits. Measures every five seconds what each program and all it started take.
/// Loop thread only; measures on the helpers.
class ProcessBudget : public std::enable_shared_from_this<ProcessBudget> {
 public:
  /// `helpers` outlive the budget.
  ProcessBudget(const mcp::Executor& executor, boost::asio::thread_pool& helpers);

  void set_limits(const ResourceLimits& limits);

  /// Knows of a runtime from here on, as long as it lives.
  void add(const std::shared_ptr<Runtime>& runtime);

  /// Until one more program may be started. Error overloaded where the cancellation comes first.
  mcp::Task<mcp::Result<>> admit(mcp::Cancellation& cancellation);

  /// More programs are there than may be.
  bool is_exceeded() const { return limits_.processes != 0 && processes() > limits_.processes; }

  /// Programs that run now, or are being started or ended.
  std::size_t processes() const;

  /// Begins to measure.
  void start();
  void stop();

 private:
  /// Those of them that have been told to end.
  std::size_t ending() const;
  /// Has as many end as there are too many, with `more` that are to be started.
  void make_room(std::size_t more);
  bool put_one_to_sleep();
  mcp::Task<void> measure();
  static mcp::Task<void> measuring(std::shared_ptr<ProcessBudget> self);

  mcp::Executor executor_;
  boost::asio::thread_pool& helpers_;
  ResourceLimits limits_;
  std::vector<std::weak_ptr<Runtime>> runtimes_;
  mcp::Timer timer_;
  std::size_t waiting_ = 0;  // starts
  bool measuring_ = false;
};

}  // namespace gateway
