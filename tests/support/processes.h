#pragma once

#include <sys/types.h>

#include <vector>

namespace mcp {

/// Open descriptors of this process.
std::size_t open_descriptors();

/// Children of this process, zombies included.
std::vector<pid_t> child_processes();

/// Waits until a process has ended (reaped or not); false when it still runs after ten seconds.
bool wait_until_dead(pid_t pid);

}  // namespace mcp
