#pragma once

#include <expected>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/cli/command_line.h"
#include "gateway/cli/new_server.h"

namespace CLI {
class App;
}

namespace gateway {

/// What the parser writes to; each command has its own part.
struct Parsed {
  GlobalOptions global;
  std::string config, state, log_levels, log_format = "text";
  ServeCommand serve;
  std::string listen, admin;
  StatusCommand status;
  EventsCommand events;
  ToolsCommand tools;
  DescribeCommand describe;
  ExplainCommand explain;
  CallCommand call;
  std::string call_arguments;
  InspectCommand inspect;
  DoctorCommand doctor;
  ServerWords add;
  bool replace = false;
  bool no_wait = false;
  std::vector<std::string> servers;
  bool dry_run = false;
  ImportCommand import;
  std::vector<std::string> renames;
  std::string secret_action, secret_name;
  std::vector<std::string> behind_dashes;  // a command with its arguments
  LoginCommand login;
  LogoutCommand logout;
  std::string login_account;
  std::vector<std::string> login_scopes;
  bool no_browser = false;
  bool version = false;
};

/// A wrong usage found after parsing.
struct Mistake {
  std::string text;
};

using Outcome = std::expected<Command, Mistake>;
using Finish = std::function<Outcome(Parsed&)>;

/// The commands that the parser knows, in the order of the help.
class CommandSet {
 public:
  CommandSet(CLI::App& app, Parsed& parsed) : app_(app), parsed_(parsed) {}

  /// What the options and words of a command are written to.
  Parsed& parsed() { return parsed_; }

  /// `finish` makes the command of what was parsed.
  CLI::App* add(const std::string& name, const std::string& description, const std::string& example, Finish finish);

  const std::vector<std::pair<CLI::App*, Finish>>& all() const { return commands_; }

 private:
  CLI::App& app_;
  Parsed& parsed_;
  std::vector<std::pair<CLI::App*, Finish>> commands_;
};

/// `serve`, and those that ask and change nothing.
void define_questions(CommandSet& commands);

/// Those that log in and out.
void define_logins(CommandSet& commands);

/// Those that change the configuration, or have it read.
void define_changes(CommandSet& commands);

/// `import` and `secret`.
void define_import(CommandSet& commands);

}  // namespace gateway
