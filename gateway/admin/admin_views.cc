#include "gateway/admin/admin_views.h"

#include <nlohmann/json.hpp>

#include "gateway/admin/json_parts.h"
#include "gateway/admin/login_view.h"
#include "gateway/admin/plan_view.h"
#include "gateway/admin/time_text.h"
#include "mcp/json/text.h"

namespace gateway {

namespace {

using nlohmann::ordered_json;

ordered_json server_object(const RuntimeStatus& server) {
  ordered_json json = {{"name", server.name.str()},
                       {"state", to_string(server.state)},
                       {"transport", server.transport},
                       {"target", server.target},
                       {"required", server.required},
                       {"tools", server.tools},
                       {"prompts", server.prompts},
                       {"resources", server.resources},
                       {"resourceTemplates", server.templates}};
  if (server.pid) json["pid"] = *server.pid;
  json["restarts"] = server.restarts;
  json["since"] = rfc3339(server.since);
  if (server.state == RuntimeState::starting && !server.phase.empty()) json["phase"] = server.phase;
  if (server.retry_at) json["retryAt"] = rfc3339(*server.retry_at);
  if (server.cause) json["cause"] = error_object(*server.cause);
  if (!server.denied.empty()) json["sandboxDenied"] = server.denied;
  json["openCalls"] = server.open_calls;
  json["questions"] = server.questions;
  if (server.usage) {
    json["processes"] = server.usage->processes;
    json["memoryBytes"] = server.usage->memory;
  }
  if (server.own_sessions > 0) json["ownSessions"] = server.own_sessions;
  if (server.queued > 0) json["queued"] = server.queued;
  if (server.stale) json["stale"] = true;
  if (server.open_until) json["openUntil"] = rfc3339(*server.open_until);
  if (!server.version.empty()) json["protocolVersion"] = server.version;
  if (server.login) json["login"] = login_object(*server.login);
  return json;
}

ordered_json absent_object(const AbsentServer& absent) {
  return {{"name", absent.name.str()}, {"state", to_string(absent.kind)}, {"cause", error_object(absent.why)}};
}

ordered_json reload_json(const ReloadStatus& reload) {
  ordered_json json = {{"done", reload.done}, {"failed", reload.failed}};
  if (reload.at) json["at"] = rfc3339(*reload.at);
  if (!reload.last.empty()) json["last"] = reload.last;
  if (reload.error) json["error"] = error_object(*reload.error);
  return json;
}

/// Appends ,"name":value where the tool object has that member as a string.
void append_text_member(std::string& out, const std::string& definition, std::string_view name) {
  const std::string_view value = mcp::member(definition, name);
  if (!value.starts_with('"')) return;
  out.append(",\"").append(name).append("\":").append(value);
}

}  // namespace

std::string server_json(const RuntimeStatus& server) {
  return dump_json(server_object(server));
}

std::string absent_json(const AbsentServer& server) {
  return dump_json(absent_object(server));
}

std::string error_json(const mcp::Error& error) {
  return dump_json(error_object(error));
}

std::string servers_json(const GatewayStatus& status) {
  ordered_json servers = ordered_json::array();
  auto absent = status.absent.begin();
  const auto add_absent = [&](std::size_t place) {
    for (; absent != status.absent.end() && absent->place <= place; ++absent)
      servers.push_back(absent_object(*absent));
  };
  for (std::size_t i = 0; i < status.servers.size(); ++i) {
    add_absent(i);
    servers.push_back(server_object(status.servers[i]));
  }
  add_absent(status.servers.size());
  return dump_json({{"gateway",
                     {{"version", status.version},
                      {"pid", status.pid},
                      {"mcpUrl", status.mcp_url},
                      {"adminUrl", status.admin_url},
                      {"accessTokens", status.access_tokens},
                      {"config", status.config_file},
                      {"ready", status.ready},
                      {"stopping", status.stopping},
                      {"started", rfc3339(status.started)},
                      {"settled", status.settled},
                      {"sessions", status.sessions},
                      {"streams", status.streams},
                      {"connections", status.connections},
                      {"spawned", status.spawned},
                      {"retiring", status.retiring},
                      {"reload", reload_json(status.reload)}}},
                    {"environments", ordered_json::parse(environments_json(status.environments))["environments"]},
                    {"servers", std::move(servers)},
                    {"clashes", status.clashes}});
}

std::string tools_json(const ToolTable& table, const std::string& server) {
  std::string out = R"({"tools":[)";
  bool first = true;
  for (const ToolRow& row : table.tools) {
    if (!server.empty() && row.server != server) continue;
    out += first ? R"({"name":)" : R"(,{"name":)";
    first = false;
    mcp::append_json_string(out, row.name);
    out += R"(,"server":)";
    mcp::append_json_string(out, row.server);
    out += R"(,"tool":)";
    mcp::append_json_string(out, row.tool);
    append_text_member(out, row.json, "title");
    append_text_member(out, row.json, "description");
    out.append(R"(,"definition":)").append(row.json).append("}");
  }
  out += R"(],"clashes":)";
  out += dump_json(ordered_json(table.clashes));
  out += "}";
  return out;
}

std::string missing_text(const GatewayStatus& status) {
  if (status.stopping) return "not ready: the gateway is stopping";
  if (status.ready) return "";
  std::string missing;
  for (const RuntimeStatus& server : status.servers) {
    if (!server.required || server.state == RuntimeState::ready || server.state == RuntimeState::dormant) continue;
    missing += (missing.empty() ? "" : ", ") + server.name.str() + " (" + std::string(to_string(server.state)) + ")";
  }
  return "not ready: " + (missing.empty() ? "a required server is broken in the configuration" : missing);
}

}  // namespace gateway
