#include "mcp/session/replay_buffer.h"

#include <algorithm>
#include <utility>

namespace mcp {

void ReplayBuffer::keep(Event event) {
  const std::size_t size = cost(event);
  if (bytes_ == 0) {
    place_ = pool_->used_.insert(pool_->used_.end(), this);
  } else {
    pool_->used_.splice(pool_->used_.end(), pool_->used_, place_);
  }
  events_.push_back(std::move(event));
  bytes_ += size;
  pool_->bytes_ += size;
  while (events_.size() > limits().events || bytes_ > limits().bytes)
    drop_one();
  while (pool_->bytes_ > limits().total_bytes)
    pool_->used_.front()->drop_one();
}

void ReplayBuffer::drop_one() {
  auto victim = std::ranges::find_if(events_, &Event::notification);
  if (victim == events_.end()) victim = events_.begin();
  const std::size_t size = cost(*victim);
  on_dropped_(*victim);
  events_.erase(victim);
  take_out(size);
}

template <typename Predicate>
void ReplayBuffer::drop_if(Predicate predicate) {
  std::size_t dropped = 0;
  std::erase_if(events_, [&](const Event& event) {
    const bool drop = predicate(event);
    if (drop) dropped += cost(event);
    return drop;
  });
  if (dropped > 0) take_out(dropped);
}

void ReplayBuffer::take_out(std::size_t bytes) {
  bytes_ -= bytes;
  pool_->bytes_ -= bytes;
  if (bytes_ > 0) return;
  pool_->used_.erase(place_);
  std::vector<Event>().swap(events_);
}

void ReplayBuffer::replay(std::uint64_t stream, std::uint64_t after, const std::function<bool(const Event&)>& write) const {
  for (const Event& event : events_) {
    if (event.stream == stream && event.number > after && !write(event)) return;
  }
}

void ReplayBuffer::forget(std::uint64_t stream, std::uint64_t up_to) {
  drop_if([=](const Event& event) { return event.stream == stream && event.number <= up_to; });
}

void ReplayBuffer::expire(TimePoint now, const std::function<ReplayLimits::Duration(const Event&)>& age) {
  drop_if([&](const Event& event) {
    const bool old = now - event.at >= age(event);
    if (old) on_dropped_(event);
    return old;
  });
}

void ReplayBuffer::clear() {
  drop_if([](const Event&) { return true; });
}

bool ReplayBuffer::has(std::uint64_t stream, std::uint64_t after) const {
  return std::ranges::any_of(events_, [=](const Event& event) { return event.stream == stream && event.number > after; });
}

}  // namespace mcp
