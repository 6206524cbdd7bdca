#include "mcp/base/log_queue.h"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <utility>

namespace mcp {
namespace {

/// Blocks every signal of this thread while it lives, so that a thread started meanwhile never takes one.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

template <class Function>
std::thread start_without_signals(Function function) {
  const SignalsBlocked blocked;
  return std::thread(std::move(function));
}

/// The first lines of `text` that are written in one go, or the first line alone where that is longer.
std::string_view first_piece(std::string_view text) {
  if (text.size() <= PIPE_BUF) return text;
  std::size_t end = text.rfind('\n', PIPE_BUF - 1);
  if (end == std::string_view::npos) end = text.find('\n', PIPE_BUF);
  return text.substr(0, std::min(end, text.size() - 1) + 1);
}

/// Whoever gave us the descriptor may have made it non-blocking.
bool can_go_on(int descriptor) {
  if (errno == EINTR) return true;
  if (errno != EAGAIN) return false;
  pollfd entry{descriptor, POLLOUT, 0};
  return poll(&entry, 1, -1) >= 0 || errno == EINTR;
}

void write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = write(descriptor, text.data(), text.size());
    if (count >= 0) {
      text.remove_prefix(static_cast<std::size_t>(count));
    } else if (!can_go_on(descriptor)) {
      return;
    }
  }
}

}  // namespace

LogQueue::LogQueue(int descriptor, std::size_t capacity, LossLine loss_line)
    : descriptor_(descriptor),
      capacity_(capacity),
      loss_line_(std::move(loss_line)),
      thread_(start_without_signals([this] { run(); })) {}

LogQueue::~LogQueue() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void LogQueue::push(std::string_view line) {
  bool sleeping = false;
  {
    const std::lock_guard lock(mutex_);
    if (lost_ > 0 || used() + line.size() + 1 > capacity_) {
      ++lost_;
    } else {
      filling_.append(line).push_back('\n');
    }
    sleeping = std::exchange(sleeping_, false);
  }
  // A system call, so only where it is needed.
  if (sleeping) wake_.notify_one();
}

bool LogQueue::flush(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  if (unread_) return idle();
  unread_ = !idle_.wait_for(lock, patience, [this] { return idle(); });
  return !unread_;
}

void LogQueue::run() {
  pthread_setname_np(pthread_self(), "log");
  std::string taken;
  std::unique_lock lock(mutex_);
  while (wait_for_lines(lock)) {
    taken.clear();
    taken.swap(filling_);
    leaving_ = taken.size();
    std::string_view rest = taken;
    do {
      const std::string_view piece = first_piece(rest);
      lock.unlock();
      write_all(descriptor_, piece);
      lock.lock();
      rest.remove_prefix(piece.size());
      note_written(piece.size());
    } while (!rest.empty());
  }
}

/// False when the queue ends and nothing is left.
bool LogQueue::wait_for_lines(std::unique_lock<std::mutex>& lock) {
  while (idle() && !ending_) {
    sleeping_ = true;
    wake_.wait(lock);
  }
  sleeping_ = false;
  return !idle();
}

void LogQueue::note_written(std::size_t bytes) {
  leaving_ -= bytes;
  unread_ = false;
  // What is queued now is older than the first lost line: nothing was added since.
  if (lost_ > 0 && used() <= capacity_ / 2) filling_.append(loss_line_(std::exchange(lost_, 0))).push_back('\n');
  if (idle()) idle_.notify_all();
}

}  // namespace mcp
