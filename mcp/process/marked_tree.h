#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "mcp/process/proc_files.h"

namespace mcp {

/// The variable in the environment of a child and of all it starts that holds the mark of its tree.
inline constexpr std::string_view kMarkVariable = "SWITCHYARD_CHILD";

/// What is known of a tree whose guardian is gone. Of it are, beyond doubt: the `known` processes; those that have the mark in
/// their environment, which nobody can guess; all that these started, as far as who started whom is to be seen still; and all in a
/// session that one of them leads. Never a process because of its name.
struct MarkedTree {
  std::string mark;
  std::vector<ProcessId> known;
  std::uint64_t since = 0;  // nothing of it started before
};

struct TreesEnd {
  std::size_t found = 0;  // processes that had to be ended
  std::size_t left = 0;   // of them, those that SIGKILL did not end within ten seconds (another user's, or stuck in the kernel)
};

/// Ends every process of the trees: SIGTERM, after `grace` SIGKILL (at once where it is 0); looks again until a look finds none.
/// Never this very process. Blocks, at most `grace` and ten seconds; a look at ten thousand processes takes some tenths of a
/// second.
TreesEnd end_trees(const std::vector<MarkedTree>& trees, std::chrono::milliseconds grace);

/// The live processes of the trees, without this very one.
std::vector<ProcessId> find_trees(const std::vector<MarkedTree>& trees);

}  // namespace mcp
