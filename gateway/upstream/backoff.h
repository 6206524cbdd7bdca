#pragma once

#include <chrono>

namespace gateway {

/// How long to wait before the next try: 1 s, doubling to a minute, each shortened by up to a quarter at random so that servers
/// that fell together do not come back together.
class Backoff {
 public:
  /// `random` in [0, 1).
  std::chrono::milliseconds next(double random);

  /// For what does not mend soon: a minute, shortened likewise. Counts no failure.
  static std::chrono::milliseconds longest(double random);

  /// Failures in a row.
  int failures() const { return failures_; }

  void reset() { failures_ = 0; }

 private:
  int failures_ = 0;
};

}  // namespace gateway
