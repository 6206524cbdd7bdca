#include "bench/loadgen/loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <utility>

namespace bench {
namespace {

constexpr std::size_t kReadSize = 512 * 1024;
constexpr std::int64_t kSweepEvery = 250'000'000;
constexpr int kIdleWaitMs = 50, kAdmittingWaitMs = 2;

}  // namespace

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Loop::Loop(const Options& options, const Requests& requests, Progress& progress, int sessions, bool streams)
    : options_(options), requests_(requests), progress_(progress), buffer_(kReadSize), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  for (int i = 0; i < sessions; ++i) {
    connections_.push_back(std::make_unique<Connection>());
    connections_.back()->wants_stream = streams;
    waiting_.push_back(connections_.back().get());
  }
  if (options.legacy_sse) add_legacy_streams();
}

Loop::~Loop() {
  for (const auto& c : connections_)
    disconnect(*c);
  for (const auto& c : legacy_streams_)
    disconnect(*c);
  close(epoll_);
}

void Loop::run() {
  std::vector<epoll_event> events(1024);
  std::int64_t next_sweep = now_ns() + kSweepEvery;
  bool started = false;
  for (;;) {
    admit();
    if (!started && progress_.run.load()) {
      started = true;
      start_calls();
    }
    const int wait = waiting_.empty() ? kIdleWaitMs : kAdmittingWaitMs;
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), wait);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      on_event(*static_cast<Connection*>(event.data.ptr), event.events);
    }
    const std::int64_t now = now_ns();
    const std::int64_t stop_at = progress_.stop_at.load();
    if (stop_at != 0 && now >= stop_at) return;
    if (now < next_sweep) continue;
    next_sweep = now + kSweepEvery;
    fail_overdue(now);
  }
}

void Loop::on_event(Connection& c, std::uint32_t events) {
  if (c.fd < 0) return;
  if (c.connecting) {
    if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) finish_connect(c);
    return;
  }
  if ((events & EPOLLOUT) != 0) flush(c);
  if (c.fd < 0 || (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) return;
  const unsigned opened = c.opened;
  const bool open = read_all(c);
  parse(c);
  if (!open && c.fd >= 0 && c.opened == opened) on_end(c);
}

void Loop::finish_connect(Connection& c) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(c.fd, SOL_SOCKET, SO_ERROR, &error, &size);
  c.connecting = false;
  if (error != 0) return fail(c, "connect");
  arm(c, false);
  flush(c);
}

// False at the end of the connection.
bool Loop::read_all(Connection& c) {
  for (;;) {
    const ssize_t got = read(c.fd, buffer_.data(), buffer_.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got < 0 && errno == EAGAIN;
    c.response.append(buffer_.data(), static_cast<std::size_t>(got));
    if (static_cast<std::size_t>(got) < buffer_.size()) return true;
  }
}

void Loop::on_end(Connection& c) {
  if (c.phase == Phase::streaming) return fail(c, "stream-lost");
  if (!c.outstanding) return disconnect(c);
  if (c.response.has_head() && c.response.until_close()) {
    c.response.set_complete();
    return finish(c);
  }
  retry_or_fail(c, "eof");
}

bool Loop::connect(Connection& c) {
  c.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (c.fd < 0) return false;
  ++c.opened;
  const int on = 1;
  setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(options_.port));
  inet_pton(AF_INET, options_.host.c_str(), &address.sin_addr);
  const int result = ::connect(c.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  c.connecting = result < 0 && errno == EINPROGRESS;
  if (result < 0 && !c.connecting) {
    disconnect(c);
    return false;
  }
  c.wants_write = c.connecting;
  epoll_event event{};
  event.events = c.connecting ? EPOLLIN | EPOLLOUT : EPOLLIN;
  event.data.ptr = &c;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, c.fd, &event);
  return true;
}

void Loop::disconnect(Connection& c) {
  if (c.fd >= 0) close(c.fd);
  c.fd = -1;
  c.response.drop_body();
  c.wants_write = c.connecting = c.served_before = false;
}

void Loop::send(Connection& c, std::string request) {
  c.request = std::move(request);
  c.sent_at = now_ns();
  c.retried = false;
  start_send(c);
}

void Loop::start_send(Connection& c) {
  c.sent = 0;
  c.response.start();
  c.scanner.start();
  c.has_answer = c.answer_good = c.post_done = false;
  c.outstanding = true;
  if (c.fd < 0 && !connect(c)) return fail(c, "connect");
  if (!c.connecting) flush(c);
}

void Loop::flush(Connection& c) {
  while (c.sent < c.request.size()) {
    const ssize_t written = write(c.fd, c.request.data() + c.sent, c.request.size() - c.sent);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) return arm(c, true);
    if (written < 0) return retry_or_fail(c, "write");
    c.sent += static_cast<std::size_t>(written);
  }
  arm(c, false);
}

void Loop::arm(Connection& c, bool write) {
  if (write == c.wants_write) return;
  c.wants_write = write;
  epoll_event event{};
  event.events = write ? EPOLLIN | EPOLLOUT : EPOLLIN;
  event.data.ptr = &c;
  epoll_ctl(epoll_, EPOLL_CTL_MOD, c.fd, &event);
}

// A keep-alive connection that the server closed before the first byte of its answer: once more, on a new one.
void Loop::retry_or_fail(Connection& c, const char* why) {
  if (!c.served_before || !c.response.untouched() || c.retried) return fail(c, why);
  disconnect(c);
  ++statistics_.reconnects;
  c.retried = true;
  start_send(c);
}

}  // namespace bench
