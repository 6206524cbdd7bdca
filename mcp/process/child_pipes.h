#pragma once

#include "mcp/base/result.h"
#include "mcp/process/unique_fd.h"

namespace mcp {

/// The two ends of a pipe, both closed on exec.
struct PipeEnds {
  UniqueFd read, write;
};

/// All pipes between us and a guardian. Our ends are non-blocking. Those for orders and reports are small; stdin, stdout and stderr
/// are of the usual size.
struct ChildPipes {
  PipeEnds in, out, err, control, status;
};

/// Errors: overloaded, spawn_failed.
Result<ChildPipes> make_child_pipes();

}  // namespace mcp
