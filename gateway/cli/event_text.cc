#include "gateway/cli/event_text.h"

#include <algorithm>
#include <ctime>
#include <vector>

#include "gateway/admin/time_text.h"
#include "gateway/cli/server_rows.h"
#include "gateway/cli/text.h"
#include "gateway/config/words.h"
#include "mcp/json/text.h"

namespace gateway {

using mcp::string_member;

namespace {

/// The time of day here: "12:03:11".
std::string clock_text(std::string_view event) {
  const auto at = parse_rfc3339(string_member(event, "at")).value_or(std::chrono::system_clock::now());
  const std::time_t seconds = std::chrono::system_clock::to_time_t(at);
  std::tm local{};
  std::string text(sizeof "00:00:00", '\0');
  text.resize(::localtime_r(&seconds, &local) == nullptr ? 0 : std::strftime(text.data(), text.size(), "%H:%M:%S", &local));
  return text;
}

/// "ready: 14 tools", "starting (initialize)", "failed: cannot be started: no such file. Install it."
std::string state_text(const ServerRow& server, const Console& console) {
  const std::string state = toned(server.state, server.tone(), console.colour);
  if (server.ready() && !server.open_until)
    return state + ": " + clean_line(server.tools) + (server.tools == "1" ? " tool" : " tools");
  if (server.state == "starting" && server.message.empty()) return state + (server.phase.empty() ? "" : " (" + server.phase + ")");
  const std::string why = clean_line(server.explanation(std::chrono::system_clock::now()));
  return state + (why.empty() ? "" : ": " + why);
}

std::string names_text(std::string_view event, std::string_view member, std::string_view verb) {
  constexpr std::size_t kShown = 5;
  const auto names = mcp::elements(mcp::member(event, member));
  if (names.empty()) return "";
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i)
    text += (i == 0 ? " " : ", ") + clean_line(mcp::decode_json_string(names[i]));
  if (names.size() > kShown) text += ", …";
  return counted(names.size(), "tool") + " " + std::string(verb) + ":" + text;
}

std::string tools_text_of(std::string_view event) {
  std::string text;
  for (const std::string& part :
       {names_text(event, "gained", "came"), names_text(event, "lost", "went"), names_text(event, "changed", "changed")}) {
    if (!part.empty()) text += (text.empty() ? "" : "; ") + part;
  }
  const std::string_view more = mcp::member(event, "more");
  return text + (more.empty() ? "" : "; and " + std::string(more) + " more");
}

std::string reload_text(std::string_view event, const Console& console) {
  const std::string_view error = mcp::member(event, "error");
  if (error.empty())
    return "reload (" + string_member(event, "trigger") + "): " + string_member(mcp::member(event, "plan"), "summary");
  return toned("reload failed", Tone::bad, console.colour) +
         ", and nothing has changed: " + clean_line(failure_text(string_member(error, "message"), string_member(error, "remedy")));
}

std::string gateway_state_text(std::string_view event, const Console& console) {
  if (mcp::member(event, "stopping") == "true") return toned("stopping", Tone::warning, console.colour);
  const bool ready = mcp::member(event, "ready") == "true";
  const bool settled = mcp::member(event, "settled") == "true";
  if (ready && settled) return toned("ready", Tone::good, console.colour) + ": every server has come to the end of its start";
  if (ready) return toned("ready", Tone::good, console.colour) + ": some servers are starting";
  return toned("not ready", Tone::warning, console.colour) + ": a required server is not";
}

/// What is known of each server at first.
std::string snapshot_text(std::string_view snapshot, const Console& console) {
  std::string text;
  for (const ServerRow& server : read_servers(snapshot)) {
    const std::string time = clock_text("{}");
    text += time + "  " + clean_line(server.name) + "  " + state_text(server, console) + "\n";
  }
  return text;
}

std::string environments_text(std::string_view event, const Console& console) {
  std::string text;
  for (const std::string_view one : mcp::elements(mcp::member(event, "environments"))) {
    const bool there = mcp::member(one, "available") == "true";
    const std::string why = clean_line(string_member(one, "why"));
    text += clock_text(event) + "  environment " + clean_line(string_member(one, "name")) + "  " +
            (there ? toned("there", Tone::good, console.colour) : toned("away", Tone::warning, console.colour)) +
            (why.empty() ? "" : ": " + why) + "\n";
  }
  return text;
}

}  // namespace

std::string outcome_text(std::string_view server, const Console& console) {
  const ServerRow row = read_server(server);
  return clean_line(row.name) + ": " + state_text(row, console);
}

std::string event_text(const StreamEvent& event, const Console& console) {
  const std::string_view data = event.data;
  if (event.type == "snapshot") return snapshot_text(data, console);
  if (event.type == "environments") return environments_text(data, console);
  const std::string time = clock_text(data) + "  ";
  if (event.type == "server") {
    const ServerRow server = read_server(mcp::member(data, "server"));
    return time + clean_line(server.name) + "  " + state_text(server, console) + "\n";
  }
  if (event.type == "tools") return time + clean_line(string_member(data, "server")) + "  " + tools_text_of(data) + "\n";
  if (event.type == "reload") return time + reload_text(data, console) + "\n";
  if (event.type == "gateway") return time + "gateway  " + gateway_state_text(data, console) + "\n";
  return "";
}

}  // namespace gateway
