#include "gateway/cli/server_rows.h"

#include <charconv>
#include <cstdint>

#include "gateway/admin/time_text.h"
#include "gateway/cli/console.h"
#include "gateway/cli/text.h"
#include "gateway/config/words.h"
#include "gateway/upstream/sandbox_advice.h"
#include "mcp/json/text.h"

namespace gateway {

namespace {

/// A member as text: a string decoded, anything else as it stands.
std::string text_member(std::string_view object, std::string_view name) {
  const std::string_view value = mcp::member(object, name);
  return value.starts_with('"') ? mcp::decode_json_string(value) : std::string(value);
}

/// The strings of an array: "a, b".
std::string joined_names(std::string_view list) {
  std::string text;
  for (const std::string_view name : mcp::elements(list))
    text += (text.empty() ? "" : ", ") + mcp::decode_json_string(name);
  return text;
}

std::optional<ServerRow::Time> time_member(std::string_view object, std::string_view name) {
  return parse_rfc3339(text_member(object, name));
}

std::string memory_text(const std::string& bytes, const std::string& processes) {
  std::uint64_t count = 0;
  if (std::from_chars(bytes.data(), bytes.data() + bytes.size(), count).ec != std::errc() || count == 0) return "";
  const std::string text = std::to_string((count + (1U << 19)) >> 20) + " MiB";
  return processes.empty() || processes == "1" ? text : text + " in " + processes + " processes";
}

}  // namespace

Tone ServerRow::tone() const {
  if (ready()) return open_until ? Tone::warning : Tone::good;
  if (state == "starting" || state == "backing_off") return Tone::warning;
  if (state == "failed" || state == "broken") return Tone::bad;
  return Tone::faint;
}

std::string ServerRow::explanation(Time now) const {
  if (ready() && open_until && *open_until > now) {
    const auto left = std::chrono::ceil<std::chrono::seconds>(*open_until - now);
    return "Requests got no answer, one after another: it is left alone for " + duration_text(left) + ".";
  }
  if (ready() || state == "dormant") return login_need(login, name, now);
  std::string text = failure_text(message, remedy);
  if (state == "starting" && !phase.empty()) text = failure_text("waiting for " + phase, text);
  if (state == "backing_off" && retry_at) {
    const auto left = std::chrono::ceil<std::chrono::seconds>(*retry_at - now);
    text = failure_text(text, left.count() > 0 ? "Next try in " + duration_text(left) + "." : "Trying again now.");
  }
  return text;
}

ServerRow read_server(std::string_view json) {
  ServerRow row;
  row.name = text_member(json, "name");
  row.state = text_member(json, "state");
  row.transport = text_member(json, "transport");
  row.target = text_member(json, "target");
  row.phase = text_member(json, "phase");
  row.version = text_member(json, "protocolVersion");
  row.tools = text_member(json, "tools");
  row.prompts = text_member(json, "prompts");
  row.resources = text_member(json, "resources");
  row.templates = text_member(json, "resourceTemplates");
  row.pid = text_member(json, "pid");
  row.restarts = text_member(json, "restarts");
  row.open_calls = text_member(json, "openCalls");
  row.queued = text_member(json, "queued");
  row.own_sessions = text_member(json, "ownSessions");
  row.memory = memory_text(text_member(json, "memoryBytes"), text_member(json, "processes"));
  row.stale = mcp::member(json, "stale") == "true";
  std::vector<std::string> denied;
  for (const std::string_view thing : mcp::elements(mcp::member(json, "sandboxDenied")))
    denied.push_back(mcp::decode_json_string(thing));
  row.denied = joined(denied);
  row.allow = sandbox_advice(denied, "its \"sandbox\"");
  const std::string_view cause = mcp::member(json, "cause");
  row.reason = text_member(cause, "reason");
  row.message = text_member(cause, "message");
  row.remedy = text_member(cause, "remedy");
  row.login = read_login(mcp::member(json, "login"));
  row.required = mcp::member(json, "required") == "true";
  row.since = time_member(json, "since");
  row.retry_at = time_member(json, "retryAt");
  row.open_until = time_member(json, "openUntil");
  return row;
}

std::string alone_text(const GatewayRow& gateway) {
  return "No gateway runs here with " + clean_line(gateway.config) + "; its servers were started for this command alone.";
}

std::vector<ServerRow> read_servers(std::string_view json) {
  std::vector<ServerRow> rows;
  for (const std::string_view server : mcp::elements(mcp::member(json, "servers")))
    rows.push_back(read_server(server));
  if (!read_gateway(json).mcp_url.empty()) return rows;
  // What was started for a command alone has ended with it.
  for (ServerRow& row : rows) {
    row.retry_at.reset();
    row.pid.clear();
  }
  return rows;
}

GatewayRow read_gateway(std::string_view json) {
  const std::string_view gateway = mcp::member(json, "gateway");
  const std::string_view problem = mcp::member(mcp::member(gateway, "reload"), "error");
  return {.version = text_member(gateway, "version"),
          .pid = text_member(gateway, "pid"),
          .mcp_url = text_member(gateway, "mcpUrl"),
          .admin_url = text_member(gateway, "adminUrl"),
          .config = text_member(gateway, "config"),
          .sessions = text_member(gateway, "sessions"),
          .tokens = joined_names(mcp::member(gateway, "accessTokens")),
          .config_problem = failure_text(text_member(problem, "message"), text_member(problem, "remedy")),
          .ready = mcp::member(gateway, "ready") == "true",
          .stopping = mcp::member(gateway, "stopping") == "true",
          .started = time_member(gateway, "started")};
}

}  // namespace gateway
