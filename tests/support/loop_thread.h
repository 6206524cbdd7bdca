#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <thread>
#include <utility>

#include "mcp/base/task.h"

namespace mcp {

/// A loop on a thread of its own, for tests whose clients block.
class LoopThread {
 public:
  LoopThread() : thread_([this] { loop_.run(); }) {}

  ~LoopThread() {
    loop_.stop();
    thread_.join();
  }

  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;

  Executor executor() { return loop_.get_executor(); }

  /// Runs `work` on the loop and returns what it returns.
  template <class Work>
  auto run(Work work) {
    std::packaged_task<decltype(work())()> task(std::move(work));
    auto future = task.get_future();
    boost::asio::post(loop_, [&task] { task(); });
    return future.get();
  }

  /// Awaits `task` on the loop.
  void await(Task<void> task) { boost::asio::co_spawn(loop_, std::move(task), boost::asio::use_future).get(); }

 private:
  boost::asio::io_context loop_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_ = boost::asio::make_work_guard(loop_);
  std::thread thread_;
};

}  // namespace mcp
