#include <cstdio>
#include <exception>

#include "gateway/cli/run_cli.h"

int main(int argc, char** argv) {
  try {
    return gateway::run_process(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "switchyard: internal error: %s. Please report it.\n", error.what());
    return 1;
  }
}
