#pragma once

#include "gateway/cli/console.h"
#include "gateway/host/environment.h"

namespace gateway {

/// The whole program, but for the process around it: reads the command line, carries the command out, returns the exit status.
/// Sets up the log; call once in a process, or in a test with nothing else running.
int run_cli(int argc, const char* const* argv, Console& console, HostEnvironment environment);

/// The same on the process's own streams and environment.
int run_process(int argc, const char* const* argv);

}  // namespace gateway
