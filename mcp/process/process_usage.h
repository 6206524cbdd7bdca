#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace mcp {

/// What a process and all it started take of the machine.
struct ProcessUsage {
  std::size_t processes = 0;
  /// Bytes in memory. What several processes share counts once, divided among them, where the kernel tells (PSS); of processes
  /// beyond the first 64, and of those that we may not look into, it counts in full (RSS).
  std::uint64_t memory = 0;
  std::chrono::seconds running{0};  // of the process itself
};

/// The tree under `pid`, the process itself included; nothing where it is gone. Some tenths of a millisecond for each process, in
/// the kernel, so not for the loop. Any thread.
std::optional<ProcessUsage> process_usage(pid_t pid);

}  // namespace mcp
