#include "tests/support/processes.h"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace mcp {

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator entries("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

std::vector<pid_t> child_processes() {
  std::vector<pid_t> pids;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream file(task.path() / "children");
    pids.insert(pids.end(), std::istream_iterator<pid_t>(file), std::istream_iterator<pid_t>());
  }
  return pids;
}

bool wait_until_dead(pid_t pid) {
  const auto handle = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (handle < 0) return true;
  pollfd polled{handle, POLLIN, 0};
  const bool dead = poll(&polled, 1, 10'000) == 1;
  close(handle);
  return dead;
}

}  // namespace mcp
