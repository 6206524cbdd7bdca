#pragma once

#include <expected>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "gateway/config/config.h"
#include "gateway/config/config_edit.h"
#include "mcp/base/log.h"

namespace gateway {

struct GlobalOptions {
  std::optional<std::string> config;  // --config FILE, absolute
  std::optional<std::string> state;   // --state DIR, absolute
  std::optional<std::string> log_levels;
  mcp::LogFormat log_format = mcp::LogFormat::text;
  bool json = false;
};

struct ServeCommand {
  std::optional<ListenAddress> listen, admin;
  bool stdio = false;
  std::string profile;  // with stdio; "" means all servers
};

struct ListCommand {};

struct StatusCommand {
  std::string server;  // "" means all
};

struct EventsCommand {
  std::string server;  // "" means all
};

struct ToolsCommand {
  std::string server, profile;  // "" means all
};

struct DescribeCommand {
  std::string tool, profile;
};

struct ExplainCommand {
  std::string name, profile;
};

struct CallCommand {
  std::string tool, profile;
  std::optional<std::string> arguments;  // JSON, or "-" for standard input
  std::vector<std::string> pairs;        // KEY=VALUE; the value is JSON, or else text
  std::vector<std::string> texts;        // KEY=VALUE; the value is text
};

struct InspectCommand {
  std::string target;                // a server's name, or a URL; "" where there is a command
  std::vector<std::string> command;  // what stands behind "--"
  bool strict = false;               // findings of severity error are a failure
};

struct DoctorCommand {
  std::vector<std::string> servers;  // {}: all that are switched on
  bool offline = false;
};

struct PlanCommand {};

struct ReloadCommand {
  bool wait = true;  // for the servers that are started
};

struct AddCommand {
  NewServer server;
  bool replace = false;
  bool dry_run = false;
};

struct RemoveCommand {
  std::vector<std::string> servers;
  bool dry_run = false;
};

/// `enable` and `disable`.
struct SwitchCommand {
  std::vector<std::string> servers;
  bool on = false;
  bool dry_run = false;
};

struct LoginCommand {
  std::string server;
  std::optional<std::string> account;              // instead of the entry's
  std::optional<std::vector<std::string>> scopes;  // likewise
  bool paste = false;
  bool device = false;
  bool browser = true;  // to be opened, where there is one
  bool list = false;    // instead of it: the logins that there are
};

struct LogoutCommand {
  std::string server;  // or a URL
  std::optional<std::string> account;
};

struct ImportCommand {
  std::string from;                            // a client's word, or a file; "": all clients
  std::vector<std::string> only;               // servers; {}: all
  std::map<std::string, std::string> renames;  // name there → name here
  bool number_taken = false;
  bool yes = false;
  bool dry_run = false;
  bool undo = false;
};

struct SecretCommand {
  enum class Action { set, list, remove, key };

  Action action = Action::list;
  std::string name;  // not for `list`; for `key`, where it is to be: "file" or "keyring"
};

struct VersionCommand {};

using Command = std::variant<ServeCommand,
                             ListCommand,
                             StatusCommand,
                             EventsCommand,
                             ToolsCommand,
                             DescribeCommand,
                             ExplainCommand,
                             CallCommand,
                             InspectCommand,
                             DoctorCommand,
                             PlanCommand,
                             ReloadCommand,
                             AddCommand,
                             RemoveCommand,
                             SwitchCommand,
                             LoginCommand,
                             LogoutCommand,
                             ImportCommand,
                             SecretCommand,
                             VersionCommand>;

struct CommandLine {
  GlobalOptions global;
  Command command;
};

/// Why there is no command to carry out: help was asked for (`wanted`, goes to stdout), or the usage was wrong (one line, what and
/// where to read on).
struct NoCommand {
  bool wanted = false;
  std::string text;
};

std::expected<CommandLine, NoCommand> parse_command_line(int argc, const char* const* argv);

}  // namespace gateway
