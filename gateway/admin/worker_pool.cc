#include "gateway/admin/worker_pool.h"

#include <utility>

namespace gateway {

WorkerPool::WorkerPool(std::size_t threads) {
  constexpr std::size_t kStack = std::size_t{8} << 20;
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, kStack);
  for (std::size_t i = 0; i < threads; ++i) {
    pthread_t thread{};
    if (::pthread_create(&thread, &attributes, thread_main, this) == 0) threads_.push_back(thread);
  }
  ::pthread_attr_destroy(&attributes);
  const std::lock_guard lock(mutex_);
  idle_ = threads_.size();
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
  for (const pthread_t thread : std::exchange(threads_, {}))
    ::pthread_join(thread, nullptr);
}

}  // namespace gateway
