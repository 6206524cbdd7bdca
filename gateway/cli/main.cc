#include <cstdio>
#include <exception>

#include "gateway/cli/run_cli.h"
#include "mcp/base/log.h"

int main(int argc, char** argv) {
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
