#include "gateway/upstream/call_gate.h"

#include <utility>

namespace gateway {

using mcp::ErrorCode;
using mcp::fail;
using mcp::Result;
using mcp::Task;

struct CallGate::Waiting {
  explicit Waiting(const mcp::Executor& executor) : wake(executor) {}

  mcp::Event wake;
  bool let_in = false;
};

CallGate::Place::~Place() {
  if (gate_ != nullptr) gate_->leave();
}

CallGate::Place::Place(Place&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}

CallGate::Place& CallGate::Place::operator=(Place&& other) noexcept {
  std::swap(gate_, other.gate_);
  return *this;
}

void CallGate::set_limit(std::size_t limit) {
  limit_ = limit;
  let_in();
}

bool CallGate::try_enter(Place& place) {
  if (limit_ != 0 && (inside_ >= limit_ || queued_ > 0)) return false;
  ++inside_;
  place = Place(this);
  return true;
}

Task<Result<>> CallGate::enter(mcp::CallContext& context, Place& place) {
  if (try_enter(place)) co_return Result<>();
  if (queued_ >= kMaxQueued) {
    co_return fail(ErrorCode::overloaded, "too many calls wait for this server", "Try again in a moment.");
  }
  const std::uint64_t client = context.caller().id;
  Waiting waiting(executor_);
  auto& line = waiting_[client];
  const auto at = line.insert(line.end(), &waiting);
  ++queued_;
  {
    const mcp::Cancellation::Callback cancelled(context.cancellation(), [&waiting] { waiting.wake.set(); });
    co_await waiting.wake.wait_until(context.deadline);
  }
  if (waiting.let_in) {
    place = Place(this);
    if (context.cancellation().requested()) co_return std::unexpected(context.cancellation().reason());
    co_return Result<>();
  }
  --queued_;
  const auto mine = waiting_.find(client);
  mine->second.erase(at);
  if (mine->second.empty()) waiting_.erase(mine);
  if (context.cancellation().requested()) co_return std::unexpected(context.cancellation().reason());
  co_return fail(
      ErrorCode::timeout, "the call waited for its turn until its time was over", "Raise maxConcurrent, or callTimeout.");
}

void CallGate::leave() {
  --inside_;
  let_in();
}

/// The clients in turn, by the order of their numbers.
void CallGate::let_in() {
  while (!waiting_.empty() && (limit_ == 0 || inside_ < limit_)) {
    auto next = waiting_.upper_bound(last_);
    if (next == waiting_.end()) next = waiting_.begin();
    last_ = next->first;
    Waiting& waiting = *next->second.front();
    next->second.pop_front();
    if (next->second.empty()) waiting_.erase(next);
    --queued_;
    ++inside_;
    waiting.let_in = true;
    waiting.wake.set();
  }
}

}  // namespace gateway
