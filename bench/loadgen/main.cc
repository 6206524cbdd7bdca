// loadgen - a closed-loop load generator for MCP servers over streamable HTTP, on loopback addresses only.
#include <signal.h>
#include <sys/resource.h>

#include <cstdio>

#include "bench/loadgen/load_mode.h"
#include "bench/loadgen/options.h"
#include "bench/loadgen/ready_mode.h"

namespace {

void allow_many_descriptors() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = bench::parse_options(argc, argv);
  if (!options) {
    const bool help = options.error().message.empty();
    if (!help) std::fprintf(stderr, "loadgen: %s\n", options.error().message.c_str());
    std::fputs(bench::kUsage, help ? stdout : stderr);
    return help ? 0 : 2;
  }
  signal(SIGPIPE, SIG_IGN);
  allow_many_descriptors();
  return options->mode == bench::Options::Mode::ready ? bench::run_ready(*options) : bench::run_load(*options);
}
