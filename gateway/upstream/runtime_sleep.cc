// A runtime that nobody uses: when it ends, and how it comes back.
#include <algorithm>
#include <string>
#include <utility>

#include "gateway/upstream/runtime.h"
#include "mcp/base/clock.h"
#include "mcp/base/log.h"

namespace gateway {

using mcp::Clock;
using mcp::Error;
using mcp::ErrorCode;
using mcp::Event;
using mcp::Task;
using std::chrono::milliseconds;

namespace {

constexpr auto kLookAgain = milliseconds(1000);  // at the soonest, where something kept it from sleeping

}  // namespace

void Runtime::remember(KnownServer known) {
  introduction_ = std::move(known.introduction);
  reader_.remember(std::move(known.catalog));
  count_offered();
  asleep_ = spec().start == StartMode::lazy;
}

std::optional<KnownServer> Runtime::known() const {
  if (!reader_.fresh() || !introduction_) return std::nullopt;
  return KnownServer{reader_.common(), *introduction_};
}

bool Runtime::holds_something() const {
  return busy() || clients_->tasks().awaited() || clients_->wants_updates() || clients_->own_sessions() > 0;
}

bool Runtime::can_sleep() const {
  return state_ == RuntimeState::ready && !retired_ && !lost_reason_ && !holds_something();
}

void Runtime::sleep() {
  if (!can_sleep()) return;
  mcp::log_info("upstream", "server stopped: nobody uses it", {{"server", spec().name.str()}});
  drowsy_ = true;
  clients_->lost();
  session_end_->set();
  set_state(RuntimeState::dormant);
}

void Runtime::wake() {
  ++wakes_;
  asleep_ = false;
  phase_ = drowsy_ ? "waiting for the end of the one before" : "process";
  set_state(RuntimeState::starting);
  if (awake_) awake_->set();
}

Task<void> Runtime::sleep_through() {
  awake_ = std::make_unique<Event>(dependencies_.executor);
  if (!asleep_) co_return;  // somebody was faster
  settled_.set();
  if (state_ != RuntimeState::dormant) set_state(RuntimeState::dormant);
  co_await awake_->wait();
  awake_.reset();
  asleep_ = false;
}

Task<void> Runtime::pause(milliseconds time) {
  if (!stopping_.is_set()) co_await pause_end_->wait_until(Clock::now() + time);
  pause_end_.reset();
}

void Runtime::try_again() {
  if (state_ == RuntimeState::backing_off && pause_end_) pause_end_->set();
  for (const auto& [key, own] : own_)
    own->try_again();
}

/// Looks whether it is used, as often as that may lead to something.
void Runtime::watch_use() {
  const auto shown = live_->snapshot();
  const auto idle = idle_limit();
  auto next = Clock::time_point::max();
  const auto now = Clock::now();
  if (idle.count() > 0) next = std::max(last_used_ + idle, now + kLookAgain);
  if (shown->ping_interval.count() > 0) next = std::min(next, now + shown->ping_interval);
  if (next == Clock::time_point::max()) {
    use_timer_.cancel();
    return;
  }
  use_timer_.expires_at(next);
  use_timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    const auto self = weak.lock();
    if (!error && self) self->look_at_use();
  });
}

void Runtime::look_at_use() {
  if (state_ != RuntimeState::ready) return;
  const auto shown = live_->snapshot();
  const auto idle = idle_limit();
  const auto unused = Clock::now() - last_used_;
  if (idle.count() > 0 && unused >= idle) sleep();
  if (state_ != RuntimeState::ready) return;
  // One at work for a client shows whether it is there by itself, and may have no time for a ping.
  if (shown->ping_interval.count() > 0 && unused >= shown->ping_interval && !busy()) start_probe(session_);
  watch_use();
}

Error Runtime::circuit_open() const {
  Error error{ErrorCode::server_unavailable,
              "server \"" + spec().name.str() + "\" failed " + std::to_string(CircuitBreaker::kFailures) +
                  " requests in a row, and is left alone for a while"};
  if (const auto until = breaker_.until()) {
    const auto left = std::chrono::ceil<std::chrono::seconds>(*until - Clock::now());
    error.remedy = "Try again in " + std::to_string(std::max<std::int64_t>(left.count(), 1)) + " s.";
  } else {
    error.remedy = "It is being tried just now: try again in a moment.";
  }
  return error;
}

}  // namespace gateway
