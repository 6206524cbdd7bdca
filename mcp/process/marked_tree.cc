#include "mcp/process/marked_tree.h"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "mcp/process/unique_fd.h"

namespace mcp {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kGiveUp{10'000};
constexpr milliseconds kLookAgain{50};
constexpr std::size_t kWatched = 64;  // ends waited for at once: each takes a descriptor
constexpr int kStopPasses = 16;       // over a tree that keeps forking; what escapes them is caught by the next look
constexpr std::size_t kEnvironment = std::size_t{8} << 20;  // more than the kernel lets a program start with

/// Looked at, and of no tree: it cannot become one's either, so that the next look spares them.
using Strangers = std::set<ProcessId>;

/// The mark in a process's environment, "" for none. Nothing where we may not look, or there is no environment just then: while
/// a program is being executed.
std::optional<std::string> mark_of(pid_t pid) {
  const std::string variables = read_proc_file("/proc/" + std::to_string(pid) + "/environ", kEnvironment);
  if (variables.empty()) return std::nullopt;
  const std::string wanted = std::string(kMarkVariable) + "=";
  for (std::size_t at = 0; at < variables.size();) {
    const std::size_t end = std::min(variables.find('\0', at), variables.size());
    const auto entry = std::string_view(variables).substr(at, end - at);
    if (entry.starts_with(wanted)) return std::string(entry.substr(wanted.size()));
    at = end + 1;
  }
  return "";
}

/// One look at all processes.
class Look {
 public:
  explicit Look(std::uint64_t since) {
    for (const pid_t pid : all_processes()) {
      if (pid == getpid() || pid == 1) continue;
      if (const auto process = read_process(pid); process && process->id.start >= since) processes_.emplace(pid, *process);
    }
    for (const auto& [pid, process] : processes_) {
      children_[process.parent].push_back(pid);
      sessions_[process.session].push_back(pid);
    }
  }

  void add_known(const MarkedTree& tree) {
    for (const ProcessId& id : tree.known) {
      const auto at = processes_.find(id.pid);
      if (at != processes_.end() && at->second.id == id) add(id);
    }
  }

  void add_marked(const std::vector<MarkedTree>& trees, Strangers& strangers) {
    std::unordered_set<std::string_view> marks;
    for (const MarkedTree& tree : trees) {
      if (!tree.mark.empty()) marks.insert(tree.mark);
    }
    for (const auto& [pid, process] : processes_) {
      if (found_.contains(pid) || process.dead || strangers.contains(process.id)) continue;
      const auto mark = mark_of(pid);
      if (!mark) continue;
      if (!marks.contains(*mark)) {
        strangers.insert(process.id);
      } else if (still_is(process.id)) {  // the number may have gone to another process since we read what it was
        add(process.id);
      }
    }
  }

  /// All found, and what belongs to them.
  std::vector<ProcessId> alive() {
    for (std::size_t next = 0; next < order_.size();) {
      const ProcessId id = order_[next++];
      add_younger(children_[id.pid], id);
      add_younger(sessions_[id.pid], id);
    }
    std::vector<ProcessId> result;
    for (const ProcessId& id : order_) {
      if (!processes_.at(id.pid).dead) result.push_back(id);
    }
    return result;
  }

  static bool still_is(const ProcessId& id) {
    const auto now = read_process(id.pid);
    return now && now->id == id && !now->dead;
  }

 private:
  void add(const ProcessId& id) {
    if (found_.insert(id.pid).second) order_.push_back(id);
  }

  /// Who is older than its parent had another one, whose number that got while we looked.
  void add_younger(const std::vector<pid_t>& pids, const ProcessId& than) {
    for (const pid_t pid : pids) {
      const ProcessId& id = processes_.at(pid).id;
      if (id.start >= than.start) add(id);
    }
  }

  std::unordered_map<pid_t, ProcessStat> processes_;
  std::unordered_map<pid_t, std::vector<pid_t>> children_, sessions_;
  std::unordered_set<pid_t> found_;
  std::vector<ProcessId> order_;
};

UniqueFd open_process(const ProcessId& id) {
  UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, id.pid, 0)));
  // Only now the descriptor is known to be of the process that was meant.
  return process.get() >= 0 && Look::still_is(id) ? std::move(process) : UniqueFd();
}

void send(const ProcessId& id, std::initializer_list<int> signals) {
  const UniqueFd process = open_process(id);
  if (process.get() < 0) return;
  for (const int number : signals)
    syscall(SYS_pidfd_send_signal, process.get(), number, nullptr, 0);
}

/// Until one of them has ended, but not for long: others may have started.
void wait_for_an_end(const std::vector<ProcessId>& processes) {
  std::vector<UniqueFd> open;
  std::vector<pollfd> polled;
  for (const ProcessId& id : processes) {
    if (open.size() == kWatched) break;
    UniqueFd process = open_process(id);
    if (process.get() < 0) continue;
    polled.push_back({process.get(), POLLIN, 0});
    open.push_back(std::move(process));
  }
  if (polled.empty() && !processes.empty()) return std::this_thread::sleep_for(milliseconds(1));  // they are just ending
  poll(polled.data(), polled.size(), static_cast<int>(kLookAgain.count()));
}

std::vector<ProcessId> find(const std::vector<MarkedTree>& trees, Strangers& strangers) {
  if (trees.empty()) return {};
  const auto first = std::ranges::min_element(trees, {}, &MarkedTree::since);
  Look look(first->since);
  for (const MarkedTree& tree : trees)
    look.add_known(tree);
  look.add_marked(trees, strangers);
  return look.alive();
}

class Ending {
 public:
  explicit Ending(std::vector<MarkedTree> trees) : trees_(std::move(trees)) {}

  TreesEnd run(milliseconds grace) {
    const auto kill_from = Clock::now() + grace;
    const auto give_up = kill_from + kGiveUp;
    for (std::vector<ProcessId> alive; !(alive = look()).empty();) {
      const auto now = Clock::now();
      if (now >= give_up) return {seen_.size(), alive.size()};
      if (now >= kill_from) {
        kill(alive);
        alive = look();
      }
      if (!alive.empty()) wait_for_an_end(alive);
    }
    return {seen_.size(), 0};
  }

 private:
  /// What is there now; what is new is asked to end.
  std::vector<ProcessId> look() {
    std::vector<ProcessId> alive = find(trees_, strangers_);
    for (const ProcessId& id : alive) {
      if (!seen_.insert(id).second) continue;
      // What it is known by may vanish with another one's end.
      trees_.front().known.push_back(id);
      send(id, {SIGTERM, SIGCONT});
    }
    return alive;
  }

  /// Stopped first, until no new one appears, so that none can fork away.
  void kill(std::vector<ProcessId> alive) {
    std::set<ProcessId> stopped;
    for (int pass = 0; pass < kStopPasses; ++pass) {
      const std::size_t before = stopped.size();
      for (const ProcessId& id : alive) {
        if (stopped.insert(id).second) send(id, {SIGSTOP});
      }
      if (stopped.size() == before) break;
      alive = find(trees_, strangers_);
    }
    for (const ProcessId& id : stopped) {
      seen_.insert(id);
      send(id, {SIGKILL});
    }
  }

  std::vector<MarkedTree> trees_;
  std::set<ProcessId> seen_;
  Strangers strangers_;
};

}  // namespace

std::vector<ProcessId> find_trees(const std::vector<MarkedTree>& trees) {
  Strangers strangers;
  return find(trees, strangers);
}

TreesEnd end_trees(const std::vector<MarkedTree>& trees, milliseconds grace) {
  return trees.empty() ? TreesEnd() : Ending(trees).run(grace);
}

}  // namespace mcp
