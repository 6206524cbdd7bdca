#include "gateway/catalog/view.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "mcp/base/log.h"

namespace gateway {

namespace {

constexpr auto kTellDelay = std::chrono::milliseconds(50);  // servers often become ready in bursts
constexpr std::size_t kMaxClashLines = 5;                   // in the log, each time something changes

}  // namespace

std::string_view to_string(AbsentServer::Kind kind) {
  switch (kind) {
    case AbsentServer::Kind::broken:
      return "broken";
    case AbsentServer::Kind::disabled:
      return "disabled";
    case AbsentServer::Kind::environment:
      break;
  }
  return "environment_absent";
}

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

void View::remember_leaving(const std::vector<std::shared_ptr<Runtime>>& next) {
  const auto in_next = [&next](const std::shared_ptr<Runtime>& runtime) { return std::ranges::find(next, runtime) != next.end(); };
  std::erase_if(former_, [&](const std::weak_ptr<Runtime>& former) {
    const auto runtime = former.lock();
    return !runtime || in_next(runtime);
  });
  for (const auto& member : members_) {
    if (!in_next(member)) former_.emplace_back(member);
  }
}

void View::change(std::vector<std::shared_ptr<Runtime>> members, Naming naming, std::vector<AbsentServer> absent) {
  remember_leaving(members);
  std::vector<std::shared_ptr<Runtime>> joined;
  std::ranges::copy_if(members, std::back_inserter(joined), [this](const auto& member) { return !has(*member); });
  members_ = std::move(members);
  naming_ = naming;
  absent_ = std::move(absent);
  for (const auto& runtime : joined) {
    for (Listener* listener : listeners_)
      listener->joined(*runtime);
  }
  rebuild();
}

std::vector<std::shared_ptr<Runtime>> View::everyone() const {
  auto all = members_;
  for (const auto& former : former_) {
    if (auto runtime = former.lock()) all.push_back(std::move(runtime));
  }
  return all;
}

void View::rebuild() {
  auto next = Projection::build(members_, naming_);
  const CatalogKinds changed = next->differing(*projection_);
  log_clashes(*next);
  projection_ = std::move(next);
  if (changed.none() || listeners_.empty()) return;
  const bool telling = untold_.any();
  untold_ |= changed;
  if (telling) return;
  tell_timer_.expires_after(kTellDelay);
  tell_timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    const auto self = weak.lock();
    if (self && !error) self->tell_listeners();
  });
}

/// Those that are new.
void View::log_clashes(const Projection& next) const {
  const auto& known = projection_->clashes();
  std::size_t fresh = 0;
  for (const auto& clash : next.clashes()) {
    if (std::ranges::find(known, clash) != known.end() || ++fresh > kMaxClashLines) continue;
    mcp::log_warn("catalog", clash, {{"view", title_}});
  }
  if (fresh <= kMaxClashLines) return;
  mcp::log_warn("catalog", "and " + std::to_string(fresh - kMaxClashLines) + " more clashes", {{"view", title_}});
}

void View::tell_listeners() {
  const CatalogKinds changed = std::exchange(untold_, {});
  // A listener only queues a message, so the list cannot change under our feet.
  for (Listener* listener : listeners_)
    listener->lists_changed(changed);
}

bool View::settled() const {
  return std::ranges::all_of(members_, [](const auto& member) { return member->settled().is_set(); });
}

bool View::listable() const {
  return std::ranges::all_of(members_, [](const auto& member) { return member->listable(); });
}

mcp::Task<bool> View::wait_settled(std::chrono::steady_clock::time_point deadline) {
  auto self = shared_from_this();
  // Other servers may have become members meanwhile.
  while (!settled() && mcp::Clock::now() < deadline) {
    const auto members = members_;
    for (const auto& member : members)
      co_await member->settled().wait_until(deadline);
  }
  co_return settled();
}

mcp::Task<void> View::wait_listable(std::chrono::steady_clock::time_point deadline) {
  auto self = shared_from_this();
  while (!listable() && mcp::Clock::now() < deadline) {
    const auto members = members_;
    for (const auto& member : members) {
      if (!member->listable()) co_await member->settled().wait_until(deadline);
    }
  }
}

}  // namespace gateway
