#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <stop_token>
#include <string_view>

#include "mcp/rpc/request_handler.h"
#include "mcp/schema/schema.h"

namespace gateway {

/// Runs checks of texts on two threads of its own, which begin with the first check and live as long as it does. Everything but the
/// work itself belongs to the loop thread.
class CheckPool {
 public:
  /// One check, on a thread; ends when `end` says so. What it throws becomes an error. Destroyed on the loop.
  using Work = std::function<mcp::Result<>(std::string_view text, const mcp::WorkEnd& end)>;

  /// Bytes that may wait for a thread, or be with one; each text counts for 1 KiB more than it has.
  static constexpr std::size_t kMostWaiting = std::size_t{64} << 20;

  explicit CheckPool(mcp::Executor executor, std::size_t most_waiting = kMostWaiting);
  /// Stops what is running and waits for it: no longer than the work goes on after that.
  ~CheckPool();
  CheckPool(const CheckPool&) = delete;
  CheckPool& operator=(const CheckPool&) = delete;

  /// Runs the work on a thread, for 5 s at most, and waits for it until the context's deadline (a few seconds at least) or
  /// cancellation; then, and where the task is given up, the work is stopped, or not begun. Errors: those of the work; overloaded
  /// where too much waits; timeout; the reason of the cancellation. `text` is copied once the task runs.
  mcp::Task<mcp::Result<>> run(std::string_view text, Work work, mcp::CallContext& context);

 private:
  struct Job;
  struct Threads;

  void start(std::shared_ptr<Job> job);

  mcp::Executor executor_;
  std::size_t most_waiting_;
  std::shared_ptr<std::size_t> waiting_;
  std::stop_source stop_;
  std::unique_ptr<Threads> threads_;
};

}  // namespace gateway
