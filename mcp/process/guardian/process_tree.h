#pragma once

#include <sys/types.h>

#include <vector>

namespace mcp {

/// Every descendant of the calling process (descendants_of).
std::vector<pid_t> descendants();

/// Asks every descendant but `spared` to end (SIGTERM, and SIGCONT so that a stopped one can act on it), each of them once.
void terminate_descendants(pid_t spared);

/// Stops every descendant until no new one appears, so that none can fork away, then SIGKILL to all.
void kill_descendants();

}  // namespace mcp
