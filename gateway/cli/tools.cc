#include <algorithm>
#include <ostream>

#include "gateway/cli/commands.h"
#include "gateway/cli/missing_tool.h"
#include "gateway/cli/report.h"
#include "gateway/cli/server_rows.h"
#include "gateway/cli/text.h"
#include "gateway/config/near_name.h"
#include "gateway/config/shell_word.h"
#include "gateway/config/words.h"
#include "mcp/json/text.h"

namespace gateway {

namespace {

constexpr std::size_t kPipedDescription = 120;  // columns of a description where there is no terminal

/// What a tool says of itself in one line.
std::string first_line(std::string_view entry) {
  std::string text = mcp::string_member(entry, "description");
  if (text.empty()) text = mcp::string_member(entry, "title");
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find('\n', begin) - begin);
}

/// Why a server has no tools here.
std::string emptiness_of(const ServerRow& server) {
  const std::string name = "\"" + server.name + "\"";
  const std::string explanation = server.explanation(std::chrono::system_clock::now());
  if (explanation.empty()) return "no tools of " + name + " are offered here";
  if (server.state == "failed") return name + " failed: " + explanation;
  if (server.state == "backing_off") return name + " is down: " + explanation;
  if (server.state == "starting") return name + " is starting: " + explanation;
  return name + " offers nothing: " + explanation;
}

/// That a profile offers no tools, and how its servers do.
std::string profile_text(GatewayAccess& access, const std::string& profile, const std::vector<ServerRow>& servers) {
  std::string states;
  for (const std::string& name : servers_of_profile(access, profile, servers.front().name)) {
    const auto server = std::ranges::find(servers, name, &ServerRow::name);
    states += (states.empty() ? "; its servers: " : ", ") + name;
    if (server != servers.end()) states += " (" + spoken(server->state) + ")";
  }
  if (states.empty()) states = "; it has no servers";
  return "profile \"" + profile + "\" offers no tools" + states + ". \"switchyard explain NAME --profile " + shell_word(profile) +
         "\" says why.";
}

/// Why there is nothing to show of a server, or at all. `tools` is the empty answer.
Exit report_empty(const CommandContext& context, GatewayAccess& access, const ToolsCommand& command, std::string_view tools) {
  const auto json = access.servers();
  if (!json) return report_failure(context, json.error());
  const std::vector<ServerRow> servers = read_servers(*json);
  std::vector<std::string_view> names;
  for (const ServerRow& server : servers) {
    names.push_back(server.name);
    if (server.name != command.server) continue;
    if (context.options.json) {
      context.console.out << tools << "\n";
      return Exit::done;
    }
    report_note(context.console, emptiness_of(server));
    return Exit::done;
  }
  if (servers.empty()) report_no_servers(context.console, read_gateway(*json).config);
  if (command.server.empty()) {
    if (servers.empty()) return Exit::done;
    if (!command.profile.empty()) {
      report_note(context.console, profile_text(access, command.profile, servers));
      return Exit::done;
    }
    report_note(context.console, "no tools are offered. \"switchyard status\" says how the servers do.");
    return Exit::done;
  }
  return report_failure(
      context,
      {mcp::ErrorCode::config_invalid, "there is no server \"" + command.server + "\"" + name_hint(command.server, names)});
}

}  // namespace

std::string tools_text(std::string_view tools_json, const Console& console) {
  Table table({"NAME", "SERVER", "DESCRIPTION"});
  // A terminal cuts at its own width.
  const auto shown = [&](const std::string& text) {
    return console.width > 0 ? text : cut_to_width(clean_line(text), kPipedDescription);
  };
  for (const std::string_view entry : mcp::elements(mcp::member(tools_json, "tools")))
    table.add_row({mcp::string_member(entry, "name"), mcp::string_member(entry, "server"), shown(first_line(entry))});
  return table.empty() ? "" : table.render(console.width, console.colour);
}

Exit run_tools(const CommandContext& context, const ToolsCommand& command) {
  const auto access = open_gateway(context);
  if (!access) return report_failure(context, access.error());
  if (command.server.empty()) {
    (*access)->await_tool(command.profile, "");
  } else {
    (*access)->await_server(command.server);
  }
  const auto json = (*access)->tools(command.profile, command.server);
  if (!json) return report_failure(context, json.error());
  for (const std::string_view clash : mcp::elements(mcp::member(*json, "clashes")))
    report_note(context.console, mcp::decode_json_string(clash));
  const bool none = mcp::elements(mcp::member(*json, "tools")).empty();
  if (none && !(context.options.json && command.server.empty())) return report_empty(context, **access, command, *json);
  context.console.out << (context.options.json ? *json + "\n" : tools_text(*json, context.console));
  return Exit::done;
}

}  // namespace gateway
