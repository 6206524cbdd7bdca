#include "bench/loadgen/ready_mode.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>

#include "bench/common/raw_json.h"
#include "bench/loadgen/http_response.h"
#include "bench/loadgen/progress.h"
#include "bench/loadgen/report.h"
#include "bench/loadgen/requests.h"
#include "bench/loadgen/sse_scanner.h"

namespace bench {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kAskEvery{3}, kAnswerTimeout{2000}, kListTimeout{5000};
constexpr milliseconds kSettleTime{1000};  // before the memory is read
constexpr milliseconds kStopTimeout{5000}, kLookEvery{20};

class Socket {
 public:
  explicit Socket(milliseconds timeout) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    timeval limit{};
    limit.tv_sec = timeout.count() / 1000;
    limit.tv_usec = timeout.count() % 1000 * 1000;
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  ~Socket() { close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  bool connect(const Options& options) const {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(options.port));
    inet_pton(AF_INET, options.host.c_str(), &address.sin_addr);
    return ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }

  bool send_all(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t sent = send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  bool receive(HttpResponse& response) const {
    char buffer[64 * 1024];
    const ssize_t got = recv(fd_, buffer, sizeof buffer, 0);
    if (got > 0) response.append(buffer, static_cast<std::size_t>(got));
    return got > 0;
  }

 private:
  int fd_;
};

struct Answer {
  int status = 0;
  std::string session, message;  // the message with a result, from the body or its events; "" when there is none
};

std::string message_of(const HttpResponse& response) {
  if (!response.is_sse()) return response.body();
  SseScanner scanner;
  while (const auto event = scanner.next(response.body())) {
    if (!member(event->data, "result").empty()) return std::string(event->data);
  }
  return {};
}

/// One request on a connection of its own. Returns as soon as the answer is there, also while its stream stays open.
Answer ask(const Options& options, const std::string& request, milliseconds timeout) {
  Answer answer;
  const Socket socket(timeout);
  if (!socket.connect(options) || !socket.send_all(request)) return answer;
  HttpResponse response;
  while (!response.complete() && socket.receive(response)) {
    if (!response.read_head()) continue;
    response.read_body();
    if (response.is_sse() && !message_of(response).empty()) break;
  }
  answer.status = response.status();
  answer.session = response.session();
  answer.message = message_of(response);
  return answer;
}

pid_t spawn(const Options& options) {
  const pid_t pid = fork();
  if (pid != 0) return pid;
  setsid();
  prctl(PR_SET_PDEATHSIG, SIGTERM);  // it does not outlive an interrupted run
  if (!options.spawn_directory.empty() && chdir(options.spawn_directory.c_str()) != 0) _exit(126);
  const int log = open(options.spawn_log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  const int nothing = open("/dev/null", O_RDONLY);
  dup2(nothing, STDIN_FILENO);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  execl("/bin/sh", "sh", "-c", ("exec " + options.spawn).c_str(), nullptr);
  _exit(127);
}

bool has_ended(pid_t pid) {
  return waitpid(pid, nullptr, WNOHANG) == pid;
}

void stop(pid_t pid) {
  kill(-pid, SIGTERM);
  for (milliseconds waited{0}; waited < kStopTimeout; waited += kLookEvery) {
    if (has_ended(pid)) {
      kill(-pid, SIGKILL);  // what it left behind
      return;
    }
    std::this_thread::sleep_for(kLookEvery);
  }
  kill(-pid, SIGKILL);
  waitpid(pid, nullptr, 0);
}

/// One try: fills in what it finds. True when all tools are listed.
bool look(const Options& options, const Requests& requests, std::int64_t begin, ReadyResult& result) {
  const auto elapsed_ms = [begin] { return static_cast<double>(now_ns() - begin) / 1e6; };
  const Answer hello = ask(options, requests.post({}, requests.initialize()), kAnswerTimeout);
  if (hello.status != 200 || member(hello.message, "result").empty()) return false;
  if (result.initialize_ms < 0) result.initialize_ms = elapsed_ms();
  ask(options, requests.post(hello.session, Requests::initialized()), kAnswerTimeout);
  const std::string list = R"({"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}})";
  const Answer tools = ask(options, requests.post(hello.session, list), kListTimeout);
  result.tools = array_size(member(member(tools.message, "result"), "tools"));
  result.list_bytes = tools.message.size();
  if (static_cast<int>(result.tools) < options.expect_tools) return false;
  result.tools_ms = elapsed_ms();
  return true;
}

}  // namespace

int run_ready(const Options& options) {
  const Requests requests(options);
  ReadyResult result;
  const std::int64_t begin = now_ns();
  const pid_t pid = options.spawn.empty() ? 0 : spawn(options);
  bool running = pid > 0;
  while (now_ns() - begin < to_ns(options.timeout) && !look(options, requests, begin, result)) {
    std::this_thread::sleep_for(kAskEvery);
    if (running && has_ended(pid)) {
      running = false;
      break;
    }
  }
  if (running) {
    std::this_thread::sleep_for(kSettleTime);
    result.rss = status_number(pid, "VmRSS");
    result.threads = status_number(pid, "Threads");
    stop(pid);
  }
  print_report(options, result);
  return result.tools_ms >= 0 ? 0 : 1;
}

}  // namespace bench
