#pragma once

namespace mcp {

/// What a program's way to its execution leaves in the guardian's pipe or socket, where it failed. Of a confined program also where
/// it comes through: `stage` "run", from switchyard-confine, with the descriptor of its watch (SCM_RIGHTS) where there is one.
struct ExecReport {
  int error = 0;
  char stage[16] = {};  // "chdir", "exec"; of a confined one also "environment", "limits", "landlock", "seccomp",
                        // "run"
};

/// The descriptors on which switchyard-confine finds the guardian's socket, and the file that holds the program's environment, each
/// variable with a NUL behind it: bubblewrap passes on what it inherits.
inline constexpr int kConfineSocket = 3, kConfineEnvironment = 4;

}  // namespace mcp
