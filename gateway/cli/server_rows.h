#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/cli/login_text.h"
#include "gateway/cli/table.h"

namespace gateway {

/// One server of /api/v1/servers, for people. What the answer did not say is empty.
struct ServerRow {
  using Time = std::chrono::system_clock::time_point;

  std::string name, state, transport, target, phase, version;
  std::string tools, prompts, resources, templates;             // numbers as text
  std::string pid, restarts, open_calls, queued, own_sessions;  // likewise
  std::string memory;                                           // "85 MiB in 3 processes"; "" where it is not known
  std::string reason, message, remedy;                          // of the cause
  std::string denied;                                           // by its sandbox, the things joined with commas
  std::string allow;                                            // what to write where it may do that
  LoginRow login;
  bool required = false;
  bool stale = false;  // what it offers is known from before
  std::optional<Time> since, retry_at;
  std::optional<Time> open_until;  // it is left alone until then, since it answered nothing

  bool ready() const { return state == "ready"; }

  Tone tone() const;

  /// Why it is not ready and what to do or wait for; "" when it is.
  std::string explanation(Time now) const;
};

/// The gateway itself, from the same answer.
struct GatewayRow {
  std::string version, pid, mcp_url, admin_url, config, sessions;
  std::string tokens;          // names of those that clients need one of, "ci, ana"; "" where they need none
  std::string config_problem;  // why the file cannot be used as it is now; "" where it can
  bool ready = false;
  bool stopping = false;
  std::optional<ServerRow::Time> started;
};

/// One server of that list, or of an event. `json` is valid JSON, here and below.
ServerRow read_server(std::string_view json);

/// Where no gateway runs, without what is true of the servers only while it does: the time of the next try, the pid.
std::vector<ServerRow> read_servers(std::string_view json);
GatewayRow read_gateway(std::string_view json);

/// That what `gateway` tells of was started for the command and ended with it.
std::string alone_text(const GatewayRow& gateway);

}  // namespace gateway
