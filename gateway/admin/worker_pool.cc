#include "gateway/admin/worker_pool.h"

#include <utility>

namespace gateway {

WorkerPool::WorkerPool(std::size_t threads) {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < threads; ++i)
    start_thread();
}

/// With the mutex held.
bool WorkerPool::start_thread() {
  constexpr std::size_t kStack = std::size_t{8} << 20;
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, kStack);
  pthread_t thread{};
  const bool started = ::pthread_create(&thread, &attributes, thread_main, this) == 0;
  ::pthread_attr_destroy(&attributes);
  if (!started) return false;
  threads_.push_back(thread);
  ++idle_;
  return true;
}

WorkerPool::~WorkerPool() {
  finish();
}

void WorkerPool::run(std::function<void()> job) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return hurry_ || jobs_.size() < idle_; });
  jobs_.push_back(std::move(job));
  changed_.notify_all();
}

bool WorkerPool::begin_lasting() {
  const std::lock_guard lock(mutex_);
  if (finished_ || lasting_ == kMostLasting) return false;
  if (spare_ > 0) {
    --spare_;
  } else if (!start_thread()) {
    return false;
  }
  ++lasting_;
  changed_.notify_all();
  return true;
}

void WorkerPool::end_lasting() {
  const std::lock_guard lock(mutex_);
  --lasting_;
  ++spare_;
  changed_.notify_all();
}

void WorkerPool::wait_for_lasting(std::chrono::steady_clock::duration longest) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, longest, [this] { return lasting_ == 0; });
}

void* WorkerPool::thread_main(void* pool) {
  static_cast<WorkerPool*>(pool)->work();
  return nullptr;
}

void WorkerPool::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return finished_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    --idle_;
    lock.unlock();
    job();
    job = nullptr;
    lock.lock();
    ++idle_;
    changed_.notify_all();
  }
}

void WorkerPool::hurry() {
  const std::lock_guard lock(mutex_);
  hurry_ = true;
  changed_.notify_all();
}

void WorkerPool::finish() {
  {
    const std::lock_guard lock(mutex_);
    finished_ = true;
    changed_.notify_all();
  }
  // None is added from here on.
  for (const pthread_t thread : std::exchange(threads_, {}))
    ::pthread_join(thread, nullptr);
}

}  // namespace gateway
