#include "mcp/process/guardian/program.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>

#include "mcp/process/proc_files.h"

namespace mcp {

namespace {

constexpr unsigned kCloseRangeCloexec = 4;

[[noreturn]] void give_up(int exec_pipe, const char* stage) {
  ExecReport report;
  report.error = errno;
  strncpy(report.stage, stage, sizeof report.stage - 1);
  const ssize_t written = write(exec_pipe, &report, sizeof report);
  _exit(written == sizeof report ? 127 : 126);
}

void reset_signals() {
  for (int number = 1; number < NSIG; ++number)
    signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, nullptr);
}

void limit_files(long files) {
  rlimit limit{};
  if (files <= 0 || getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = static_cast<rlim_t>(files) < limit.rlim_max ? static_cast<rlim_t>(files) : limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

/// A pipe; for a confined program a socket, over which the system says who it is.
bool open_exec_pipe(bool confined, int* ends) {
  if (!confined) return pipe2(ends, O_CLOEXEC) == 0;
  const int on = 1;
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return false;
  return setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0;
}

[[noreturn]] void become_program(const GuardianArguments& arguments, int exec_pipe, pid_t guardian) {
  setpgid(0, 0);
  // Should the guardian itself be killed, at least the program goes with it.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != guardian) _exit(127);
  reset_signals();
  limit_files(arguments.files);
  write_record(arguments.record, "program");
  if (arguments.cwd[0] != '\0' && chdir(arguments.cwd) != 0) give_up(exec_pipe, "chdir");
  syscall(SYS_close_range, 3U, ~0U, kCloseRangeCloexec);
  if (arguments.confined) {
    // Should one of them be what the other is to be.
    exec_pipe = fcntl(exec_pipe, F_DUPFD_CLOEXEC, kConfineEnvironment + 1);
    const int environment = fcntl(arguments.environment, F_DUPFD_CLOEXEC, kConfineEnvironment + 1);
    if (exec_pipe < 0 || environment < 0 || dup2(exec_pipe, kConfineSocket) < 0 || dup2(environment, kConfineEnvironment) < 0)
      _exit(126);
  }
  execv(arguments.path, arguments.argv);
  give_up(exec_pipe, "exec");
}

}  // namespace

void write_record(int record, const char* key) {
  if (record < 0) return;
  const auto self = read_process(getpid());
  if (!self) return;
  const std::string line = std::string(key) + " " + std::to_string(self->id.pid) + " " + std::to_string(self->id.start) + "\n";
  // A full disk keeps no program from running: the mark finds it, too.
  if (write(record, line.data(), line.size()) < 0) return;
}

std::optional<GuardianArguments> parse_arguments(int argc, char** argv) {
  if (argc < 10) return std::nullopt;
  GuardianArguments arguments;
  arguments.control = static_cast<int>(strtol(argv[1], nullptr, 10));
  arguments.status = static_cast<int>(strtol(argv[2], nullptr, 10));
  arguments.files = strtol(argv[3], nullptr, 10);
  arguments.record = static_cast<int>(strtol(argv[4], nullptr, 10));
  arguments.environment = static_cast<int>(strtol(argv[5], nullptr, 10));
  arguments.confined = strcmp(argv[6], "confined") == 0;
  arguments.cwd = argv[7];
  arguments.path = argv[8];
  arguments.argv = argv + 9;
  for (const int fd : {arguments.control, arguments.status}) {
    if (fd < 3 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) return std::nullopt;
  }
  for (const int fd : {arguments.record, arguments.environment}) {
    if (fd >= 0 && (fd < 3 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)) return std::nullopt;
  }
  if (arguments.confined && arguments.environment < 0) return std::nullopt;
  return arguments;
}

Execution read_execution(const Program& program, bool confined) {
  Execution execution;
  if (!confined) {
    if (read(program.exec_pipe, &execution.report, sizeof execution.report) != sizeof execution.report) execution.report = {};
    return execution;
  }
  iovec text{&execution.report, sizeof execution.report};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(ucred))] = {};
  msghdr message{};
  message.msg_iov = &text;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  if (recvmsg(program.exec_pipe, &message, MSG_CMSG_CLOEXEC) != sizeof execution.report) execution.report = {};
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET) continue;
    if (header->cmsg_type == SCM_RIGHTS) memcpy(&execution.watch, CMSG_DATA(header), sizeof execution.watch);
    if (header->cmsg_type != SCM_CREDENTIALS) continue;
    ucred sender{};
    memcpy(&sender, CMSG_DATA(header), sizeof sender);
    execution.sender = sender.pid;
  }
  return execution;
}

Program start_program(const GuardianArguments& arguments) {
  int ends[2];
  if (!open_exec_pipe(arguments.confined, ends)) return {};
  const pid_t guardian = getpid();
  const pid_t pid = fork();
  if (pid == 0) become_program(arguments, ends[1], guardian);
  const int error = errno;
  close(ends[1]);
  if (pid > 0) return {pid, ends[0]};
  close(ends[0]);
  errno = error;
  return {};
}

}  // namespace mcp
