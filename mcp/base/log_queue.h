#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace mcp {

/// Lines on their way to a descriptor that may not be read: whoever adds one never waits for it. A thread of its own writes them,
/// in order, as many as fit in PIPE_BUF at once, so that they do not mix with what others write to the same pipe.
///
/// Once the queue is full, lines are dropped and counted until half of it has left; then one line, in the place of the missing
/// ones, says how many they were. What the descriptor refuses (nobody has the other end open, the disk is full) is gone without a
/// word.
///
/// spdlog's own asynchronous logger does not serve: its queue is bounded in messages, not in bytes, what it overruns is lost
/// silently, and at its end it waits for the descriptor as long as that takes.
class LogQueue {
 public:
  /// The line, without its end, that says how many were lost. Runs on the writing thread under the queue's lock.
  using LossLine = std::function<std::string(std::uint64_t lost)>;

  /// Starts the thread, which takes no signals; std::system_error where there is none to be had. `capacity` in bytes.
  LogQueue(int descriptor, std::size_t capacity, LossLine loss_line);

  /// Waits until all is written, however long the reader takes: a queue whose reader cannot be trusted lives as long as the
  /// program.
  ~LogQueue();

  LogQueue(const LogQueue&) = delete;
  LogQueue& operator=(const LogQueue&) = delete;

  /// Adds a line, without its end. Any thread.
  void push(std::string_view line);

  /// Waits until nothing is left to write, at most so long; and not at all where an earlier wait was in vain and nothing has left
  /// since. True when nothing is left. Any thread.
  bool flush(std::chrono::milliseconds patience);

 private:
  std::size_t used() const { return filling_.size() + leaving_; }
  bool idle() const { return used() == 0 && lost_ == 0; }
  void run();
  bool wait_for_lines(std::unique_lock<std::mutex>& lock);
  void note_written(std::size_t bytes);

  const int descriptor_;
  const std::size_t capacity_;
  const LossLine loss_line_;
  std::mutex mutex_;
  std::condition_variable wake_, idle_;
  std::string filling_;      // whole lines, each with its end
  std::size_t leaving_ = 0;  // bytes that the thread has taken and not written yet
  std::uint64_t lost_ = 0;   // lines since the queue became full; nothing is added meanwhile
  bool sleeping_ = false;    // the thread waits for lines
  bool unread_ = false;      // a flush was in vain, and nothing has been written since
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace mcp
