#include "mcp/rpc/pending_calls.h"

#include <charconv>
#include <string>
#include <utility>

namespace mcp {

PendingCalls::Waiter::Waiter(PendingCalls& calls, std::uint64_t id, const Executor& executor)
    : calls_(&calls), id_(id), done_(executor) {
  if (calls.waiters_.emplace(id, this).second) return;
  calls_ = nullptr;
  settle(mcp::fail(ErrorCode::internal, "request id " + std::to_string(id) + " is in use."));
}

PendingCalls::Waiter::~Waiter() {
  if (calls_ != nullptr) calls_->waiters_.erase(id_);
}

void PendingCalls::Waiter::fail(Error reason) {
  settle(std::unexpected(std::move(reason)));
}

void PendingCalls::Waiter::settle(Result<Message> outcome) {
  if (outcome_) return;
  outcome_.emplace(std::move(outcome));
  if (calls_ != nullptr) std::exchange(calls_, nullptr)->waiters_.erase(id_);
  done_.set();
}

PendingCalls::~PendingCalls() {
  for (const auto& [id, waiter] : waiters_)
    waiter->calls_ = nullptr;
}

bool PendingCalls::complete(Message& response) {
  const std::string_view text = response.id();
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  const auto found = waiters_.find(id);
  if (found == waiters_.end()) return false;
  found->second->settle(std::move(response));
  return true;
}

bool PendingCalls::fail(std::uint64_t id, Error reason) {
  const auto found = waiters_.find(id);
  if (found == waiters_.end()) return false;
  found->second->fail(std::move(reason));
  return true;
}

void PendingCalls::fail_all(const Error& reason) {
  while (!waiters_.empty())
    waiters_.begin()->second->fail(reason);
}

}  // namespace mcp
