#pragma once

#include <vector>

namespace mcp {

/// By Landlock, where the kernel has it: the calling thread and all it becomes write, make and remove files beneath `paths` alone
/// (those that are not there are passed over), and reach no abstract socket and signal nobody outside. 0, or an errno.
int restrict_writes(const std::vector<const char*>& paths);

}  // namespace mcp
