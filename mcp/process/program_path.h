#pragma once

#include <string>

#include "mcp/base/result.h"
#include "mcp/process/child_process.h"

namespace mcp {

/// The file that `spec.command` means: itself when it holds a '/' (then relative to spec.cwd), else the first executable of that
/// name in the PATH of spec.env. Looks at the file system, so it may block.
/// Error: spawn_failed, for anything in `spec` that the system would refuse later with less to say about it.
Result<std::string> find_program(const ChildSpec& spec);

/// An errno on the way to a start; `what` needed the call that failed, and becomes the message with the reason. overloaded for a
/// shortage that passes (descriptors, processes, memory, a program that is just being written), spawn_failed for all else.
Error refused_by_system(std::string what, int error);

/// The same for an errno of the guardian's "fork", "chdir" or "exec" stage.
Error start_error(const ChildSpec& spec, const std::string& path, std::string_view stage, int error);

/// The same for a confined program, where it or its sandbox did not come to be. `said` is what bubblewrap wrote on standard error.
Error unconfined_error(const ChildSpec& spec, std::string_view stage, int error, const std::string& said);

}  // namespace mcp
