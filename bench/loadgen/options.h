#pragma once

#include <sys/types.h>

#include <expected>
#include <string>
#include <vector>

namespace bench {

/// The command line, checked. Times in seconds unless the name says otherwise.
struct Options {
  enum class Mode { load, ready };

  std::string host = "127.0.0.1", path = "/mcp";
  int port = 8080;
  int connections = 1, threads = 1;
  double seconds = 5, warmup = 1, timeout = 10;
  std::string method = "tools/call", tool = "echo", arguments;
  long arg_bytes = 100, result_bytes = -1;
  std::string protocol = "2025-06-18";
  std::vector<std::string> headers;
  std::vector<pid_t> pids, other_pids;
  bool json = false, raw = false, raw_get = false, stateless = false;
  std::string raw_body;
  bool legacy_sse = false;  // the HTTP+SSE transport of 2024-11-05
  int streams = 0, init_concurrency = 16;
  double stream_hold = 2;
  std::string label;

  Mode mode = Mode::load;
  std::string spawn, spawn_directory, spawn_log = "/dev/null";
  int expect_tools = 1;
};

/// Why the command line cannot be used; `message` is "" when help was asked for.
struct UsageError {
  std::string message;
};

std::expected<Options, UsageError> parse_options(int argc, char** argv);

extern const char* const kUsage;

}  // namespace bench
