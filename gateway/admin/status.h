#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "gateway/admin/event_log.h"
#include "gateway/admin/login_question.h"
#include "gateway/explain/explanation.h"
#include "gateway/reload/plan.h"
#include "gateway/routing/call_metrics.h"
#include "gateway/routing/router.h"
#include "gateway/upstream/runtime.h"

namespace gateway {

/// How the last change of the configuration went.
struct ReloadStatus {
  std::uint64_t done = 0, failed = 0;
  std::optional<std::chrono::system_clock::time_point> at;  // {}: none yet
  std::string last;                                         // Plan::summary() of the last that was done
  std::optional<mcp::Error> error;                          // of the last one; the configuration before it is in force
};

/// The whole gateway at one moment, as the admin API, the metrics and the command line show it. A value; any thread.
struct GatewayStatus {
  std::string version;
  int pid = 0;
  std::string mcp_url;                     // "http://127.0.0.1:7332/mcp", "" where nothing listens
  std::string admin_url;                   // "http://127.0.0.1:7333"
  std::vector<std::string> access_tokens;  // names of those that clients need one of; {}: they need none
  std::string config_file;
  bool ready = false;    // every required server is ready
  bool settled = false;  // every server came to the end of its first start, good or bad
  bool stopping = false;
  std::chrono::system_clock::time_point started;
  std::vector<RuntimeStatus> servers;  // in the order of the configuration
  std::vector<AbsentServer> absent;    // in that order too; AbsentServer::place says where between the others
  std::size_t sessions = 0, streams = 0, connections = 0;
  std::uint64_t spawned = 0;  // programs started so far
  std::uint64_t left = 0;     // processes of theirs that could not be ended
  std::map<std::string, CallMetrics::Server, std::less<>> calls;
  ReloadStatus reload;
  EnvironmentStates environments;
  std::size_t retiring = 0;          // servers that were replaced or taken away and still finish calls
  std::vector<std::string> clashes;  // what /mcp cannot offer under its own name, a line each
};

/// One tool of a view, under the name clients use: the published mapping.
struct ToolRow {
  std::string name;  // callable
  std::string server;
  std::string tool;  // the server's own name
  std::string json;  // the tool object as clients get it
};

struct ToolTable {
  std::vector<ToolRow> tools;
  std::vector<std::string> clashes;
};

/// Where the admin plane's answers come from: the running gateway, asked from any thread. Each call waits for the loop at most
/// 5 seconds; Error timeout after that, shutting_down while the gateway stops.
class AdminSource {
 public:
  virtual ~AdminSource() = default;
  virtual mcp::Result<GatewayStatus> status() = 0;

  /// `profile` "" means all servers; Error config_invalid for one that is not there (with the known ones in the remedy).
  virtual mcp::Result<ToolTable> tools(const std::string& profile) = 0;

  /// What happens from one moment to the next.
  virtual EventLog& events() = 0;

  /// The status, and the event that it contains last.
  struct Moment {
    GatewayStatus status;
    std::uint64_t last_event = 0;
  };
  virtual mcp::Result<Moment> moment() = 0;

  /// Error as tools() has it.
  virtual mcp::Result<ExplainAnswer> explain(const ExplainQuestion& question) = 0;

  // What only a gateway that runs can do. Each waits 60 seconds at most.

  /// Error: what is wrong with the file; io_error, config_invalid.
  virtual mcp::Result<Plan> plan(const std::string& file) { return no_gateway(file); }
  virtual mcp::Result<Plan> reload() { return no_gateway(""); }

  /// Says that an environment is there or not, whatever the configuration says of it; {}: what the configuration says counts again.
  /// `instance`: who has said another one before wants the servers started anew; "" where nobody counts.
  struct Announcement {
    std::string environment;
    std::optional<bool> available;
    std::string instance;
  };
  virtual mcp::Result<Plan> announce(const Announcement& announcement) { return no_gateway(announcement.environment); }

  /// A login on somebody's behalf. `start` returns as soon as there is an address for the person, or it has failed. Errors:
  /// config_invalid: there is no such server, or no login of that id; invalid_request: what was pasted is none of its.
  virtual mcp::Result<LoginProgress> login(const LoginQuestion&) { return no_login(); }
  virtual mcp::Result<LogoutReport> log_out(const std::string&, const std::string&) { return no_login(); }

  /// Takes up at once what another process has changed in the store of logins.
  virtual mcp::Result<std::vector<LoginUse>> read_logins() { return no_login(); }

 protected:
  static std::unexpected<mcp::Error> no_login() {
    return mcp::fail(mcp::ErrorCode::internal, "no gateway runs here that could do that");
  }

  static mcp::Result<Plan> no_gateway(const std::string&) {
    return mcp::fail(mcp::ErrorCode::internal, "no gateway runs here that could do that");
  }
};

}  // namespace gateway
