#include "mcp/process/run_command.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <utility>

#include "mcp/process/program_path.h"
#include "mcp/process/unique_fd.h"

namespace mcp {

namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

/// Both ends of what it hears or says. Its input is a socket: to write into one that nobody reads any more need not be a signal.
struct Ends {
  UniqueFd ours, theirs;
};

int make_input(Ends& ends) {
  std::array<int, 2> pair{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) return errno;
  ends.ours = UniqueFd(pair[0]);
  ends.theirs = UniqueFd(pair[1]);
  return 0;
}

int make_output(Ends& ends) {
  std::array<int, 2> pair{};
  if (pipe2(pair.data(), O_CLOEXEC) != 0) return errno;
  ends.ours = UniqueFd(pair[0]);
  ends.theirs = UniqueFd(pair[1]);
  return fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0 ? 0 : errno;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts)
    pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::unexpected<Error> stopped(const Command& command) {
  return fail(ErrorCode::shutting_down, command.program + " was ended: nobody waits for it any more");
}

bool is_readable(int fd) {
  pollfd ready{fd, POLLIN, 0};
  return fd >= 0 && poll(&ready, 1, 0) > 0;
}

class RunningCommand {
 public:
  explicit RunningCommand(const Command& command)
      : command_(command), until_(std::chrono::steady_clock::now() + command.patience) {}

  ~RunningCommand() { end(); }

  RunningCommand(const RunningCommand&) = delete;
  RunningCommand& operator=(const RunningCommand&) = delete;

  Result<> start() {
    ChildSpec spec;
    spec.command = command_.program;
    spec.args = command_.args;
    spec.env = command_.env;
    const auto path = find_program(spec);
    if (!path) return std::unexpected(path.error());
    if (const int failed = spawn(*path); failed != 0)
      return std::unexpected(refused_by_system(command_.program + " cannot be started", failed));
    return {};
  }

  Result<CommandOutput> finish() {
    CommandOutput output;
    bool running = true;
    while (running) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until_ - std::chrono::steady_clock::now());
      if (left.count() <= 0) return late();
      std::array<pollfd, 5> ready{pollfd{pidfd_.get(), POLLIN, 0},
                                  pollfd{output_.ours.get(), POLLIN, 0},
                                  pollfd{errors_.ours.get(), POLLIN, 0},
                                  pollfd{input_.ours.get(), POLLOUT, 0},
                                  pollfd{command_.stop, POLLIN, 0}};
      if (poll(ready.data(), ready.size(), static_cast<int>(std::min<long>(left.count(), 60'000))) < 0 && errno != EINTR)
        return std::unexpected(refused_by_system(command_.program + " cannot be waited for", errno));
      if (ready[4].revents != 0) return stopped(command_);
      running = ready[0].revents == 0;
      write_some();
      if (!read_some(output_, output.out) || !read_some(errors_, output.err)) return too_much();
    }
    const int status = end();
    if (WIFEXITED(status)) output.exit.code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) output.exit.signal = WTERMSIG(status);
    return output;
  }

 private:
  int spawn(const std::string& path) {
    for (const int failed : {make_input(input_), make_output(output_), make_output(errors_)}) {
      if (failed != 0) return failed;
    }
    std::vector<std::string> words{command_.program};
    words.insert(words.end(), command_.args.begin(), command_.args.end());
    std::vector<std::string> env = command_.env;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&actions, input_.theirs.get(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output_.theirs.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, errors_.theirs.get(), STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    pid_t pid = -1;
    const int failed = posix_spawn(&pid, path.c_str(), &actions, &attributes, pointers_to(words).data(), pointers_to(env).data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) return failed;
    pid_ = pid;
    for (Ends* ends : {&input_, &output_, &errors_})
      ends->theirs.reset();
    pidfd_ = UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    return pidfd_.get() >= 0 ? 0 : errno;
  }

  /// The end of the input is the end of the socket. One that reads no more is no failure: it may know enough.
  void write_some() {
    if (input_.ours.get() < 0) return;
    const std::string_view rest = std::string_view(command_.input).substr(written_);
    const ssize_t count = rest.empty() ? 0 : send(input_.ours.get(), rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    written_ += static_cast<std::size_t>(std::max<ssize_t>(count, 0));
    if (count < 0 || written_ == command_.input.size()) input_.ours.reset();
  }

  /// All there is now. False where that is too much.
  bool read_some(Ends& ends, std::string& text) const {
    std::array<char, 4096> buffer{};
    while (ends.ours.get() >= 0) {
      const ssize_t count = read(ends.ours.get(), buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno == EAGAIN) return true;
      if (count <= 0) {
        ends.ours.reset();
        return true;
      }
      text.append(buffer.data(), static_cast<std::size_t>(count));
      if (text.size() > command_.most_output) return false;
    }
    return true;
  }

  /// With its whole group, whose number nobody else can have before its leader is collected. Its status; 0 where there is none.
  int end() {
    int status = 0;
    if (pid_ < 0) return status;
    kill(-pid_, SIGKILL);
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
  }

  std::unexpected<Error> late() const {
    return fail(ErrorCode::timeout, command_.program + " did not end within " + std::to_string(command_.patience.count()) + " ms");
  }

  std::unexpected<Error> too_much() const {
    return fail(ErrorCode::too_large, command_.program + " wrote more than " + std::to_string(command_.most_output) + " bytes");
  }

  const Command& command_;
  const SteadyTime until_;
  Ends input_, output_, errors_;
  std::size_t written_ = 0;
  pid_t pid_ = -1;
  UniqueFd pidfd_;
};

}  // namespace

Result<CommandOutput> run_command(const Command& command) {
  if (is_readable(command.stop)) return stopped(command);
  RunningCommand running(command);
  if (auto started = running.start(); !started) return std::unexpected(std::move(started).error());
  return running.finish();
}

}  // namespace mcp
