#include "mcp/process/process_usage.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "mcp/process/proc_files.h"

namespace mcp {

namespace {

constexpr std::size_t kLookedInto = 64;  // the kernel walks through all of a process's pages for each

/// The sum over all mappings, in bytes; nothing where we may not look, or the kernel is too old.
std::optional<std::uint64_t> proportional_size(pid_t pid) {
  constexpr std::string_view kLine = "\nPss:";
  const std::string text = read_proc_file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  const std::size_t at = text.find(kLine);
  if (at == std::string::npos) return std::nullopt;
  return strtoull(text.c_str() + at + kLine.size(), nullptr, 10) * 1024;
}

}  // namespace

std::optional<ProcessUsage> process_usage(pid_t pid) {
  const auto root = read_process(pid);
  if (!root || root->dead) return std::nullopt;
  ProcessUsage usage;
  const std::uint64_t now = ticks_since_boot();
  const auto ticks = static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK));
  usage.running = std::chrono::seconds((now - std::min(root->id.start, now)) / ticks);
  std::vector<pid_t> tree = descendants_of(pid);
  tree.insert(tree.begin(), pid);
  for (const pid_t member : tree) {
    const auto process = read_process(member);
    if (!process || process->dead) continue;
    const auto shared = usage.processes < kLookedInto ? proportional_size(member) : std::nullopt;
    usage.memory += shared.value_or(process->resident);
    ++usage.processes;
  }
  return usage;
}

}  // namespace mcp
