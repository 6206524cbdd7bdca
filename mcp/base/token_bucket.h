#pragma once

#include <algorithm>
#include <chrono>

namespace mcp {

/// Lets a burst through, and after it so many a second. Whoever asks says what time it is. Not thread-safe.
class TokenBucket {
 public:
  using Clock = std::chrono::steady_clock;

  TokenBucket(double burst, double per_second) : burst_(burst), per_second_(per_second), tokens_(burst) {}

  /// True for one that may pass.
  bool take(Clock::time_point now) {
    if (now > filled_) {
      tokens_ = std::min(burst_, tokens_ + (std::chrono::duration<double>(now - filled_).count() * per_second_));
      filled_ = now;
    }
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  const double burst_, per_second_;
  double tokens_;
  Clock::time_point filled_{};
};

}  // namespace mcp
