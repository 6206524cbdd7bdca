#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <istream>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>

#include "gateway/cli/admin_client.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/report.h"
#include "gateway/cli/table.h"
#include "gateway/cli/text.h"
#include "gateway/config/jsonc.h"
#include "gateway/config/near_name.h"
#include "gateway/config/update_file.h"
#include "gateway/config/words.h"
#include "mcp/json/text.h"
#include "oauth/credential_store.h"
#include "oauth/file_credential_store.h"

namespace gateway {

namespace {

using mcp::ErrorCode;
using mcp::fail;
using mcp::Result;

constexpr std::size_t kMostBytes = std::size_t{64} << 10;

termios terminal_before{};  // what the handler of signals gives back

void give_terminal_back(int signal) {
  ::tcsetattr(STDIN_FILENO, TCSANOW, &terminal_before);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

/// What is typed on the terminal does not show meanwhile. Where a signal ends the program the terminal is as before, too.
class Hidden {
 public:
  Hidden() : changed_(::tcgetattr(STDIN_FILENO, &terminal_before) == 0) {
    if (!changed_) return;
    for (const int signal : kSignals)
      std::signal(signal, give_terminal_back);
    termios quiet = terminal_before;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
  }

  ~Hidden() {
    if (!changed_) return;
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &terminal_before);
    for (const int signal : kSignals)
      std::signal(signal, SIG_DFL);
  }

  Hidden(const Hidden&) = delete;
  Hidden& operator=(const Hidden&) = delete;

 private:
  static constexpr std::array kSignals = {SIGINT, SIGTERM};

  bool changed_;
};

/// A line from the terminal, or all of standard input but the line break at its end.
Result<std::string> read_value(const Console& console, const std::string& name) {
  std::string value;
  if (console.in_terminal) {
    console.err << "Value of " << name << " (it does not show): " << std::flush;
    const Hidden hidden;
    std::getline(console.in, value);
    console.err << std::endl;
  } else {
    value.resize(kMostBytes + 1);
    console.in.read(value.data(), static_cast<std::streamsize>(value.size()));
    value.resize(static_cast<std::size_t>(console.in.gcount()));
    if (value.ends_with('\n')) value.pop_back();
    if (value.ends_with('\r')) value.pop_back();
  }
  if (value.empty()) return fail(ErrorCode::invalid_params, "the value of " + name + " is empty", "Give it on standard input.");
  if (value.size() > kMostBytes) return fail(ErrorCode::too_large, "the value of " + name + " is over 64 KiB");
  if (value.contains('\0')) return fail(ErrorCode::invalid_params, "the value of " + name + " holds a NUL character");
  return value;
}

void collect_names(const JsonNode& node, std::vector<std::string>& names) {
  const std::string open = "${" + std::string(kSecretPrefix);
  for (std::size_t at = node.text.find(open); at != std::string::npos; at = node.text.find(open, at + 1)) {
    const std::size_t close = node.text.find('}', at);
    if (close == std::string::npos) break;
    names.push_back(node.text.substr(at + open.size(), close - at - open.size()));
  }
  for (const JsonNode& item : node.items)
    collect_names(item, names);
  for (const JsonMember& member : node.members)
    collect_names(member.value, names);
}

/// The servers of the configuration that name secrets, by these. A file that cannot be read names none.
std::map<std::string, std::vector<std::string>> named_by_servers(const CommandContext& context) {
  std::map<std::string, std::vector<std::string>> servers;
  const auto text = read_if_there(known_config(context), kJsoncMaxBytes);
  if (!text || !*text) return servers;
  const JsonNode root = parse_jsonc(**text).root;
  const JsonMember* all = root.find("mcpServers");
  for (const JsonMember& server : all == nullptr ? std::vector<JsonMember>() : all->value.members) {
    std::vector<std::string> names;
    collect_names(server.value, names);
    for (const std::string& name : names) {
      auto& known = servers[name];
      if (std::ranges::find(known, server.key) == known.end()) known.push_back(server.key);
    }
  }
  return servers;
}

/// What the gateway that runs says to the change; "" where none does, or no server of it names the secret.
std::string tell_gateway(const CommandContext& context, const std::vector<std::string>& servers) {
  if (servers.empty() || !gateway_runs_on(context, known_config(context))) return "";
  const auto running = running_gateway(context);
  if (!running) return "";
  const auto answer = ask_admin(*running, "POST", "/api/v1/reload", std::chrono::seconds(30));
  if (!answer) return "The running gateway has not taken it up: " + answer.error().text() + " Try: switchyard reload\n";
  return "The running gateway has taken it up: " + mcp::string_member(*answer, "summary") + ".\n";
}

Exit changed(const CommandContext& context, const std::string& name, std::string_view done) {
  const auto named = named_by_servers(context);
  const auto found = named.find(name);
  const std::vector<std::string> servers = found == named.end() ? std::vector<std::string>() : found->second;
  const std::string told = tell_gateway(context, servers);
  if (context.options.json) {
    const nlohmann::ordered_json json = {{"name", name}, {"action", done}, {"servers", servers}, {"gatewayTold", !told.empty()}};
    context.console.out << json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << "\n";
    return Exit::done;
  }
  std::string text = (done == "set" ? "Stored " : "Removed ") + name + ".";
  if (!servers.empty()) text += (done == "set" ? " Servers that use it: " : " These servers lack it now: ") + joined(servers) + ".";
  if (servers.empty() && done == "set") text += " Write ${secret:" + name + "} where the configuration is to have it.";
  context.console.out << clean_text(text + "\n" + told);
  return Exit::done;
}

Exit set_secret(const CommandContext& context, const std::string& name) {
  const auto value = read_value(context.console, name);
  if (!value) return report_failure(context, value.error());
  if (auto saved = context.credential_store()->save_secret(name, *value); !saved) return report_failure(context, saved.error());
  return changed(context, name, "set");
}

Exit remove_secret(const CommandContext& context, const std::string& name) {
  const auto store = context.credential_store();
  const auto removed = store->remove_secret(name);
  if (!removed) return report_failure(context, removed.error());
  if (*removed) return changed(context, name, "remove");
  const auto known = store->secret_names().value_or(std::vector<std::string>());
  return report_failure(context,
                        {ErrorCode::config_invalid,
                         "there is no secret " + gateway::quoted(name) + name_hint(name, {known.begin(), known.end()}),
                         "",
                         ""});
}

/// Those that are stored, and those that the configuration names and that are not.
Exit list_secrets(const CommandContext& context) {
  auto stored = context.credential_store()->secret_names();
  if (!stored) return report_failure(context, stored.error());
  const auto named = named_by_servers(context);
  std::map<std::string, bool> all;
  for (const std::string& name : *stored)
    all[name] = true;
  for (const auto& [name, servers] : named)
    all.emplace(name, false);
  nlohmann::ordered_json json = {{"secrets", nlohmann::ordered_json::array()}};
  Table table({"NAME", "STORED", "SERVERS"});
  for (const auto& [name, is_stored] : all) {
    const auto found = named.find(name);
    const std::vector<std::string> servers = found == named.end() ? std::vector<std::string>() : found->second;
    json["secrets"].push_back({{"name", name}, {"stored", is_stored}, {"servers", servers}});
    table.add_row({name, {is_stored ? "yes" : "no", is_stored ? Tone::plain : Tone::bad}, joined(servers)});
  }
  if (context.options.json) {
    context.console.out << json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << "\n";
  } else if (table.empty()) {
    context.console.out << "No secrets are stored. Store one with: switchyard secret set NAME\n";
  } else {
    context.console.out << table.render(context.console.width, context.console.colour);
  }
  return Exit::done;
}

}  // namespace

namespace {

/// Logins and secrets stay as they are; processes that use them go on.
Exit move_key(const CommandContext& context, const std::string& place) {
  const bool keyring = place == "keyring";
  const oauth::FileStoreOptions store{.folder = oauth::credentials_folder(context.state_dir()),
                                      .key_place = {},
                                      .keyring = {.variable = context.environment.variables}};
  const auto moved = oauth::move_store_key(store, keyring ? oauth::KeyPlace::keyring : oauth::KeyPlace::file);
  if (!moved) return report_failure(context, moved.error());
  if (context.options.json) {
    context.console.out << nlohmann::ordered_json{{"place", place}, {"moved", *moved}}.dump() << "\n";
    return Exit::done;
  }
  const std::string where = keyring ? "the keyring of your session" : "a file of the state folder";
  context.console.out
      << (*moved ? "The key of logins and secrets is in " + where + " now.\n"
                 : "Nothing was moved: it is there already, or there is none yet (the first login or secret makes it).\n");
  return Exit::done;
}

}  // namespace

Exit run_secret(const CommandContext& context, const SecretCommand& command) {
  switch (command.action) {
    case SecretCommand::Action::set:
      return set_secret(context, command.name);
    case SecretCommand::Action::remove:
      return remove_secret(context, command.name);
    case SecretCommand::Action::key:
      return move_key(context, command.name);
    case SecretCommand::Action::list:
      break;
  }
  return list_secrets(context);
}

}  // namespace gateway
