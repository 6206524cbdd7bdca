#pragma once

#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

namespace gateway {

/// Threads with stacks of 8 MiB whatever the process's limit (the HTTP library's regular expressions recurse), each doing one job
/// at a time: a fixed number, and as many more as there are jobs that last. Thread-safe.
class WorkerPool {
 public:
  static constexpr std::size_t kMostLasting = 32;

  explicit WorkerPool(std::size_t threads);
  ~WorkerPool();  // finish()
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// Waits until a thread is free (not after hurry()) and gives it the job. Every job given is done.
  void run(std::function<void()> job);

  /// For a job that lasts: until it calls end_lasting(), another thread does the work of its own. False where there are as many
  /// already as there may be.
  bool begin_lasting();
  void end_lasting();

  /// Until no job lasts, or this time is over.
  void wait_for_lasting(std::chrono::steady_clock::duration longest);

  /// From here on run() does not wait.
  void hurry();

  /// Waits for the jobs to be done and ends the threads; run() must not be called any more.
  void finish();

 private:
  static void* thread_main(void* pool);
  void work();
  bool start_thread();

  std::mutex mutex_;
  std::condition_variable changed_;  // of what jobs wait for
  std::deque<std::function<void()>> jobs_;
  std::size_t idle_ = 0;
  std::size_t lasting_ = 0;
  std::size_t spare_ = 0;  // threads that took the place of jobs which have ended
  bool hurry_ = false;
  bool finished_ = false;
  std::vector<pthread_t> threads_;
};

}  // namespace gateway
