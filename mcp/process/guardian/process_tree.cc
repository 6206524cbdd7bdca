#include "mcp/process/guardian/process_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

namespace mcp {

namespace {

/// Passes over a tree that keeps forking; what escapes them is caught by the caller's next look.
constexpr int kPasses = 16;
/// Processes looked at in one walk: above what any limit on processes allows a sane machine.
constexpr std::size_t kMaxProcesses = 100'000;

std::string read_file(const std::string& path) {
  std::string text;
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return text;
  char buffer[4096];
  for (ssize_t n = 0; (n = read(fd, buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(n));
  close(fd);
  return text;
}

/// Calls `visit` with every all-digit name in a folder.
template <class Visit>
void for_each_number(const std::string& folder, Visit visit) {
  DIR* directory = opendir(folder.c_str());
  if (directory == nullptr) return;
  while (const dirent* entry = readdir(directory)) {  // NOLINT(concurrency-mt-unsafe): there is one thread
    if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9') visit(entry->d_name);
  }
  closedir(directory);
}

pid_t number(const char* digits) {
  return static_cast<pid_t>(strtol(digits, nullptr, 10));
}

/// Children of all threads of `pid`, from the kernel's own list.
void append_children(pid_t pid, std::vector<pid_t>& out) {
  const std::string tasks = "/proc/" + std::to_string(pid) + "/task/";
  for_each_number(tasks, [&](const char* thread) {
    const std::string text = read_file(tasks + thread + "/children");
    for (const char* at = text.c_str(); *at != '\0';) {
      char* end = nullptr;
      const long child = strtol(at, &end, 10);
      if (end == at) break;
      out.push_back(static_cast<pid_t>(child));
      at = *end == ' ' ? end + 1 : end;
    }
  });
}

/// The same knowledge for kernels without /proc/PID/task/TID/children: every process's parent.
std::vector<std::pair<pid_t, pid_t>> all_parents() {
  std::vector<std::pair<pid_t, pid_t>> parents;
  for_each_number("/proc/", [&](const char* pid) {
    const std::string stat = read_file(std::string("/proc/") + pid + "/stat");
    const std::size_t after_name = stat.rfind(')');  // the name may itself hold brackets and spaces
    if (after_name == std::string::npos || after_name + 4 > stat.size()) return;
    parents.emplace_back(number(pid), number(stat.c_str() + after_name + 4));
  });
  return parents;
}

bool kernel_lists_children() {
  static const bool kLists = [] {
    const std::string self = std::to_string(getpid());
    return access(("/proc/" + self + "/task/" + self + "/children").c_str(), R_OK) == 0;
  }();
  return kLists;
}

}  // namespace

std::vector<pid_t> descendants() {
  const bool listed = kernel_lists_children();
  const auto parents = listed ? std::vector<std::pair<pid_t, pid_t>>() : all_parents();
  std::vector<pid_t> found;
  const auto append = [&](pid_t pid) {
    if (listed) return append_children(pid, found);
    for (const auto& [child, parent] : parents) {
      if (parent == pid) found.push_back(child);
    }
  };
  append(getpid());
  for (std::size_t i = 0; i < found.size() && found.size() < kMaxProcesses; ++i)
    append(found[i]);
  return found;
}

namespace {

/// Signals every descendant once; looks again until a look shows no new one.
template <class Signal>
void signal_each(Signal signal_one) {
  std::vector<pid_t> done;
  for (int pass = 0; pass < kPasses; ++pass) {
    bool news = false;
    for (const pid_t pid : descendants()) {
      const auto place = std::lower_bound(done.begin(), done.end(), pid);
      if (place != done.end() && *place == pid) continue;
      done.insert(place, pid);
      news = true;
      signal_one(pid);
    }
    if (!news) return;
  }
}

}  // namespace

void terminate_descendants() {
  signal_each([](pid_t pid) {
    kill(pid, SIGTERM);
    kill(pid, SIGCONT);
  });
}

void kill_descendants() {
  signal_each([](pid_t pid) { kill(pid, SIGSTOP); });
  for (const pid_t pid : descendants())
    kill(pid, SIGKILL);
}

}  // namespace mcp
