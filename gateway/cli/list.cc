#include <ostream>

#include "gateway/cli/commands.h"
#include "gateway/cli/report.h"
#include "gateway/cli/server_rows.h"

namespace gateway {

std::string list_text(std::string_view servers_json, SystemTime now, const Console& console) {
  Table table({"NAME", "STATE", "TRANSPORT", "TOOLS", "DETAIL"});
  for (const ServerRow& server : read_servers(servers_json)) {
    const std::string explanation = server.explanation(now);
    table.add_row({server.name,
                   {server.state, server.tone()},
                   server.transport,
                   server.tools,
                   explanation.empty() ? server.target : explanation});
  }
  if (table.empty()) return "";
  const GatewayRow gateway = read_gateway(servers_json);
  std::string text = gateway.mcp_url.empty() ? toned(alone_text(gateway), Tone::faint, console.colour) + "\n\n" : "";
  text += table.render(console.width, console.colour);
  if (table.is_cut(console.width)) {
    text += "\n" + toned("What ends in … is whole in \"switchyard status NAME\".", Tone::faint, console.colour) + "\n";
  }
  return text;
}

Exit run_list(const CommandContext& context) {
  const auto access = open_gateway(context);
  if (!access) return report_failure(context, access.error());
  (*access)->settle();
  const auto json = (*access)->servers();
  if (!json) return report_failure(context, json.error());
  if (context.options.json) {
    context.console.out << *json << "\n";
    return Exit::done;
  }
  const std::string text = list_text(*json, std::chrono::system_clock::now(), context.console);
  if (text.empty()) report_no_servers(context.console, read_gateway(*json).config);
  context.console.out << text;
  return Exit::done;
}

}  // namespace gateway
