#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <string>

#include "mcp/base/event.h"
#include "mcp/rpc/request_handler.h"

namespace gateway {

/// Lets so many calls at once to one server, and queues the others: clients take turns, so that one with a hundred calls holds up
/// nobody else's first; of one client's they go in the order they came. Loop thread only. Outlives the calls.
class CallGate {
 public:
  static constexpr std::size_t kMaxQueued = 1000;  // one more is refused

  explicit CallGate(const mcp::Executor& executor) : executor_(executor) {}

  CallGate(const CallGate&) = delete;
  CallGate& operator=(const CallGate&) = delete;

  /// How many at once; 0: any number. More than before lets those in that wait.
  void set_limit(std::size_t limit);

  /// A call's place, from its entry to its end.
  class Place {
   public:
    Place() = default;
    explicit Place(CallGate* gate) : gate_(gate) {}
    ~Place();
    Place(Place&& other) noexcept;
    Place& operator=(Place&& other) noexcept;
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    bool taken() const { return gate_ != nullptr; }

   private:
    CallGate* gate_ = nullptr;
  };

  /// Whether there is room at once: then `place` is it.
  bool try_enter(Place& place);

  /// Waits for its turn, and sets `place`. Errors: overloaded where too many wait; timeout at the context's deadline; the reason of
  /// its cancellation.
  mcp::Task<mcp::Result<>> enter(mcp::CallContext& context, Place& place);

  std::size_t inside() const { return inside_; }
  std::size_t queued() const { return queued_; }

 private:
  struct Waiting;

  void leave();
  void let_in();

  mcp::Executor executor_;
  std::size_t limit_ = 0, inside_ = 0, queued_ = 0;
  std::map<std::uint64_t, std::list<Waiting*>> waiting_;  // by client
  std::uint64_t last_ = 0;                                // client that was let in last from the queue
};

}  // namespace gateway
