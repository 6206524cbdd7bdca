#include "mcp/process/proc_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <utility>

namespace mcp {

namespace {

/// Processes looked at in one walk: above what any limit on processes allows a sane machine.
constexpr std::size_t kMaxProcesses = 100'000;

/// Calls `visit` with every all-digit name in a folder.
template <class Visit>
void for_each_number(const std::string& folder, Visit visit) {
  DIR* directory = opendir(folder.c_str());
  if (directory == nullptr) return;
  while (const dirent* entry = readdir(directory)) {  // NOLINT(concurrency-mt-unsafe): no other thread has this directory
    if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9') visit(entry->d_name);
  }
  closedir(directory);
}

std::uint64_t number(const char* digits) {
  return strtoull(digits, nullptr, 10);
}

std::string folder_of(pid_t pid) {
  return "/proc/" + std::to_string(pid);
}

/// Children of all threads of `pid`, from the kernel's own list.
void append_children(pid_t pid, std::vector<pid_t>& out) {
  const std::string tasks = folder_of(pid) + "/task/";
  for_each_number(tasks, [&](const char* thread) {
    const std::string text = read_proc_file(tasks + thread + "/children", std::size_t{1} << 20);
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
  for (const pid_t pid : all_processes()) {
    if (const auto process = read_process(pid)) parents.emplace_back(pid, process->parent);
  }
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

std::string read_proc_file(const std::string& path, std::size_t at_most) {
  std::string text;
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return text;
  std::array<char, 4096> buffer{};
  while (text.size() < at_most) {
    const ssize_t n = read(fd, buffer.data(), std::min(buffer.size(), at_most - text.size()));
    if (n <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
  close(fd);
  return text;
}

std::optional<ProcessStat> read_process(pid_t pid) {
  const std::string text = read_proc_file(folder_of(pid) + "/stat");
  const std::size_t after_name = text.rfind(')');  // the name may itself hold brackets and spaces
  if (after_name == std::string::npos || after_name + 2 > text.size()) return std::nullopt;
  // proc(5) counts from 1; the state is the third.
  constexpr std::size_t kState = 3, kParent = 4, kSession = 6, kStart = 22, kResident = 24;
  std::array<const char*, kResident + 1> fields{};
  const char* at = text.c_str() + after_name + 1;
  for (std::size_t field = kState; field <= kResident; ++field) {
    while (*at == ' ')
      ++at;
    if (*at == '\0') return std::nullopt;
    fields[field] = at;
    while (*at != ' ' && *at != '\0')
      ++at;
  }
  static const auto kPage = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  ProcessStat process;
  process.id = {pid, number(fields[kStart])};
  process.parent = static_cast<pid_t>(number(fields[kParent]));
  process.session = static_cast<pid_t>(number(fields[kSession]));
  process.resident = number(fields[kResident]) * kPage;
  process.dead = *fields[kState] == 'Z' || *fields[kState] == 'X';
  return process;
}

std::vector<pid_t> all_processes() {
  std::vector<pid_t> pids;
  for_each_number("/proc/", [&](const char* pid) {
    if (pids.size() < kMaxProcesses) pids.push_back(static_cast<pid_t>(number(pid)));
  });
  return pids;
}

std::vector<pid_t> descendants_of(pid_t root) {
  const bool listed = kernel_lists_children();
  const auto parents = listed ? std::vector<std::pair<pid_t, pid_t>>() : all_parents();
  std::vector<pid_t> found;
  const auto append = [&](pid_t pid) {
    if (listed) return append_children(pid, found);
    for (const auto& [child, parent] : parents) {
      if (parent == pid) found.push_back(child);
    }
  };
  append(root);
  for (std::size_t i = 0; i < found.size() && found.size() < kMaxProcesses; ++i)
    append(found[i]);
  return found;
}

std::uint64_t ticks_since_boot() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  const auto ticks = static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK));
  return static_cast<std::uint64_t>(now.tv_sec) * ticks + static_cast<std::uint64_t>(now.tv_nsec) * ticks / 1'000'000'000U;
}

}  // namespace mcp
