#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <ostream>

#include "gateway/cli/commands.h"
#include "gateway/cli/report.h"
#include "gateway/cli/text.h"
#include "gateway/cli/text_diff.h"
#include "gateway/config/config_edit.h"
#include "gateway/config/jsonc.h"
#include "gateway/config/update_file.h"

namespace gateway {

namespace {

/// One of the commands that edit the configuration.
struct EditCommand {
  std::string_view action;  // "add", …
  std::vector<std::string> names;
  bool dry_run = false;
  std::function<mcp::Result<ConfigEdit>(const EditBase& base, const std::optional<std::string>& text)> edit;
};

/// What came of it.
struct Edited {
  std::string file;
  std::optional<std::string> before;
  ConfigEdit edit;
  bool running = false;  // a gateway on this file
  bool dry_run = false;

  bool changes() const { return before != edit.text; }
};

std::string names_text(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i)
    text.append(i == 0 ? "" : i + 1 < names.size() ? ", " : " and ").append(gateway::quoted(names[i]));
  return text;
}

mcp::Result<Edited> carry_out(const CommandContext& context, const EditCommand& command) {
  Edited edited{.file = known_config(context), .dry_run = command.dry_run};
  const EditBase base{edited.file, context.environment.variables};
  const TextChange change = [&](const std::optional<std::string>& text) -> mcp::Result<std::string> {
    auto edit = command.edit(base, text);
    if (!edit) return std::unexpected(std::move(edit).error());
    edited.before = text;
    edited.edit = std::move(*edit);
    return edited.edit.text;
  };
  if (command.dry_run) {
    const auto text = read_if_there(edited.file, kJsoncMaxBytes);
    if (!text) return std::unexpected(text.error());
    if (const auto changed = change(*text); !changed) return std::unexpected(changed.error());
  } else if (auto done = update_file(edited.file, kJsoncMaxBytes, change); !done) {
    return std::unexpected(done.error());
  }
  edited.running = gateway_runs_on(context, edited.file);
  return edited;
}

/// "Added … to ".
std::string done_text(std::string_view action, const ConfigEdit& edit) {
  const std::string names = names_text(edit.changed);
  if (action == "add") return edit.replaced ? "Replaced " + names + " in " : "Added " + names + " to ";
  if (action == "remove") return "Removed " + names + " from ";
  return (action == "enable" ? "Enabled " : "Disabled ") + names + " in ";
}

/// "… is enabled already in ".
std::string undone_text(std::string_view action, const ConfigEdit& edit) {
  std::string text = names_text(edit.unchanged) + (edit.unchanged.size() > 1 ? " are " : " is ");
  if (action == "add") return text + "like that already in ";
  return text + (action == "enable" ? "enabled" : "disabled") + " already in ";
}

std::string what_happened(std::string_view action, const Edited& edited) {
  const ConfigEdit& edit = edited.edit;
  std::string text;
  if (!edit.changed.empty()) text = done_text(action, edit) + edited.file + (edited.before ? "" : ", a new file") + ".\n";
  if (!edit.unchanged.empty()) {
    text += undone_text(action, edit) + edited.file + (edited.changes() ? ".\n" : "; nothing was changed.\n");
  }
  return text;
}

std::string what_else(std::string_view action, const ConfigEdit& edit) {
  std::string text;
  for (const ConfigEdit::InProfile& one : edit.profiles) {
    if (action == "remove") {
      text += "Took " + gateway::quoted(one.server) + " out of the profile " + gateway::quoted(one.profile) + ".\n";
    } else if (one.made) {
      text += "Made the profile " + gateway::quoted(one.profile) + " for it, which is served at /mcp/" + one.profile + ".\n";
    } else {
      text += "Put it into the profile " + gateway::quoted(one.profile) + ".\n";
    }
  }
  if (!edit.lost_keys.empty()) text += "The old entry's " + names_text(edit.lost_keys) + " went with it.\n";
  return text;
}

std::string what_follows(const CommandContext& context, const EditCommand& command, const Edited& edited) {
  if (!edited.changes()) return "";
  if (edited.running) return "The running gateway takes it up by itself.\n";
  if (command.action == "remove" || command.action == "disable") return "";
  return "Start it with: switchyard serve" + (context.options.config ? " --config " + edited.file : "") + "\n";
}

std::string edit_json(const EditCommand& command, const Edited& edited) {
  nlohmann::ordered_json json;
  const ConfigEdit& edit = edited.edit;
  json["file"] = edited.file;
  json["action"] = edit.replaced ? "replace" : std::string(command.action);
  json["names"] = command.names;
  json["changed"] = edit.changed;
  json["unchanged"] = edit.unchanged;
  json["profiles"] = nlohmann::ordered_json::array();
  for (const ConfigEdit::InProfile& one : edit.profiles)
    json["profiles"].push_back({{"profile", one.profile}, {"server", one.server}, {"made", one.made}});
  json["lostKeys"] = edit.lost_keys;
  json["warnings"] = edit.warnings;
  json["newFile"] = !edited.before;
  json["gatewayRuns"] = edited.running;
  json["dryRun"] = edited.dry_run;
  if (edited.dry_run) json["diff"] = unified_diff(edited.before.value_or(""), edit.text, edited.file);
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

Exit run_edit(const CommandContext& context, const EditCommand& command) {
  const auto edited = carry_out(context, command);
  if (!edited) return report_failure(context, edited.error());
  const Console& console = context.console;
  for (const std::string& warning : edited->edit.warnings)
    report_note(console, "warning: " + warning);
  if (context.options.json) {
    console.out << edit_json(command, *edited) << "\n";
  } else if (command.dry_run && edited->changes()) {
    console.out << clean_text(unified_diff(edited->before.value_or(""), edited->edit.text, edited->file));
    report_note(console, "this would change " + edited->file + "; nothing was written");
  } else {
    console.out << clean_text(what_happened(command.action, *edited) + what_else(command.action, edited->edit) +
                              what_follows(context, command, *edited));
  }
  return Exit::done;
}

}  // namespace

Exit run_add(const CommandContext& context, const AddCommand& command) {
  const auto edit = [&](const EditBase& base, const std::optional<std::string>& text) {
    return add_server(base, text, command.server, command.replace);
  };
  return run_edit(context, {"add", {command.server.name}, command.dry_run, edit});
}

Exit run_remove(const CommandContext& context, const RemoveCommand& command) {
  const auto edit = [&](const EditBase& base, const std::optional<std::string>& text) {
    return remove_servers(base, text, command.servers);
  };
  return run_edit(context, {"remove", command.servers, command.dry_run, edit});
}

Exit run_switch(const CommandContext& context, const SwitchCommand& command) {
  const auto edit = [&](const EditBase& base, const std::optional<std::string>& text) {
    return switch_servers(base, text, command.servers, command.on);
  };
  return run_edit(context, {command.on ? "enable" : "disable", command.servers, command.dry_run, edit});
}

}  // namespace gateway
