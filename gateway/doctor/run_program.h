#pragma once

#include <chrono>
#include <string>

#include "mcp/base/result.h"
#include "mcp/base/task.h"
#include "mcp/process/child_process.h"

namespace gateway {

/// What became of a program that was run to its end.
struct ProgramOutput {
  mcp::ChildExit exit;
  std::string text;  // the beginning of what it wrote on standard output
};

/// Runs a program that is expected to end soon, with nothing on its standard input; when `patience` is over it is killed. Errors:
/// those of the launcher; timeout. Loop thread only.
mcp::Task<mcp::Result<ProgramOutput>> run_program(mcp::ProcessLauncher& launcher,
                                                  mcp::ChildSpec spec,
                                                  std::chrono::milliseconds patience);

}  // namespace gateway
