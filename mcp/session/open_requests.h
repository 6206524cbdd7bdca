#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "mcp/base/clock.h"
#include "mcp/rpc/request_handler.h"

namespace mcp {

/// A request that waits for its server's answer; lives in the frame of the coroutine that waits.
struct OpenRequest {
  using Clock = mcp::Clock;

  /// `deadline` may be max(): none.
  OpenRequest(CallContext& asker, Clock::time_point now);

  /// There was a sign of life: the request may take as long again as it might at its start.
  void extend(Clock::time_point now);

  /// When it is out of time. A person whom the server has asked may be thinking for as long as the request may live at all.
  Clock::time_point out_of_time() const { return questions > 0 ? last_deadline : deadline; }

  CallContext* context;
  std::string token;  // the caller's progress token, JSON text; "" when progress was not asked for
  struct Adopted {
    std::uint64_t id = 0;  // of an earlier request, whose progress is this one's; 0: none
    std::string token;     // under which the caller hears of it
  } adopted;
  Cancellation cancellation;
  Clock::time_point deadline, last_deadline = Clock::time_point::max();
  Clock::duration patience{};
  int questions = 0;  // of the server's that wait for the caller
};

/// The open requests of one session with a server, by our id, and whose they are. A caller whose id is 0 is ourselves. Loop thread
/// only.
class OpenRequests {
 public:
  /// Keeps a request in the table as long as it lives.
  class Entry {
   public:
    Entry(OpenRequests& requests, std::uint64_t id, OpenRequest& open);
    ~Entry();
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

   private:
    OpenRequests& requests_;
    std::uint64_t id_;
  };

  /// Null where there is none.
  OpenRequest* find(std::uint64_t id) const;

  /// Whom progress of the request `id` concerns: that request, or those that have adopted its progress, the newest first.
  std::vector<OpenRequest*> with_progress(std::uint64_t id) const;

  /// The request that a message of the server's belongs to: `related` (on whose response stream it came), else the newest one of
  /// the only client that has any. Nothing where there is none, or more than one client has.
  std::optional<std::uint64_t> cause_of(std::optional<std::uint64_t> related) const;

  /// Several clients have requests here.
  bool of_several() const;

  /// The newest request of each client.
  std::vector<OpenRequest*> one_of_each() const;

  std::vector<OpenRequest*> all() const;

  std::size_t size() const { return open_.size(); }

 private:
  std::unordered_map<std::uint64_t, std::uint64_t> newest_by_client() const;

  std::unordered_map<std::uint64_t, OpenRequest*> open_;
};

}  // namespace mcp
