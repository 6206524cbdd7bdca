#include <ostream>

#include "gateway/cli/commands.h"
#include "gateway/cli/missing_tool.h"
#include "gateway/cli/pretty_json.h"
#include "gateway/cli/report.h"
#include "gateway/cli/table.h"
#include "gateway/cli/text.h"
#include "mcp/json/text.h"

namespace gateway {

std::string tool_text(std::string_view entry, const Console& console) {
  std::string text;
  const auto add_fact = [&](std::string_view label, const std::string& value) {
    if (!value.empty()) text += toned(label, Tone::faint, console.colour) + clean_line(value) + "\n";
  };
  add_fact("name      ", mcp::string_member(entry, "name"));
  add_fact("server    ", mcp::string_member(entry, "server"));
  add_fact("own name  ", mcp::string_member(entry, "tool"));
  add_fact("title     ", mcp::string_member(entry, "title"));
  if (const std::string description = clean_text(mcp::string_member(entry, "description")); !description.empty()) {
    text += "\n" + (console.width > 0 ? wrap_words(description, console.width) : description) + "\n";
  }
  const std::string_view definition = mcp::member(entry, "definition");
  const auto add_json = [&](std::string_view label, std::string_view member) {
    const std::string_view json = mcp::member(definition, member);
    if (!json.empty()) text += "\n" + toned(label, Tone::faint, console.colour) + "\n" + pretty_json(json) + "\n";
  };
  add_json("input schema", "inputSchema");
  add_json("output schema", "outputSchema");
  add_json("annotations", "annotations");
  return text;
}

Exit run_describe(const CommandContext& context, const DescribeCommand& command) {
  const auto access = open_gateway(context);
  if (!access) return report_failure(context, access.error());
  (*access)->await_tool(command.profile, command.tool);
  const auto json = (*access)->tools(command.profile, "");
  if (!json) return report_failure(context, json.error());
  for (const std::string_view entry : mcp::elements(mcp::member(*json, "tools"))) {
    if (mcp::string_member(entry, "name") != command.tool) continue;
    if (context.options.json) {
      context.console.out << entry << "\n";
    } else {
      context.console.out << tool_text(entry, context.console);
    }
    return Exit::done;
  }
  return report_failure(context, missing_tool(**access, command.profile, command.tool));
}

}  // namespace gateway
