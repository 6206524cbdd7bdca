#pragma once

#include <string>
#include <vector>

#include "mcp/base/result.h"

namespace gateway {

/// What the system would make of a file that is to be executed.
struct ProgramFile {
  std::vector<std::string> interpreter;  // of a script: the words of its first line behind "#!"; {}: it is no script

  /// The program that `env` looks up in the PATH, for a script that begins so; "" for others.
  std::string looked_up() const;
};

/// Looks at the beginning of a file. Error spawn_failed: the system would not execute it (another machine's program, a text without
/// "#!", line ends of Windows).
mcp::Result<ProgramFile> look_at_program_file(const std::string& path);

}  // namespace gateway
