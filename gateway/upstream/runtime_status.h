#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/config.h"
#include "gateway/upstream/server_login.h"
#include "mcp/base/error.h"
#include "mcp/process/process_usage.h"

namespace gateway {

/// dormant: not running, since nobody uses it; the next request starts it.
enum class RuntimeState { stopped, starting, ready, dormant, backing_off, failed };

std::string_view to_string(RuntimeState state);

/// How a runtime is doing, as people see it. A value; any thread.
struct RuntimeStatus {
  ServerName name;
  RuntimeState state = RuntimeState::stopped;
  std::string transport;            // "stdio" | "http" | "http+sse"
  std::string target;               // the command line or the URL, without secrets
  std::string phase;                // while starting: "process", "initialize", "tools/list"
  std::optional<mcp::Error> cause;  // why it is not ready, or was lost last
  std::chrono::system_clock::time_point since;
  std::optional<std::chrono::system_clock::time_point> retry_at;
  std::optional<pid_t> pid;
  int restarts = 0;
  std::size_t tools = 0;  // offered: without those that the configuration keeps back
  std::size_t prompts = 0, resources = 0, templates = 0;
  std::size_t open_calls = 0;    // requests of clients, on the shared session and on clients' own
  std::size_t questions = 0;     // of the server's to clients, likewise
  std::string version;           // negotiated revision
  std::size_t own_sessions = 0;  // with clients that the server may ask something
  bool required = false;
  bool was_read = false;                                            // what it offers, now or before
  bool stale = false;                                               // what it offers is known from before, and not read anew yet
  std::optional<mcp::ProcessUsage> usage;                           // of its program and all that started, some seconds old
  std::size_t queued = 0;                                           // calls that wait for their turn (maxConcurrent)
  std::optional<std::chrono::system_clock::time_point> open_until;  // requests fail at once until then (CircuitBreaker)
  std::optional<ServerLogin> login;                                 // of one over HTTP
  std::vector<std::string> denied;  // what the sandbox of its program denied, for people: the first sixteen things
};

}  // namespace gateway
