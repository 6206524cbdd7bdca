#include <CLI/CLI.hpp>
#include <array>
#include <memory>

#include "gateway/cli/command_set.h"
#include "gateway/config/config_file.h"
#include "gateway/config/words.h"
#include "gateway/import/sources.h"

namespace gateway {

namespace {

Outcome finish_import(Parsed& parsed) {
  ImportCommand command = parsed.import;
  command.dry_run = parsed.dry_run;
  for (const std::string& pair : parsed.renames) {
    const std::size_t equals = pair.find('=');
    const std::string from = pair.substr(0, equals);
    if (equals == std::string::npos || from.empty() || equals + 1 == pair.size()) {
      return std::unexpected(Mistake{"--rename " + pair + ": expected OLD=NEW"});
    }
    if (!command.renames.emplace(from, pair.substr(equals + 1)).second) {
      return std::unexpected(Mistake{"--rename " + from + " is there twice"});
    }
  }
  const bool chooses = !command.from.empty() || !command.only.empty() || !command.renames.empty() || command.number_taken;
  if (command.undo && chooses)
    return std::unexpected(Mistake{"--undo takes the last import back as a whole, and nothing beside it"});
  if (command.yes && command.dry_run) return std::unexpected(Mistake{"--yes and --dry-run exclude each other"});
  return command;
}

void add_import(CommandSet& commands) {
  ImportCommand& into = commands.parsed().import;
  CLI::App* command = commands.add(
      "import", "Take over the servers of other clients", "switchyard import cursor --only files,github", finish_import);
  const auto words = client_words();
  command->add_option("FROM", into.from, joined({words.begin(), words.end()}) + ", or a file (all that is found)");
  const auto names = [&](const char* name, std::vector<std::string>& values, const char* what, const char* form) {
    return command->add_option(name, values, what)->type_name(form)->allow_extra_args(false);
  };
  names("--only", into.only, "These servers alone", "NAME")->delimiter(',');
  names("--rename", commands.parsed().renames, "Another name for a server", "OLD=NEW");
  command->add_flag("--number", into.number_taken, "Where a name is taken, put -2, -3 … behind it");
  command->add_flag("--yes", into.yes, "Do not ask");
  command->add_flag("--dry-run", commands.parsed().dry_run, "Show what would be done, and do nothing");
  command->add_flag("--undo", into.undo, "Take the last import back");
  command->footer(
      "Shows first what it is going to do, and asks. Secrets that stand in the clients' files go into Switchyard's store; its\n"
      "configuration names them: ${secret:NAME}. The clients' own files stay as they are.\n" +
      command->get_footer());
}

Outcome finish_secret(Parsed& parsed) {
  SecretCommand command{.name = parsed.secret_name};
  if (parsed.secret_action == "list") {
    if (!command.name.empty()) return std::unexpected(Mistake{"secret list takes no name"});
    return command;
  }
  if (parsed.secret_action == "key") {
    if (command.name != "file" && command.name != "keyring")
      return std::unexpected(Mistake{"secret key needs to be told where it is to be: file or keyring"});
    command.action = SecretCommand::Action::key;
    return command;
  }
  command.action = parsed.secret_action == "set" ? SecretCommand::Action::set : SecretCommand::Action::remove;
  if (command.name.empty()) return std::unexpected(Mistake{"secret " + parsed.secret_action + " needs the name of a secret"});
  if (!is_secret_name(command.name)) return std::unexpected(Mistake{"a secret's name is 1 to 128 of A-Z a-z 0-9 _ . -"});
  return command;
}

void add_secret(CommandSet& commands) {
  CLI::App* command = commands.add("secret",
                                   "Keep secrets that the configuration names: ${secret:NAME}",
                                   "switchyard secret set GITHUB_TOKEN <token.txt",
                                   finish_secret);
  command->add_option("ACTION", commands.parsed().secret_action, "set, list or remove; key moves the key of the store")
      ->required()
      ->check(CLI::IsMember({"set", "list", "remove", "key"}));
  command->add_option("NAME", commands.parsed().secret_name, "The secret's name; for key: file, or keyring (that of your session)");
  command->footer("set asks for the value on a terminal, and reads it from standard input elsewhere. No value is ever shown.\n" +
                  command->get_footer());
}

}  // namespace

void define_import(CommandSet& commands) {
  add_import(commands);
  add_secret(commands);
}

}  // namespace gateway
