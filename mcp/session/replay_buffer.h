#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

namespace mcp {

/// What is kept of the events sent to clients over HTTP, for those whose connection breaks. `bytes` beyond
/// HttpServerOptions::max_queued would be of no use: what is replayed is queued at once.
struct ReplayLimits {
  using Duration = std::chrono::steady_clock::duration;

  std::size_t events = 100;                                   // of one session
  std::size_t bytes = std::size_t{8} << 20;                   // of one session
  std::size_t total_bytes = std::size_t{128} << 20;           // of all sessions; over it goes what was written to longest ago
  Duration age = std::chrono::minutes(5);                     // of what a client that is away has not had
  Duration sent_age = std::chrono::minutes(1);                // of what was sent: the connection may have broken on the way
  std::chrono::milliseconds retry = std::chrono::seconds(1);  // what a client is asked to wait before it comes again
};

class ReplayBuffer;

/// The sum over all sessions. Loop thread only; held by the buffers.
class ReplayPool {
 public:
  explicit ReplayPool(const ReplayLimits& all) : limits(all) {}

  std::size_t bytes() const { return bytes_; }

  const ReplayLimits limits;

 private:
  friend class ReplayBuffer;

  std::list<ReplayBuffer*> used_;  // those that hold something, the one written to longest ago first
  std::size_t bytes_ = 0;
};

/// The events of one session's streams that could be asked for once more. Where there are too many, notifications go before
/// requests and answers, and the oldest first. Loop thread only.
class ReplayBuffer {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  struct Event {
    std::uint64_t stream = 0;
    std::uint64_t number = 0;  // within its stream, ascending
    bool notification = false;
    TimePoint at;
    std::string text;      // the whole event
    std::string question;  // of a request to the client: its id, JSON text
  };

  /// Hears of what was dropped because there was too much or it was too old; must not call back.
  using OnDropped = std::function<void(const Event&)>;

  ReplayBuffer(std::shared_ptr<ReplayPool> pool, OnDropped on_dropped)
      : pool_(std::move(pool)), on_dropped_(std::move(on_dropped)) {}
  ~ReplayBuffer() { clear(); }
  ReplayBuffer(const ReplayBuffer&) = delete;
  ReplayBuffer& operator=(const ReplayBuffer&) = delete;

  const ReplayLimits& limits() const { return pool_->limits; }

  /// True for an event too large to be kept.
  bool exceeds(const Event& event) const { return cost(event) > limits().bytes; }

  void keep(Event event);

  /// A stream's events with a higher number, in order, until `write` returns false.
  void replay(std::uint64_t stream, std::uint64_t after, const std::function<bool(const Event&)>& write) const;

  /// A client that names an event has those before it.
  void forget(std::uint64_t stream, std::uint64_t up_to);

  /// Drops what is older than `age` allows.
  void expire(TimePoint now, const std::function<ReplayLimits::Duration(const Event&)>& age);

  void clear();

  /// Has this stream events after that number?
  bool has(std::uint64_t stream, std::uint64_t after = 0) const;
  std::size_t bytes() const { return bytes_; }
  std::size_t size() const { return events_.size(); }

 private:
  static std::size_t cost(const Event& event) { return sizeof(Event) + event.text.size(); }

  template <typename Predicate>
  void drop_if(Predicate predicate);
  void drop_one();
  void take_out(std::size_t bytes);

  std::shared_ptr<ReplayPool> pool_;
  OnDropped on_dropped_;
  std::vector<Event> events_;  // oldest first; a vector holds nothing while it is empty
  std::size_t bytes_ = 0;
  std::list<ReplayBuffer*>::iterator place_;  // valid while bytes_ > 0
};

}  // namespace mcp
