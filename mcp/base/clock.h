#pragma once

#include <atomic>
#include <boost/asio/basic_waitable_timer.hpp>
#include <chrono>

namespace mcp {

/// The time by which sessions decide: deadlines, what is idle, when to try again. It is std::chrono::steady_clock, and its time
/// points are that clock's, so the two mix; but a test can stop it (FakeClock, tests/support/fake_clock.h) and let minutes pass
/// without waiting. Any thread.
struct Clock {
  // The names are those the standard wants of a clock.
  // NOLINTBEGIN(readability-identifier-naming)
  using duration = std::chrono::steady_clock::duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::steady_clock::time_point;
  static constexpr bool is_steady = true;
  // NOLINTEND(readability-identifier-naming)

  static time_point now() noexcept {
    const rep stopped = stopped_at.load(std::memory_order_relaxed);
    return stopped == 0 ? std::chrono::steady_clock::now() : time_point(duration(stopped));
  }

  /// Where the clock stands still, since the steady clock's epoch; 0: it goes. Only a FakeClock writes it.
  static inline constinit std::atomic<rep> stopped_at = 0;
};

/// A timer by that clock.
using Timer = boost::asio::basic_waitable_timer<Clock>;

}  // namespace mcp
