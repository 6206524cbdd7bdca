#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "gateway/admin/time_text.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/report.h"
#include "gateway/cli/table.h"
#include "gateway/cli/text.h"
#include "gateway/config/entry_text.h"
#include "gateway/host/stored_secrets.h"
#include "oauth/credential_store.h"

namespace gateway {

using nlohmann::ordered_json;

namespace {

/// The servers of the configuration that a login is for; {} where it cannot be read, too.
std::vector<std::string> users_of(const Config& config, const oauth::Credential& credential) {
  std::vector<std::string> names;
  for (const ServerSpec& spec : config.servers) {
    const auto settings = login_settings(spec);
    if (uses_login(spec) && settings.server_url == credential.server_url && settings.account == credential.key.account)
      names.push_back(spec.name.str());
  }
  return names;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names)
    text += (text.empty() ? "" : ", ") + name;
  return text;
}

ordered_json login_json(const oauth::Credential& credential, const std::vector<std::string>& users) {
  ordered_json json = {{"servers", users}, {"url", url_text(credential.server_url)}};
  if (!credential.key.account.empty()) json["account"] = credential.key.account;
  if (!credential.subject.empty()) json["subject"] = credential.subject;
  json["issuer"] = credential.key.issuer;
  json["scopes"] = credential.scopes;
  if (credential.logged_in) json["loggedIn"] = rfc3339(*credential.logged_in);
  json["over"] = !credential.dead.empty();
  return json;
}

}  // namespace

Exit run_login_list(const CommandContext& context) {
  auto store = open_credential_store(context.state_dir(), context.environment.variables);
  auto loaded = store->load_all();
  if (!loaded) return report_failure(context, loaded.error());
  const auto config = load_config(known_config(context), context.environment.variables);
  const Config& known = config ? *config : Config();
  ordered_json list = ordered_json::array();
  Table table({"SERVER", "URL", "ACCOUNT", "AS", "AT", "STATE"});
  for (const oauth::Credential& credential : loaded->credentials) {
    const auto users = users_of(known, credential);
    list.push_back(login_json(credential, users));
    table.add_row({users.empty() ? Table::Cell("-", Tone::faint) : Table::Cell(joined(users)),
                   url_text(credential.server_url),
                   credential.key.account,
                   credential.subject,
                   credential.key.issuer,
                   credential.dead.empty() ? Table::Cell("") : Table::Cell("over", Tone::warning)});
  }
  for (const mcp::Error& error : loaded->unreadable)
    report_note(context.console, "a login cannot be read: " + error.text());
  if (context.options.json) {
    context.console.out << ordered_json{{"logins", list}}.dump(2, ' ', false, ordered_json::error_handler_t::replace) << "\n";
  } else if (table.empty()) {
    context.console.out << "Nobody is logged in anywhere.\n";
  } else {
    context.console.out << table.render(context.console.width, context.console.colour);
    report_note(context.console,
                "switchyard logout NAME ends one; where no server is named, give its URL instead, and --account where it has one");
  }
  return Exit::done;
}

}  // namespace gateway
