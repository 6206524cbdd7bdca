#include "mcp/process/guardian/watch.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <linux/openat2.h>
#include <optional>

namespace mcp {

namespace {

constexpr std::size_t kMaxPath = 4096;
constexpr std::size_t kMaxShown = 512;
constexpr std::size_t kMaxReports = 64;
constexpr int kRoomForReports = 16'384;
constexpr int kNone = -1;

/// Where a watched call has its path, and what makes it a change.
struct PathCall {
  int number;
  int folder;  // index of the argument with the folder's descriptor; kNone: the working directory
  int path;    // index of the argument
  enum class Does { opens, makes, changes } does;
};

constexpr auto kCalls = std::to_array<PathCall>({
    {__NR_openat, 0, 1, PathCall::Does::opens},
    {__NR_openat2, 0, 1, PathCall::Does::opens},
    {__NR_mkdirat, 0, 1, PathCall::Does::makes},
    {__NR_unlinkat, 0, 1, PathCall::Does::changes},
    {__NR_renameat2, 2, 3, PathCall::Does::makes},
    {__NR_truncate, kNone, 0, PathCall::Does::changes},
#if defined(__NR_renameat)
    {__NR_renameat, 2, 3, PathCall::Does::makes},
#endif
#if defined(__NR_open)
    {__NR_open, kNone, 0, PathCall::Does::opens},
    {__NR_creat, kNone, 0, PathCall::Does::opens},
    {__NR_mkdir, kNone, 0, PathCall::Does::makes},
    {__NR_rmdir, kNone, 0, PathCall::Does::changes},
    {__NR_unlink, kNone, 0, PathCall::Does::changes},
    {__NR_rename, kNone, 1, PathCall::Does::makes},
#endif
});

std::string proc_path(unsigned pid, const char* name) {
  return "/proc/" + std::to_string(pid) + "/" + name;
}

/// What lies in the caller's memory, as far as it is mapped.
std::string read_memory(unsigned pid, std::uint64_t address, std::size_t size) {
  const int memory = open(proc_path(pid, "mem").c_str(), O_RDONLY | O_CLOEXEC);
  if (memory < 0) return "";
  std::string text(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    // A page at a time: the next may not be there.
    const std::size_t page = kMaxPath - (address + have) % kMaxPath;
    const ssize_t n = pread(memory, text.data() + have, std::min(page, size - have), static_cast<off_t>(address + have));
    if (n <= 0 || memchr(text.data() + have, 0, static_cast<std::size_t>(n)) != nullptr) {
      have += n > 0 ? static_cast<std::size_t>(n) : 0;
      break;
    }
    have += static_cast<std::size_t>(n);
  }
  close(memory);
  text.resize(have);
  return text;
}

std::string read_path(unsigned pid, std::uint64_t address) {
  std::string text = read_memory(pid, address, kMaxPath);
  const std::size_t end = text.find('\0');
  return end == std::string::npos ? "" : text.substr(0, end);
}

std::string read_link(const std::string& path) {
  std::string target(kMaxPath, '\0');
  const ssize_t size = readlink(path.c_str(), target.data(), target.size());
  target.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return target;
}

/// Without "." and "..": the caller's own links are not followed, which is good enough to be told.
std::string plain(const std::string& path) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string part = path.substr(begin, end - begin);
    begin = end + 1;
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (!parts.empty()) {
      parts.pop_back();
    }
  }
  std::string whole;
  for (const std::string& part : parts)
    whole += "/" + part;
  return whole.empty() ? "/" : whole;
}

std::string absolute_path_of(const seccomp_notif& call, const PathCall& form) {
  const std::string path = read_path(call.pid, call.data.args[form.path]);
  if (path.empty() || path.front() == '/') return path.empty() ? path : plain(path);
  const int folder = form.folder == kNone ? AT_FDCWD : static_cast<int>(call.data.args[form.folder]);
  const std::string base = folder == AT_FDCWD ? "cwd" : "fd/" + std::to_string(folder);
  return plain(read_link(proc_path(call.pid, base.c_str())) + "/" + path);
}

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// The thing at `path`, or the nearest folder above that is there, as the caller sees it. errno where there is neither.
int open_nearest(int root, std::string path, bool& exists) {
  for (exists = true;; exists = false, path = parent_of(path)) {
    open_how how{};
    how.flags = O_PATH | O_CLOEXEC;
    how.resolve = RESOLVE_IN_ROOT;
    const auto found = static_cast<int>(syscall(SYS_openat2, root, path.c_str(), &how, sizeof how));
    if (found >= 0 || errno != ENOENT || path == "/") return found;
  }
}

/// Whether a change there fails because the sandbox shows it read-only. Nothing where it cannot be told.
std::optional<bool> is_read_only(unsigned pid, const std::string& path, bool& exists) {
  const int root = open(proc_path(pid, "root").c_str(), O_PATH | O_CLOEXEC);
  if (root < 0) return std::nullopt;
  const int found = open_nearest(root, path, exists);
  const int error = errno;
  close(root);
  // A folder that is hidden lets nobody through.
  if (found < 0) return error == EACCES ? std::optional(true) : std::nullopt;
  struct statvfs info{};
  const bool told = fstatvfs(found, &info) == 0;
  close(found);
  if (!told) return std::nullopt;
  return (info.f_flag & ST_RDONLY) != 0;
}

/// Whether we, outside the sandbox, could.
bool writable_outside(std::string path) {
  while (faccessat(AT_FDCWD, path.c_str(), F_OK, AT_EACCESS) != 0 && path != "/")
    path = parent_of(path);
  return faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) == 0;
}

/// Of what is there already some calls make nothing, and change nothing.
bool is_change(const seccomp_notif& call, const PathCall& form, bool exists) {
  constexpr std::uint64_t kChanges = O_WRONLY | O_RDWR | O_TRUNC;
  switch (form.does) {
    case PathCall::Does::makes:
      return !exists || call.data.nr == __NR_renameat2;
    case PathCall::Does::changes:
      return exists;
    case PathCall::Does::opens:
      break;
  }
  std::uint64_t flags = O_WRONLY | O_CREAT;  // creat
  if (call.data.nr == __NR_openat) flags = call.data.args[2];
#if defined(__NR_open)
  if (call.data.nr == __NR_open) flags = call.data.args[1];
#endif
  if (call.data.nr == __NR_openat2) {
    const std::string how = read_memory(call.pid, call.data.args[2], sizeof flags);
    flags = 0;
    memcpy(&flags, how.data(), std::min(how.size(), sizeof flags));
  }
  return exists ? (flags & kChanges) != 0 : (flags & O_CREAT) != 0;
}

std::optional<std::string> denied_write(const seccomp_notif& call) {
  const auto* form = std::ranges::find(kCalls, call.data.nr, &PathCall::number);
  if (form == kCalls.end()) return std::nullopt;
  const std::string path = absolute_path_of(call, *form);
  if (path.empty() || path.front() != '/') return std::nullopt;
  bool exists = false;
  const auto read_only = is_read_only(call.pid, path, exists);
  if (!read_only.value_or(false) || !is_change(call, *form, exists) || !writable_outside(path)) return std::nullopt;
  return "write " + path;
}

/// Loopback is there in every sandbox, though nobody listens.
std::optional<std::string> denied_connect(const seccomp_notif& call) {
  if (call.data.nr != __NR_connect) return std::nullopt;
  const int memory = open(proc_path(call.pid, "mem").c_str(), O_RDONLY | O_CLOEXEC);
  if (memory < 0) return std::nullopt;
  sockaddr_in6 address{};
  const std::size_t size = std::min<std::size_t>(call.data.args[2], sizeof address);
  const bool read = pread(memory, &address, size, static_cast<off_t>(call.data.args[1])) == static_cast<ssize_t>(size);
  close(memory);
  if (!read) return std::nullopt;
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.sin6_family == AF_INET) {
    sockaddr_in four{};
    memcpy(&four, &address, sizeof four);
    constexpr std::uint32_t kLoopbackNetwork = 127;
    if (ntohl(four.sin_addr.s_addr) >> 24 == kLoopbackNetwork || four.sin_addr.s_addr == 0) return std::nullopt;
    inet_ntop(AF_INET, &four.sin_addr, text.data(), text.size());
    return "connect " + std::string(text.data()) + ":" + std::to_string(ntohs(four.sin_port));
  }
  if (address.sin6_family != AF_INET6 || IN6_IS_ADDR_LOOPBACK(&address.sin6_addr)) return std::nullopt;
  inet_ntop(AF_INET6, &address.sin6_addr, text.data(), text.size());
  return "connect [" + std::string(text.data()) + "]:" + std::to_string(ntohs(address.sin6_port));
}

}  // namespace

void Watch::open(int descriptor) {
  descriptor_ = descriptor;
  // A pipe of one page counts as full while anything in it is unread, and what does not fit is lost: the line with the pid is
  // there.
  if (descriptor_ >= 0) fcntl(reports_, F_SETPIPE_SZ, kRoomForReports);
}

void Watch::answer(short events) {
  if ((events & POLLIN) == 0) {
    close(descriptor_);
    descriptor_ = -1;
    return;
  }
  seccomp_notif call{};
  if (ioctl(descriptor_, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0) return;  // whoever called is gone
  look(call);
  seccomp_notif_resp go_on{};
  go_on.id = call.id;
  go_on.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  if (ioctl(descriptor_, SECCOMP_IOCTL_NOTIF_SEND, &go_on) != 0) return;
}

void Watch::look(const seccomp_notif& call) {
  if (reported_.size() >= kMaxReports) return;
  auto denied = denied_write(call);
  if (!denied) denied = denied_connect(call);
  // Another process may have the number by now, and its memory was read.
  std::uint64_t id = call.id;
  if (denied && ioctl(descriptor_, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0) report(*denied);
}

void Watch::report(const std::string& what) {
  if (std::ranges::find(reported_, what) != reported_.end()) return;
  std::string line = "denied " + what.substr(0, kMaxShown);
  for (char& letter : line) {
    if (static_cast<unsigned char>(letter) < ' ') letter = '?';
  }
  line += '\n';
  pollfd room{reports_, POLLOUT, 0};
  if (poll(&room, 1, 0) != 1 || (room.revents & POLLOUT) == 0) return;
  if (write(reports_, line.data(), line.size()) == static_cast<ssize_t>(line.size())) reported_.push_back(what);
}

}  // namespace mcp
