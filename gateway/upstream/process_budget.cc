#include "gateway/upstream/process_budget.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <string>
#include <utility>

#include "gateway/upstream/runtime.h"
#include "mcp/base/log.h"
#include "mcp/http/timed_cancellation.h"

namespace gateway {

namespace asio = boost::asio;
using mcp::ErrorCode;
using mcp::fail;
using mcp::Result;
using mcp::Task;

namespace {

constexpr auto kLookAgain = std::chrono::milliseconds(100);  // whether there is room
constexpr auto kMeasureEvery = std::chrono::seconds(5);

using Usages = std::vector<std::optional<mcp::ProcessUsage>>;

Task<Usages> usages_of(std::vector<pid_t> pids) {
  Usages usages;
  usages.reserve(pids.size());
  for (const pid_t pid : pids)
    usages.push_back(mcp::process_usage(pid));
  co_return usages;
}

}  // namespace

ProcessBudget::ProcessBudget(const mcp::Executor& executor, asio::thread_pool& helpers)
    : executor_(executor), helpers_(helpers), timer_(executor) {}

void ProcessBudget::set_limits(const ResourceLimits& limits) {
  limits_ = limits;
  make_room(0);
}

void ProcessBudget::add(const std::shared_ptr<Runtime>& runtime) {
  std::erase_if(runtimes_, [](const auto& known) { return known.expired(); });
  runtimes_.emplace_back(runtime);
}

std::size_t ProcessBudget::processes() const {
  std::size_t count = 0;
  for (const auto& known : runtimes_) {
    if (const auto runtime = known.lock()) count += runtime->processes();
  }
  return count;
}

std::size_t ProcessBudget::ending() const {
  std::size_t count = 0;
  for (const auto& known : runtimes_) {
    const auto runtime = known.lock();
    if (runtime) count += runtime->ending_processes();
  }
  return count;
}

void ProcessBudget::make_room(std::size_t more) {
  if (limits_.processes == 0) return;
  // What was told to end takes its time, and is not told again.
  const std::size_t staying = processes() - std::min(ending(), processes());
  for (std::size_t wanted = staying + more; wanted > limits_.processes; --wanted) {
    if (!put_one_to_sleep()) return;
  }
}

Task<Result<>> ProcessBudget::admit(mcp::Cancellation& cancellation) {
  const auto self = shared_from_this();
  while (limits_.processes != 0 && processes() >= limits_.processes) {
    ++waiting_;
    make_room(waiting_);
    co_await mcp::pause(kLookAgain, cancellation);
    --waiting_;
    if (cancellation.requested()) {
      co_return fail(ErrorCode::overloaded,
                     "as many programs run as limits.processes allows (" + std::to_string(limits_.processes) +
                         "), and none of them can be stopped just now",
                     "Raise the limit, or try again when less is going on.");
    }
  }
  co_return Result<>();
}

/// A session of a client's own that nobody needs; else the one that was unused longest, of those on which nothing depends.
bool ProcessBudget::put_one_to_sleep() {
  for (const auto& known : runtimes_) {
    const auto runtime = known.lock();
    if (runtime && runtime->processes() > 0 && runtime->clients().drop_session()) return true;
  }
  std::shared_ptr<Runtime> longest;
  for (const auto& known : runtimes_) {
    const auto runtime = known.lock();
    if (!runtime || runtime->processes() == 0 || !runtime->can_sleep()) continue;
    if (!longest || runtime->last_used() < longest->last_used()) longest = runtime;
  }
  if (longest) longest->sleep();
  return longest != nullptr;
}

void ProcessBudget::start() {
  if (std::exchange(measuring_, true)) return;
  asio::co_spawn(executor_, measuring(shared_from_this()), asio::detached);
}

void ProcessBudget::stop() {
  measuring_ = false;
  timer_.cancel();
}

Task<void> ProcessBudget::measuring(std::shared_ptr<ProcessBudget> self) {
  while (self->measuring_) {
    co_await self->measure();
    if (!self->measuring_) break;
    self->timer_.expires_after(kMeasureEvery);
    boost::system::error_code ignored;
    co_await self->timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

Task<void> ProcessBudget::measure() {
  std::vector<std::weak_ptr<Runtime>> measured;
  std::vector<pid_t> pids;
  for (const auto& known : runtimes_) {
    const auto runtime = known.lock();
    const auto pid = runtime ? runtime->pid() : std::nullopt;
    if (!pid) continue;
    measured.push_back(known);
    pids.push_back(*pid);
  }
  if (pids.empty()) co_return;
  auto looking = usages_of(std::move(pids));
  const auto usages = co_await asio::co_spawn(helpers_, std::move(looking), asio::use_awaitable);
  std::uint64_t memory = 0;
  for (std::size_t i = 0; i < measured.size(); ++i) {
    if (usages[i]) memory += usages[i]->memory;
    if (const auto runtime = measured[i].lock()) runtime->note_usage(usages[i]);
  }
  const std::uint64_t limit = std::uint64_t{limits_.memory_mib} << 20;
  if (limit == 0 || memory <= limit) co_return;
  const bool ended = put_one_to_sleep();
  mcp::log_warn("upstream",
                ended ? "servers take more memory than limits.memoryMiB allows: the one unused longest is stopped"
                      : "servers take more memory than limits.memoryMiB allows, and none of them can be stopped just now",
                {{"MiB", static_cast<std::int64_t>(memory >> 20)}, {"limit", static_cast<std::int64_t>(limits_.memory_mib)}});
}

}  // namespace gateway
