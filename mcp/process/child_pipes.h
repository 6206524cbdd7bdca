#pragma once

#include "mcp/base/result.h"
#include "mcp/process/unique_fd.h"

namespace mcp {

/// The two ends of a pipe, both closed on exec.
struct PipeEnds {
  UniqueFd read, write;
};

/// All pipes between us and a guardian. Our ends are non-blocking; stdin and stdout are enlarged to 1 MiB where the system's limit
/// per user allows (a megabyte through a pipe of the usual 64 KiB takes twelve times as long).
struct ChildPipes {
  PipeEnds in, out, err, control, status;
};

/// Error: spawn_failed.
Result<ChildPipes> make_child_pipes();

}  // namespace mcp
