#include "gateway/catalog/view.h"

#include <algorithm>
#include <utility>

#include "mcp/base/log.h"

namespace gateway {

namespace {

constexpr auto kTellDelay = std::chrono::milliseconds(50);  // servers often become ready in bursts

}  // namespace

View::Subscription::Subscription(std::shared_ptr<View> view, Listener& listener) : view_(std::move(view)) {
  place_ = view_->listeners_.insert(view_->listeners_.end(), &listener);
}

View::Subscription::~Subscription() {
  view_->listeners_.erase(place_);
}

View::View(const mcp::Executor& executor,
           std::string title,
           std::vector<std::shared_ptr<Runtime>> members,
           Naming naming,
           std::vector<AbsentServer> absent)
    : executor_(executor),
      title_(std::move(title)),
      members_(std::move(members)),
      naming_(naming),
      absent_(std::move(absent)),
      projection_(Projection::build(members_, naming_)),
      tell_timer_(executor) {}

bool View::has(const Runtime& runtime) const {
  return std::ranges::any_of(members_, [&](const auto& member) { return member.get() == &runtime; });
}

void View::rebuild() {
  auto next = Projection::build(members_, naming_);
  const bool same = next->same_list(*projection_);
  for (const auto& clash : next->clashes())
    mcp::log_warn("catalog", clash, {{"view", title_}});
  projection_ = std::move(next);
  if (same || listeners_.empty() || std::exchange(telling_, true)) return;
  tell_timer_.expires_after(kTellDelay);
  tell_timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    const auto self = weak.lock();
    if (self && !error) self->tell_listeners();
  });
}

void View::tell_listeners() {
  telling_ = false;
  // A listener only queues a message, so the list cannot change under our feet.
  for (Listener* listener : listeners_)
    listener->list_changed();
}

bool View::settled() const {
  return std::ranges::all_of(members_, [](const auto& member) { return member->settled().is_set(); });
}

mcp::Task<bool> View::wait_settled(std::chrono::steady_clock::time_point deadline) {
  auto self = shared_from_this();
  for (const auto& member : members_)
    co_await member->settled().wait_until(deadline);
  co_return settled();
}

}  // namespace gateway
