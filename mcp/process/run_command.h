#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "mcp/base/result.h"
#include "mcp/process/child_process.h"

namespace mcp {

/// A program that answers and ends. Nothing goes through a shell.
struct Command {
  std::string program;  // a path, or a name looked up in the PATH of `env`
  std::vector<std::string> args;
  std::vector<std::string> env;  // the whole environment, "NAME=value"
  std::string input;             // for its standard input, which ends with it
  std::chrono::milliseconds patience{10'000};
  std::size_t most_output = 65'536;  // bytes, of each of the two
  int stop = -1;                     // readable once nobody waits for it any more; not owned; -1 = somebody always does
};

struct CommandOutput {
  ChildExit exit;
  std::string out, err;
};

/// Runs it to its end, in a process group of its own; what it leaves in that ends with it. Blocks; any thread. For what lives
/// longer than a question and its answer there is the ProcessLauncher.
///
/// Errors: spawn_failed or overloaded where it cannot be started; timeout, too_large and shutting_down (`stop`), after which it is
/// killed. They name the program, and nothing of what it was given or what it said.
Result<CommandOutput> run_command(const Command& command);

}  // namespace mcp
