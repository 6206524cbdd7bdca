#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "mcp/process/unique_fd.h"

namespace gateway {

/// Something that happened in the gateway.
struct GatewayEvent {
  std::uint64_t id = 0;  // 1, 2, …
  std::string type;      // "server", "tools", "reload", "environments", "gateway"
  std::string server;    // whom it concerns alone; "" for everybody
  std::string data;      // a JSON object on one line
};

/// The last things that happened, for whoever follows them. Bounded by number and by bytes; who is too slow notices that it missed
/// some. Any thread.
class EventLog {
 public:
  static constexpr std::size_t kMostEvents = 512;
  static constexpr std::size_t kMostBytes = std::size_t{1} << 20;

  EventLog();
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;

  void add(std::string type, std::string server, std::string data);

  /// Names this log, so that an id of another one (of the gateway before this) is told apart.
  const std::string& name() const { return name_; }

  /// The id of the newest event, 0 before the first.
  std::uint64_t last() const;

  using Events = std::vector<std::shared_ptr<const GatewayEvent>>;

  /// What came after the event `id`, in order; nothing where that is not kept any more.
  std::optional<Events> after(std::uint64_t id) const;

  /// Who waits for more: a descriptor that becomes readable when something is added. The log outlives it.
  class Listener {
   public:
    explicit Listener(EventLog& log);
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    int fd() const { return fd_.get(); }

    /// Until more is added.
    void clear() const;

    /// Waits for more; false when `deadline` came first.
    bool wait_until(std::chrono::steady_clock::time_point deadline) const;

   private:
    EventLog& log_;
    mcp::UniqueFd fd_;
  };

 private:
  const std::string name_;
  mutable std::mutex mutex_;
  std::deque<std::shared_ptr<const GatewayEvent>> events_;
  std::size_t bytes_ = 0;
  std::uint64_t last_ = 0;
  std::set<int> listening_;
};

}  // namespace gateway
