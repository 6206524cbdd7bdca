#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/reload/desired.h"

namespace gateway {

/// What is done with a server.
enum class ServerAction {
  keep,     // its connection stays; how it is shown may change
  rename,   // likewise, under another name
  start,    // it was not there
  restart,  // a new process or session takes over from the old one
  stop,     // it goes
  absent,   // it did not run and does not
};

std::string_view to_string(ServerAction action);

/// What clients of a view see of a server's change: names of tools that come and go, as far as they are known.
struct ViewDifference {
  std::string view;  // "/mcp", "profile coding"
  std::vector<std::string> gained, lost;
};

struct ServerStep {
  ServerName name;
  ServerName before;  // its name until now, where it is renamed
  ServerAction action = ServerAction::keep;
  std::vector<std::string> connection;    // what of it changed, in the words of the file: why it is restarted
  std::vector<std::string> presentation;  // likewise, of what restarts nothing
  std::string why;                        // where neither tells: "new in the configuration", "switched off", "it had failed"
  std::vector<ViewDifference> views;

  /// "keep (only tools.deny changed; 3 tools leave profile coding)", "restart (env LINEAR_ENV changed)".
  std::string text() const;
};

/// Something of the file that is no server.
struct SettingStep {
  enum class Effect { applied, needs_restart };  // of the gateway
  std::string what;                              // "profile coding added", "listen"
  Effect effect = Effect::applied;
};

/// What a change of the configuration, or of what is there, does: each server, with the reason. A value: printed, logged, served by
/// the admin API, asserted in tests. Any thread.
struct Plan {
  std::vector<ServerStep> servers;  // in the order of the new configuration, then those that go
  std::vector<SettingStep> settings;
  std::vector<std::string> warnings;  // of the file

  std::size_t count(ServerAction action) const;

  /// Nothing that anybody could notice.
  bool changes_nothing() const;

  /// "1 restart, 2 kept, 1 view changes": one line for logs.
  std::string summary() const;
};

/// A server that runs.
struct CurrentServer {
  std::shared_ptr<const ServerSpec> spec;
  ServerIdentity identity;
  bool failed = false;  // it came to the end of trying, and a reload tries it again
};

/// The plan, and what it means for those that run.
struct Comparison {
  Plan plan;
  /// For each desired server the current one that goes on as it; nothing where a new one is started.
  std::vector<std::optional<std::size_t>> kept;
  /// For each desired server that is started the current one that it takes over from.
  std::vector<std::optional<std::size_t>> replaced;
};

/// Without the views.
Comparison compare(const std::vector<CurrentServer>& current, const std::vector<AbsentServer>& absent, const Desired& desired);

/// What of the file's other keys differs.
std::vector<SettingStep> compare_settings(const Config& before, const Config& after);

}  // namespace gateway
