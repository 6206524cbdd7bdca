#pragma once

#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

namespace gateway {

/// A fixed number of threads with stacks of 8 MiB whatever the process's limit (the HTTP library's regular expressions recurse),
/// each doing one job at a time. Thread-safe.
class WorkerPool {
 public:
  explicit WorkerPool(std::size_t threads);
  ~WorkerPool();  // finish()
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// Waits until a thread is free (not after hurry()) and gives it the job. Every job given is done.
  void run(std::function<void()> job);

  /// From here on run() does not wait.
  void hurry();

  /// Waits for the jobs to be done and ends the threads; run() must not be called any more.
  void finish();

 private:
  static void* thread_main(void* pool);
  void work();

  std::mutex mutex_;
  std::condition_variable changed_;  // of any of the next four
  std::deque<std::function<void()>> jobs_;
  std::size_t idle_ = 0;
  bool hurry_ = false;
  bool finished_ = false;
  std::vector<pthread_t> threads_;
};

}  // namespace gateway
