#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "mcp/base/event.h"
#include "mcp/base/result.h"
#include "mcp/rpc/message.h"

namespace mcp {

/// Requests on their way, by id, and who waits for each. Loop thread only.
class PendingCalls {
 public:
  /// One waiting request. Lives on the frame of the coroutine that waits, before the request is sent, and takes itself out of the
  /// table at its end; the first outcome counts.
  class Waiter {
   public:
    Waiter(PendingCalls& calls, std::uint64_t id, const Executor& executor);
    ~Waiter();
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

    /// Ends the wait with `reason`; the response, should it still come, belongs to nobody then.
    void fail(Error reason);

    /// Set when there is an outcome.
    Event& done() { return done_; }

    /// The outcome, once, after done().
    Result<Message> take() { return *std::move(outcome_); }

   private:
    friend class PendingCalls;
    void settle(Result<Message> outcome);

    PendingCalls* calls_;
    const std::uint64_t id_;
    Event done_;
    std::optional<Result<Message>> outcome_;
  };

  PendingCalls() = default;
  ~PendingCalls();
  PendingCalls(const PendingCalls&) = delete;
  PendingCalls& operator=(const PendingCalls&) = delete;

  /// Hands a response over to its waiter. False, and the response stays as it is, when its id is none of ours or no longer awaited.
  bool complete(Message& response);

  /// Ends the wait for the response with this id; false when nobody waits for it.
  bool fail(std::uint64_t id, Error reason);

  /// Every waiter gets this error.
  void fail_all(const Error& reason);

  std::size_t size() const { return waiters_.size(); }

 private:
  std::unordered_map<std::uint64_t, Waiter*> waiters_;
};

}  // namespace mcp
