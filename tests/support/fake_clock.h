#pragma once

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>

#include "mcp/base/clock.h"

namespace mcp {

/// Stops mcp::Clock as long as it lives, for the whole process. Timers by that clock on `loop` go off when advance() has passed
/// them, and not before.
class FakeClock {
 public:
  explicit FakeClock(boost::asio::io_context& loop) : loop_(loop) {
    Clock::stopped_at = std::chrono::steady_clock::now().time_since_epoch().count();
  }

  ~FakeClock() { Clock::stopped_at = 0; }

  FakeClock(const FakeClock&) = delete;
  FakeClock& operator=(const FakeClock&) = delete;

  /// Lets time pass, and everything that is to happen meanwhile, step by step, without waiting.
  void advance(Clock::duration time, Clock::duration step = std::chrono::seconds(1)) {
    while (time > Clock::duration::zero()) {
      const auto passed = std::min(time, step);
      time -= passed;
      Clock::stopped_at += passed.count();
      look_at_timers();
      settle();
    }
  }

  /// Runs the loop until it has nothing to do before time passes.
  void settle() {
    do {
      loop_.restart();
    } while (loop_.poll() > 0);
  }

 private:
  /// The loop looks at its timers when the system's says that the earliest is due, which a stopped clock cannot make it say. Any
  /// timer that is due makes it look at all.
  void look_at_timers() {
    auto due = std::make_shared<boost::asio::steady_timer>(loop_, std::chrono::steady_clock::now());
    due->async_wait([due](boost::system::error_code) {});
  }

  boost::asio::io_context& loop_;
};

}  // namespace mcp
