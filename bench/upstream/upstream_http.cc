// upstream_http - a fast MCP echo server over streamable HTTP (epoll), on 127.0.0.1 only.
//   upstream_http [--port P] [--threads T] [--tools N] [--name NAME] [--sse] [--strict] [--raw]
//     --port 0  a free port; the port is printed on a line of its own once connections are accepted
//     --sse     answers requests as text/event-stream (one event) instead of application/json
//     --strict  404 for a request whose Mcp-Session-Id this process did not give out
//     --raw     no MCP: every POST body is sent back as it is (what a loopback HTTP echo can do at most)
// GET holds an SSE stream open; DELETE answers 200.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <unordered_map>
#include <vector>

#include "bench/upstream/http_connection.h"

namespace bench {
namespace {

constexpr std::size_t kReadSize = 256 * 1024;

struct Arguments {
  HttpEchoOptions http;
  std::string name = "echo-upstream";
  int port = 9100, threads = 1, tools = 0;
};

Arguments parse_arguments(int argc, char** argv) {
  Arguments a;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    const auto value = [&]() -> const char* { return i + 1 < argc ? argv[++i] : ""; };
    if (option == "--port") a.port = atoi(value());
    if (option == "--threads") a.threads = atoi(value());
    if (option == "--tools") a.tools = atoi(value());
    if (option == "--name") a.name = value();
    if (option == "--sse") a.http.sse = true;
    if (option == "--strict") a.http.strict = true;
    if (option == "--raw") a.http.raw = true;
  }
  a.http.session_prefix = "up-" + std::to_string(getpid()) + "-";
  return a;
}

/// A listening socket, shared by port with those of the other threads; -1 when the port is taken. Port 0 is replaced by the one
/// found.
int listen_on(int& port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(fd, generic, size) != 0 || listen(fd, 4096) != 0 || getsockname(fd, generic, &size) != 0) {
    close(fd);
    return -1;
  }
  port = ntohs(address.sin_port);
  return fd;
}

/// One thread's event loop.
class Worker {
 public:
  Worker(int listener, const HttpEchoOptions& options, const EchoCore& core, std::atomic<unsigned>& sessions)
      : listener_(listener), epoll_(epoll_create1(EPOLL_CLOEXEC)), options_(options), core_(core), sessions_(sessions) {
    watch(EPOLL_CTL_ADD, listener_, nullptr, EPOLLIN);
  }

  [[noreturn]] void run() {
    std::vector<epoll_event> events(512);
    for (;;) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        if (event.data.ptr == nullptr) {
          accept_all();
        } else {
          serve(*static_cast<HttpConnection*>(event.data.ptr), event.events);
        }
      }
    }
  }

 private:
  void watch(int operation, int fd, HttpConnection* connection, std::uint32_t what) {
    epoll_event event{};
    event.events = what;
    event.data.ptr = connection;
    epoll_ctl(epoll_, operation, fd, &event);
  }

  void accept_all() {
    const int on = 1;
    for (;;) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      auto connection = std::make_unique<HttpConnection>(fd, options_, core_, sessions_);
      watch(EPOLL_CTL_ADD, fd, connection.get(), EPOLLIN);
      connections_[fd] = std::move(connection);
    }
  }

  void serve(HttpConnection& c, std::uint32_t what) {
    bool alive = true;
    if ((what & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
      alive = read_all(c);
      if (alive) c.answer_input();
    }
    if (!alive || !c.flush()) {
      close(c.fd());
      connections_.erase(c.fd());
      return;
    }
    if (c.has_output() == c.wants_write) return;
    c.wants_write = c.has_output();
    watch(EPOLL_CTL_MOD, c.fd(), &c, c.wants_write ? EPOLLIN | EPOLLOUT : EPOLLIN);
  }

  bool read_all(HttpConnection& c) {
    for (;;) {
      const ssize_t got = read(c.fd(), buffer_.data(), buffer_.size());
      if (got == 0) return false;
      if (got < 0) return errno == EAGAIN || errno == EINTR;
      c.input().append(buffer_.data(), static_cast<std::size_t>(got));
      if (static_cast<std::size_t>(got) < buffer_.size()) return true;
    }
  }

  int listener_, epoll_;
  const HttpEchoOptions& options_;
  const EchoCore& core_;
  std::atomic<unsigned>& sessions_;
  std::vector<char> buffer_ = std::vector<char>(kReadSize);
  std::unordered_map<int, std::unique_ptr<HttpConnection>> connections_;
};

int serve(Arguments arguments) {
  const EchoCore core(arguments.name, arguments.tools);
  std::atomic<unsigned> sessions{0};
  std::vector<int> listeners;
  for (int i = 0; i < std::max(1, arguments.threads); ++i) {
    listeners.push_back(listen_on(arguments.port));
    if (listeners.back() >= 0) continue;
    std::perror("listen");
    return 1;
  }
  std::printf("%d\n", arguments.port);
  std::fflush(stdout);
  std::vector<std::jthread> threads;
  for (const int listener : listeners) {
    threads.emplace_back([&, listener] { Worker(listener, arguments.http, core, sessions).run(); });
  }
  return 0;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  return bench::serve(bench::parse_arguments(argc, argv));
}
