#include "gateway/upstream/circuit_breaker.h"

#include <algorithm>

namespace gateway {

using mcp::ErrorCode;

namespace {

/// Says that the server as a whole does not work.
bool counts(ErrorCode code) {
  switch (code) {
    case ErrorCode::timeout:
    case ErrorCode::connect_failed:
    case ErrorCode::tls_failed:
      return true;
    default:
      return false;
  }
}

}  // namespace

bool CircuitBreaker::admits(Clock::time_point now) {
  if (state_ == State::closed) return true;
  if (state_ == State::open) {
    if (now < until_) return false;
    state_ = State::half_open;
    trying_ = false;
  }
  if (trying_ && now < tried_until_) return false;
  trying_ = true;
  tried_until_ = now + kLongestTrial;
  return true;
}

void CircuitBreaker::succeeded() {
  // What was sent before the circuit opened tells nothing new of a server that is tried.
  if (state_ == State::open) return;
  reset();
}

void CircuitBreaker::failed(ErrorCode code, Clock::time_point now) {
  if (!counts(code)) {
    trying_ = false;
    return;
  }
  if (state_ == State::open) return;
  if (state_ == State::half_open) {
    pause_ = std::min(pause_ * 2, kLongestPause);
  } else if (++failures_ < kFailures) {
    return;
  }
  state_ = State::open;
  trying_ = false;
  until_ = now + pause_;
}

std::optional<CircuitBreaker::Clock::time_point> CircuitBreaker::until() const {
  return state_ == State::open ? std::optional(until_) : std::nullopt;
}

}  // namespace gateway
