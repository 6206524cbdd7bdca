#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <exception>

#include "gateway/cli/run_cli.h"
#include "mcp/base/log.h"

namespace {

/// Whoever started us may have closed some of the three descriptors every program has. The next file opened would take the place,
/// and be read as standard input or get the answers. Input is at its end then, output fails, and errors are dropped.
void fill_standard_descriptors() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(descriptor, F_GETFD) >= 0) continue;
    // The lowest free descriptor is this one: those below it are open.
    ::open("/dev/null", descriptor == STDERR_FILENO ? O_WRONLY : O_RDONLY);  // NOLINT(cppcoreguidelines-pro-type-vararg)
  }
}

}  // namespace

int main(int argc, char** argv) {
  fill_standard_descriptors();
  int status = 1;
  try {
    status = gateway::run_process(argc, argv);
  } catch (const std::exception& error) {
    // Not through the log: it may be the log's thread that could not be started.
    if (mcp::flush_log()) std::fprintf(stderr, "switchyard: internal error: %s. Please report it.\n", error.what());
  }
  mcp::flush_log();
  return status;
}
