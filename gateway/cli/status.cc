#include <algorithm>
#include <ostream>

#include "gateway/admin/time_text.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/report.h"
#include "gateway/cli/server_rows.h"
#include "gateway/cli/text.h"
#include "gateway/config/near_name.h"
#include "gateway/config/shell_word.h"
#include "mcp/json/text.h"

namespace gateway {

namespace {

std::string since_text(const std::optional<ServerRow::Time>& since, SystemTime now) {
  if (!since) return "";
  return duration_text(std::max(std::chrono::duration_cast<std::chrono::milliseconds>(now - *since), std::chrono::milliseconds(0)));
}

/// What is known of the gateway, in a line or two; one of our own has nothing to tell.
std::string gateway_text(const GatewayRow& gateway, SystemTime now, const Console& console) {
  if (gateway.mcp_url.empty()) return toned(alone_text(gateway), Tone::faint, console.colour) + "\n\n";
  std::string text = "Switchyard " + gateway.version + ", pid " + gateway.pid + ", up " + since_text(gateway.started, now) + ", ";
  if (gateway.stopping) {
    text += toned("stopping", Tone::warning, console.colour);
  } else {
    text += gateway.ready ? toned("ready", Tone::good, console.colour) : toned("not ready", Tone::bad, console.colour);
  }
  text += "\nMCP " + gateway.mcp_url + "  admin " + gateway.admin_url;
  if (!gateway.tokens.empty()) text += "\nClients need a token: " + gateway.tokens;
  text += "\nConfiguration " + gateway.config + "\n";
  if (clean_text(gateway.config) != gateway.config) text = clean_text(text);
  if (!gateway.config_problem.empty()) {
    text += toned("It cannot be used as it is now, and nothing has changed: ", Tone::bad, console.colour) +
            clean_text(gateway.config_problem) + "\n";
  }
  return text + "\n";
}

/// "name  value" lines; empty values are left out.
class FactSheet {
 public:
  explicit FactSheet(bool colour) : colour_(colour) {}

  void add(std::string_view name, std::string_view value, Tone tone = Tone::plain) {
    constexpr std::size_t kColumn = 12;
    if (value.empty()) return;
    std::string label(name);
    label.resize(std::max(kColumn, label.size() + 1), ' ');
    text_ += toned(label, Tone::faint, colour_) + toned(clean_line(value), tone, colour_) + "\n";
  }

  std::string take() { return std::move(text_); }

 private:
  bool colour_;
  std::string text_;
};

/// What has to come after the remedy: a server that failed is not tried again, and headers are read at the start alone (a login is
/// seen at once).
std::string next_action(const ServerRow& server, const GatewayRow& gateway) {
  const bool restart = server.state == "failed" || (!server.ready() && server.reason == "credential_refused");
  if (!restart || gateway.mcp_url.empty()) return "";
  return server.remedy.empty() ? "Fix it, then run \"switchyard reload\"." : "Then run \"switchyard reload\".";
}

std::string facts_text(const ServerRow& server, const GatewayRow& gateway, SystemTime now, const Console& console) {
  FactSheet facts(console.colour);
  facts.add("name", server.name);
  facts.add("state", server.state, server.tone());
  if (server.since) facts.add("since", since_text(server.since, now) + " (" + rfc3339(*server.since) + ")");
  facts.add("doing", server.state == "dormant" ? "not running: the next use starts it" : server.phase);
  facts.add("cause", server.message, server.ready() ? Tone::plain : server.tone());
  facts.add("reason", server.reason);
  facts.add("do", failure_text(server.remedy, next_action(server, gateway)));
  if (server.retry_at && !server.ready()) facts.add("next try", rfc3339(*server.retry_at));
  facts.add("transport", server.transport);
  facts.add(server.transport.starts_with("http") ? "url" : "command", server.target);
  for (const auto& [name, value] : login_facts(server.login, now))
    facts.add(name, value, name == "trouble" || name == "wants scopes" ? Tone::warning : Tone::plain);
  // What is wrong with the login alone has its own way out.
  const bool login = server.login.needs_person || !server.login.wanted.empty();
  if (server.remedy.empty() && login) facts.add("do", "Run: switchyard login " + shell_word(server.name));
  facts.add("required", server.transport.empty() ? "" : server.required ? "yes" : "no");
  facts.add("tools", server.tools + (server.stale ? " (as last known; not read yet)" : ""));
  facts.add("prompts", server.prompts);
  facts.add("resources", server.resources);
  facts.add("templates", server.templates);
  facts.add("open calls", server.open_calls);
  facts.add("queued", server.queued);
  facts.add("of clients' own", server.own_sessions);
  facts.add("denied", server.denied, Tone::warning);
  facts.add("allow", server.allow);
  facts.add("restarts", server.restarts);
  facts.add("pid", server.pid);
  facts.add("memory", server.memory);
  facts.add("MCP", server.version);
  return facts.take();
}

/// What is not offered under its own name: a few lines, and how many more there are.
std::string clashes_text(std::string_view servers_json) {
  constexpr std::size_t kMaxLines = 5;
  const auto clashes = mcp::elements(mcp::member(servers_json, "clashes"));
  std::string text;
  for (std::size_t i = 0; i < std::min(clashes.size(), kMaxLines); ++i)
    text += clean_line(mcp::decode_json_string(clashes[i])) + "\n";
  if (clashes.size() > kMaxLines) text += "and " + std::to_string(clashes.size() - kMaxLines) + " more clashes\n";
  return text;
}

Exit report_unknown(const CommandContext& context, const std::string& name, std::string_view json) {
  const std::vector<ServerRow> servers = read_servers(json);
  std::vector<std::string_view> names;
  names.reserve(servers.size());
  for (const ServerRow& server : servers)
    names.push_back(server.name);
  return report_failure(context, {mcp::ErrorCode::config_invalid, "there is no server \"" + name + "\"" + name_hint(name, names)});
}

}  // namespace

std::string status_text(std::string_view servers_json, SystemTime now, const Console& console) {
  const auto servers = read_servers(servers_json);
  const bool logins = std::ranges::any_of(servers, [](const ServerRow& server) { return !login_word(server.login).empty(); });
  std::vector<std::string> head = {"NAME", "STATE", "SINCE", "TRANSPORT", "TOOLS", "OPEN", "RESTARTS", "MEMORY", "PID"};
  if (logins) head.insert(head.begin() + 4, "LOGIN");
  Table table(std::move(head));
  std::string needs;
  const GatewayRow gateway = read_gateway(servers_json);
  for (const ServerRow& server : servers) {
    std::vector<Table::Cell> row = {server.name,
                                    {server.state, server.tone()},
                                    since_text(server.since, now),
                                    server.transport,
                                    server.tools,
                                    server.open_calls + (server.queued.empty() ? "" : "+" + server.queued),
                                    server.restarts,
                                    server.memory.substr(0, server.memory.find(" in ")),
                                    server.pid};
    const Tone tone = server.login.needs_person ? Tone::warning : Tone::plain;
    if (logins) row.insert(row.begin() + 4, {login_word(server.login), tone});
    table.add_row(std::move(row));
    const std::string explanation = clean_line(failure_text(server.explanation(now), next_action(server, gateway)));
    if (!explanation.empty() && server.state != "disabled")
      needs += toned(clean_line(server.name), server.tone(), console.colour) + ": " + explanation + "\n";
  }
  std::string text = gateway_text(gateway, now, console);
  if (!table.empty()) text += table.render(console.width, console.colour);
  for (const std::string& part : {needs, clashes_text(servers_json)}) {
    if (!part.empty()) text += "\n" + part;
  }
  return text;
}

std::optional<std::string> server_text(std::string_view servers_json,
                                       const std::string& name,
                                       SystemTime now,
                                       const Console& console) {
  for (const ServerRow& server : read_servers(servers_json)) {
    if (server.name == name) return facts_text(server, read_gateway(servers_json), now, console);
  }
  return std::nullopt;
}

Exit run_status(const CommandContext& context, const StatusCommand& command) {
  const auto access = open_gateway(context);
  if (!access) return report_failure(context, access.error());
  (*access)->settle();
  const auto json = (*access)->servers();
  if (!json) return report_failure(context, json.error());
  const auto now = std::chrono::system_clock::now();
  if (command.server.empty()) {
    context.console.out << (context.options.json ? *json + "\n" : status_text(*json, now, context.console));
    if (!context.options.json && read_servers(*json).empty()) report_no_servers(context.console, read_gateway(*json).config);
    return Exit::done;
  }
  const auto text = server_text(*json, command.server, now, context.console);
  if (!text) return report_unknown(context, command.server, *json);
  if (!context.options.json) context.console.out << *text;
  for (const std::string_view server : mcp::elements(mcp::member(*json, "servers"))) {
    const bool chosen = mcp::decode_json_string(mcp::member(server, "name")) == command.server;
    if (context.options.json && chosen) context.console.out << server << "\n";
  }
  return Exit::done;
}

}  // namespace gateway
