#pragma once

#include <algorithm>
#include <cstddef>

#include "mcp/schema/schema.h"

namespace mcp::schema {

/// What one piece of work may still cost, in steps of some 10 ns to 50 ns. Everything is paid for before it is done; once it is
/// used up it stays so. Also ends with its WorkEnd, which is looked at now and then.
class Budget {
 public:
  Budget(std::size_t steps, WorkEnd end) : left_(steps), end_(std::move(end)) {}

  /// Pays; false when there is no more.
  bool spend(std::size_t steps) {
    if (steps > slice_) return spend_beyond(steps);
    slice_ -= steps;
    return !exhausted_;
  }

  bool exhausted() const { return exhausted_; }
  /// By request, where it is exhausted.
  bool stopped() const { return end_.stop.stop_requested(); }

  void exhaust() {
    exhausted_ = true;
    left_ = slice_ = 0;
  }

 private:
  bool spend_beyond(std::size_t steps) {
    left_ += slice_;
    slice_ = 0;
    if (exhausted_ || left_ < steps || has_ended()) {
      exhaust();
      return false;
    }
    left_ -= steps;
    slice_ = std::min(left_, kSlice);
    left_ -= slice_;
    return true;
  }

  bool has_ended() const {
    if (end_.stop.stop_requested()) return true;
    const bool is_bounded = end_.deadline != std::chrono::steady_clock::time_point::max();
    return is_bounded && std::chrono::steady_clock::now() >= end_.deadline;
  }

  /// Steps between two looks at the clock, for which they are some tens of microseconds.
  static constexpr std::size_t kSlice = 1000;

  std::size_t left_;
  std::size_t slice_ = 0;  // of what is left: to be paid without a look
  bool exhausted_ = false;
  WorkEnd end_;
};

/// What finding a name among others costs: comparisons of names with long beginnings in common.
inline std::size_t search_cost(std::size_t bytes) {
  return 1 + bytes / 16;
}

}  // namespace mcp::schema
