#pragma once

#include <chrono>
#include <optional>

#include "mcp/base/error.h"

namespace gateway {

/// Stops sending to a server that answers nothing any more, though it is there: after five requests in a row that came to their
/// deadline, or had no connection (what else goes wrong says something of that request alone, or ends the session), requests fail
/// at once for ten seconds; then a single one is let through, and what comes of it decides: a success closes the circuit, a failure
/// opens it for twice as long, a minute at most. Loop thread only.
class CircuitBreaker {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr int kFailures = 5;
  static constexpr std::chrono::seconds kFirstPause{10}, kLongestPause{60};
  static constexpr std::chrono::seconds kLongestTrial{30};  // then the next one is let through as well

  enum class State { closed, open, half_open };

  /// Whether a request may be sent now. In the half-open state that is true once, until its outcome is noted.
  bool admits(Clock::time_point now);

  /// A request that was sent was answered, with an error of the server's own or not.
  void succeeded();

  /// It was not answered. What says nothing of the server (cancelled, overloaded on our side) is passed over, but lets the next one
  /// be tried where this was the single one.
  void failed(mcp::ErrorCode code, Clock::time_point now);

  /// The server is another one now, or was started again.
  void reset() { *this = CircuitBreaker(); }

  State state() const { return state_; }

  /// When the next request will be let through, while it is open.
  std::optional<Clock::time_point> until() const;

 private:
  State state_ = State::closed;
  int failures_ = 0;  // in a row
  bool trying_ = false;
  std::chrono::seconds pause_ = kFirstPause;
  Clock::time_point until_, tried_until_;
};

}  // namespace gateway
