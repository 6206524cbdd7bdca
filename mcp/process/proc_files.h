#pragma once

#include <sys/types.h>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mcp {

// What /proc tells of processes. Also part of the guardian, which is built without exceptions.

/// A process beyond doubt, for as long as the machine runs: pids are used again, but never within a tick of the clock.
struct ProcessId {
  pid_t pid = -1;
  std::uint64_t start = 0;  // ticks since the machine started

  auto operator<=>(const ProcessId&) const = default;
};

struct ProcessStat {
  ProcessId id;
  pid_t parent = 0;
  pid_t session = 0;
  std::uint64_t resident = 0;  // bytes
  bool dead = false;           // it has ended, and nobody has collected it
};

/// The file's content, `at_most` bytes of it; "" where it cannot be read.
std::string read_proc_file(const std::string& path, std::size_t at_most = 65'536);

/// Nothing where there is no such process (any more).
std::optional<ProcessStat> read_process(pid_t pid);

/// Every process there is to see, at most 100,000.
std::vector<pid_t> all_processes();

/// Every descendant of a process, parents before children, as far as one look at /proc tells: processes that fork while we look may
/// be missing, so whoever must reach all looks again until nothing is left to wait for. At most 100,000.
std::vector<pid_t> descendants_of(pid_t root);

/// Now, in the unit of ProcessId::start.
std::uint64_t ticks_since_boot();

}  // namespace mcp
