// What a reload of the configuration does to a runtime.
#include <algorithm>
#include <utility>

#include "gateway/upstream/runtime.h"
#include "mcp/base/clock.h"
#include "mcp/base/log.h"
#include "mcp/base/login_reason.h"

namespace gateway {

using mcp::Clock;
using mcp::Error;
using mcp::Event;
using mcp::Task;

namespace {

constexpr auto kLookAtTasks = std::chrono::milliseconds(250);  // whether they are over

}  // namespace

Runtime::Lease::Lease(std::shared_ptr<Runtime> runtime) : runtime_(std::move(runtime)) {
  ++runtime_->leases_;
}

Runtime::Lease& Runtime::Lease::operator=(Lease&& other) noexcept {
  Lease ended;
  ended.runtime_ = std::exchange(runtime_, std::exchange(other.runtime_, nullptr));
  return *this;
}

Runtime::Lease::~Lease() {
  if (!runtime_) return;
  if (--runtime_->leases_ > 0) return;
  runtime_->last_used_ = Clock::now();
  if (runtime_->unused_ != nullptr) runtime_->unused_->set();
}

void Runtime::count_offered() {
  offered_ = static_cast<std::size_t>(
      std::ranges::count_if(catalog()->tools(), [&](const CatalogEntry& tool) { return admits(spec(), tool.key); }));
}

void Runtime::present(std::shared_ptr<const ServerSpec> spec) {
  const bool other_login = spec->oauth != live_->snapshot()->oauth;
  live_->replace(std::move(spec));
  if (other_login && cause_ && mcp::is_login_reason(cause_->code)) try_again();
  gate_.set_limit(live_->snapshot()->max_concurrent);
  count_offered();
  hidden_ = is_to_be_hidden();
  if (state_ == RuntimeState::ready) watch_use();
  for (const auto& [key, own] : own_)
    own->present(live_->snapshot());
}

void Runtime::succeed(const Runtime& before) {
  introduction_ = before.introduction_;
  reader_.remember(before.reader_);
  count_offered();
  clients_->inherit(*before.clients_);
  succeed_own(before);
}

bool Runtime::busy() const {
  return leases_ > 0 || clients_->tasks().running() ||
         std::ranges::any_of(own_, [](const auto& entry) { return entry.second->busy(); });
}

std::shared_ptr<Runtime> Runtime::successor() const {
  return retired_ && stopping_.is_set() ? retired_->successor.lock() : nullptr;
}

Task<void> Runtime::wait_until_unused(Clock::time_point deadline) {
  while (busy() && (state_ == RuntimeState::ready || !own_.empty()) && Clock::now() < deadline) {
    Event unused(dependencies_.executor);
    unused_ = &unused;
    waiters_.insert(&unused);
    // Tasks, and what runs for single clients, is looked at.
    const auto next_look = leases_ > 0 && own_.empty() ? deadline : Clock::now() + kLookAtTasks;
    co_await unused.wait_until(std::min(deadline, next_look));
    waiters_.erase(&unused);
    unused_ = nullptr;
  }
}

Task<void> Runtime::retire(std::shared_ptr<Runtime> successor, Error reason, std::chrono::milliseconds grace) {
  const auto self = shared_from_this();
  retired_.emplace(Retirement{.successor = successor, .reason = std::move(reason)});
  // Who waits for a turn goes on to the next one.
  gate_.set_limit(0);
  const auto began = Clock::now();
  co_await wait_until_unused(began + grace);
  Error late = retired_->reason;
  // Requests of one that is still starting were not sent: they go on to the successor.
  if (busy() && state_ == RuntimeState::ready) {
    const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began);
    mcp::log_warn("upstream",
                  "a server that is being replaced or taken away did not finish its calls in time",
                  {{"server", spec().name.str()}, {"ms", std::int64_t{waited.count()}}});
    late.remedy = "It may or may not have run: look before you call it again.";
  }
  co_await stop(std::move(late));
}

}  // namespace gateway
