#pragma once

#include <chrono>
#include <condition_variable>
#include <iosfwd>
#include <mutex>
#include <string>
#include <thread>

namespace gateway {

/// A line that tells what is going on while something takes long: appears once it took over a second, says how long by now, and is
/// wiped when the object goes. Where it is not shown (no terminal) it does nothing. Any thread.
class ProgressLine {
 public:
  using Clock = std::chrono::steady_clock;

  ProgressLine(std::ostream& out, bool shown, std::string text, Clock::duration after = std::chrono::seconds(1));
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void set(std::string text);

 private:
  void run(Clock::duration after);

  std::ostream& out_;
  const Clock::time_point started_ = Clock::now();
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string text_;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace gateway
