#pragma once

#include <atomic>
#include <cstdint>

namespace bench {

/// Nanoseconds of the steady clock.
std::int64_t now_ns();
constexpr std::int64_t to_ns(double seconds) {
  return static_cast<std::int64_t>(seconds * 1e9);
}

/// What the loops tell the main thread, and it them. Times are those of now_ns, 0 while not set.
struct Progress {
  std::atomic<int> handshakes_running{0};  // of all loops: the cap is common
  std::atomic<int> ready{0}, handshakes_failed{0};
  std::atomic<int> streams_open{0}, streams_failed{0}, streams_lost{0};

  std::atomic<bool> run{false};                              // start calling
  std::atomic<std::int64_t> window_begin{0}, window_end{0};  // calls sent and answered in between are measured
  std::atomic<std::int64_t> stop_at{0};                      // leave the loops
};

}  // namespace bench
