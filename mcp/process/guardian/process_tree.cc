#include "mcp/process/guardian/process_tree.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "mcp/process/proc_files.h"

namespace mcp {

namespace {

/// Passes over a tree that keeps forking; what escapes them is caught by the caller's next look.
constexpr int kPasses = 16;

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

std::vector<pid_t> descendants() {
  return descendants_of(getpid());
}

void terminate_descendants(pid_t spared) {
  signal_each([spared](pid_t pid) {
    if (pid == spared) return;
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
