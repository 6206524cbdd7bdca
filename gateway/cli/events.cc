// switchyard events
#include <ostream>

#include "gateway/cli/commands.h"
#include "gateway/cli/event_client.h"
#include "gateway/cli/event_text.h"
#include "gateway/cli/report.h"
#include "mcp/json/text.h"

namespace gateway {

namespace {

/// {"id":…,"type":…,"data":{…}}
std::string event_json(const StreamEvent& event) {
  std::string json = R"({"id":)";
  mcp::append_json_string(json, event.id);
  json += R"(,"type":)";
  mcp::append_json_string(json, event.type);
  return json.append(",\"data\":").append(event.data).append("}\n");
}

}  // namespace

Exit run_events(const CommandContext& context, const EventsCommand& command) {
  const auto running = running_gateway(context);
  if (!running) return report_failure(context, running.error());
  const Console& console = context.console;
  bool stopping = false;
  const auto show = [&](const StreamEvent& event) {
    stopping = stopping || (event.type == "gateway" && mcp::member(event.data, "stopping") == "true");
    console.out << (context.options.json ? event_json(event) : event_text(event, console)) << std::flush;
    return console.out.good();
  };
  const auto end = follow_events(*running, command.server, std::chrono::steady_clock::time_point::max(), show);
  if (!end) return report_failure(context, end.error());
  if (*end == FollowEnd::enough) return Exit::done;
  if (stopping) {
    report_note(console, "the gateway is stopping");
    return Exit::done;
  }
  return report_failure(
      context,
      {mcp::ErrorCode::connection_lost, "the gateway ended the stream", "See switchyard status for whether it still runs."});
}

}  // namespace gateway
