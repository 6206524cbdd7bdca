#include "gateway/admin/event_log.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

#include "gateway/admin/poll_until.h"
#include "mcp/base/random.h"

namespace gateway {

namespace {

std::size_t size_of(const GatewayEvent& event) {
  return sizeof(GatewayEvent) + event.type.size() + event.server.size() + event.data.size();
}

/// The counter of an eventfd that nobody reads cannot come to its end.
void wake(int fd) {
  constexpr std::uint64_t kOne = 1;
  [[maybe_unused]] const auto written = ::write(fd, &kOne, sizeof kOne);
}

}  // namespace

EventLog::EventLog() : name_(mcp::random_hex(4)) {}

void EventLog::add(std::string type, std::string server, std::string data) {
  const std::lock_guard lock(mutex_);
  GatewayEvent event{.id = ++last_, .type = std::move(type), .server = std::move(server), .data = std::move(data)};
  bytes_ += size_of(event);
  events_.push_back(std::make_shared<const GatewayEvent>(std::move(event)));
  while (events_.size() > kMostEvents || (bytes_ > kMostBytes && events_.size() > 1)) {
    bytes_ -= size_of(*events_.front());
    events_.pop_front();
  }
  for (const int fd : listening_)
    wake(fd);
}

std::uint64_t EventLog::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

std::optional<EventLog::Events> EventLog::after(std::uint64_t id) const {
  const std::lock_guard lock(mutex_);
  const std::uint64_t first = last_ - events_.size() + 1;
  if (id > last_ || id + 1 < first) return std::nullopt;
  return Events(events_.begin() + static_cast<std::ptrdiff_t>(id + 1 - first), events_.end());
}

EventLog::Listener::Listener(EventLog& log) : log_(log), fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  const std::lock_guard lock(log_.mutex_);
  log_.listening_.insert(fd_.get());
}

EventLog::Listener::~Listener() {
  const std::lock_guard lock(log_.mutex_);
  log_.listening_.erase(fd_.get());
}

void EventLog::Listener::clear() const {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto read = ::read(fd_.get(), &count, sizeof count);
}

bool EventLog::Listener::wait_until(std::chrono::steady_clock::time_point deadline) const {
  pollfd polled{fd_.get(), POLLIN, 0};
  return poll_until({&polled, 1}, deadline);
}

}  // namespace gateway
