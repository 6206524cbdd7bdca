#include <ostream>

#include "gateway/cli/commands.h"
#include "gateway/cli/server_rows.h"
#include "gateway/config/near_name.h"
#include "mcp/json/text.h"

namespace gateway {

namespace {

/// A member of the entry as text, "" when it is not there.
std::string text_of(std::string_view entry, std::string_view name) {
  const std::string_view value = mcp::member(entry, name);
  return value.starts_with('"') ? mcp::decode_json_string(value) : std::string();
}

/// What a tool says of itself in one line.
std::string first_line(std::string_view entry) {
  std::string text = text_of(entry, "description");
  if (text.empty()) text = text_of(entry, "title");
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find('\n', begin) - begin);
}

/// Why there is nothing to show.
Exit report_empty(const CommandContext& context, GatewayAccess& access, const ToolsCommand& command) {
  const auto json = access.servers();
  if (!json) return report_failure(context.console, json.error());
  const std::vector<ServerRow> servers = read_servers(*json);
  std::vector<std::string_view> names;
  for (const ServerRow& server : servers) {
    names.push_back(server.name);
    if (server.name != command.server) continue;
    const std::string why =
        server.ready() ? "no tools of \"" + server.name + "\" are offered here"
                       : "\"" + server.name + "\" is " + server.state + ": " + server.explanation(std::chrono::system_clock::now());
    report_note(context.console, why);
    return Exit::done;
  }
  if (command.server.empty()) {
    report_note(context.console, "no tools are offered. \"switchyard status\" says how the servers do.");
    return Exit::done;
  }
  return report_failure(
      context.console,
      {mcp::ErrorCode::config_invalid, "there is no server \"" + command.server + "\"" + name_hint(command.server, names)});
}

}  // namespace

std::string tools_text(std::string_view tools_json, const Console& console) {
  Table table({"NAME", "SERVER", "DESCRIPTION"});
  for (const std::string_view entry : mcp::elements(mcp::member(tools_json, "tools")))
    table.add_row({text_of(entry, "name"), text_of(entry, "server"), first_line(entry)});
  return table.empty() ? "" : table.render(console.width, console.colour);
}

Exit run_tools(const CommandContext& context, const ToolsCommand& command) {
  const auto access = open_gateway(context);
  if (!access) return report_failure(context.console, access.error());
  (*access)->await_tool(command.profile, "");
  const auto json = (*access)->tools(command.profile, command.server);
  if (!json) return report_failure(context.console, json.error());
  for (const std::string_view clash : mcp::elements(mcp::member(*json, "clashes")))
    report_note(context.console, mcp::decode_json_string(clash));
  if (context.options.json) {
    context.console.out << *json << "\n";
    return Exit::done;
  }
  const std::string text = tools_text(*json, context.console);
  if (text.empty()) return report_empty(context, **access, command);
  context.console.out << text;
  return Exit::done;
}

}  // namespace gateway
