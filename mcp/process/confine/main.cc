// switchyard-confine --version
// switchyard-confine [--no-network] [--write PATH]... -- PATH NAME [ARG]...
//
// The last step into a sandbox, from within: bubblewrap has made the namespaces and the mounts; this adds limits, Landlock rules
// (files are written beneath the PATHs alone) and a filter of system calls, says so to the guardian on descriptor 3
// (exec_report.h), and becomes the program at PATH, with the environment that lies in descriptor 4. Where one of them cannot be had
// it says which, and the program does not run.
//
// Static and without libraries: it runs where little else is to be seen.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

#include "mcp/process/confine/syscall_filter.h"
#include "mcp/process/confine/write_rules.h"
#include "mcp/process/exec_report.h"

namespace mcp {
namespace {

constexpr rlim_t kMostFiles = 65'536;
constexpr rlim_t kMostProcesses = 4096;  // of the sandbox: it has a user namespace, in which they are counted

struct ConfineArguments {
  bool network = true;
  std::vector<const char*> writable;
  const char* path = nullptr;
  char* const* argv = nullptr;
};

bool parse(int argc, char** argv, ConfineArguments& arguments) {
  int at = 1;
  for (; at < argc; ++at) {
    const std::string_view word = argv[at];
    if (word == "--") break;
    if (word == "--no-network") {
      arguments.network = false;
    } else if (word == "--write" && at + 1 < argc) {
      arguments.writable.push_back(argv[++at]);
    } else {
      return false;
    }
  }
  if (at + 2 >= argc) return false;
  arguments.path = argv[at + 1];
  arguments.argv = argv + at + 2;
  return true;
}

void send_report(const char* stage, int error, int descriptor = -1) {
  ExecReport report;
  report.error = error;
  strncpy(report.stage, stage, sizeof report.stage - 1);
  iovec text{&report, sizeof report};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &text;
  message.msg_iovlen = 1;
  if (descriptor >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  }
  // A guardian that is gone takes everything along.
  if (sendmsg(kConfineSocket, &message, MSG_NOSIGNAL) < 0) _exit(127);
}

[[noreturn]] void give_up(const char* stage, int error) {
  send_report(stage, error);
  _exit(127);
}

/// The program's variables, for all of its life. It has not been in our own environment, nor in bubblewrap's.
std::vector<char*> read_environment() {
  struct stat info{};
  if (fstat(kConfineEnvironment, &info) != 0) give_up("environment", errno);
  const auto size = static_cast<std::size_t>(info.st_size);
  char* const text = static_cast<char*>(calloc(size + 1, 1));
  if (text == nullptr) give_up("environment", ENOMEM);
  for (std::size_t have = 0; have < size;) {
    const ssize_t n = pread(kConfineEnvironment, text + have, size - have, static_cast<off_t>(have));
    if (n <= 0) give_up("environment", n < 0 ? errno : EIO);
    have += static_cast<std::size_t>(n);
  }
  close(kConfineEnvironment);
  std::vector<char*> variables;
  for (char* at = text; at < text + size; at += strlen(at) + 1)
    variables.push_back(at);
  variables.push_back(nullptr);
  return variables;
}

void lower(decltype(RLIMIT_CORE) resource, rlim_t most) {
  rlimit limit{};
  if (getrlimit(resource, &limit) != 0) give_up("limits", errno);
  limit.rlim_max = std::min(limit.rlim_max, most);
  limit.rlim_cur = std::min(limit.rlim_cur, limit.rlim_max);
  if (setrlimit(resource, &limit) != 0) give_up("limits", errno);
}

}  // namespace
}  // namespace mcp

int main(int argc, char** argv) {
  if (argc == 2 && strcmp(argv[1], "--version") == 0) return puts("switchyard-confine " SWITCHYARD_VERSION) < 0 ? 1 : 0;
  mcp::ConfineArguments arguments;
  if (!mcp::parse(argc, argv, arguments) || fcntl(mcp::kConfineSocket, F_SETFD, FD_CLOEXEC) != 0) {
    fputs("switchyard-confine is started by switchyard, not by hand.\n", stderr);
    return 2;
  }
  const auto environment = mcp::read_environment();
  mcp::lower(RLIMIT_CORE, 0);
  mcp::lower(RLIMIT_NOFILE, mcp::kMostFiles);
  mcp::lower(RLIMIT_NPROC, mcp::kMostProcesses);
  if (const int error = mcp::restrict_writes(arguments.writable); error != 0) mcp::give_up("landlock", error);
  const int watch = mcp::install_syscall_filter({.files = true, .network = !arguments.network});
  if (watch < -1) mcp::give_up("seccomp", -watch - 1);
  mcp::send_report("run", 0, watch);
  if (watch >= 0) close(watch);
  execve(arguments.path, arguments.argv, environment.data());
  mcp::give_up("exec", errno);
}
