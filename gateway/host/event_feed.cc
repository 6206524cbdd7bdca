#include "gateway/host/event_feed.h"

#include <algorithm>
#include <utility>

#include "gateway/admin/admin_views.h"
#include "gateway/admin/plan_view.h"
#include "gateway/admin/time_text.h"
#include "mcp/json/text.h"

namespace gateway {

namespace {

constexpr std::size_t kMostNames = 20;

/// The beginning of an event, an object that is still open.
std::string begin() {
  return R"({"at":")" + rfc3339(std::chrono::system_clock::now()) + "\"";
}

/// Appends ,"member":[…], and returns how many names are not in it.
std::size_t append_names(std::string& out, std::string_view member, const std::vector<std::string>& names) {
  const std::size_t shown = std::min(names.size(), kMostNames);
  out.append(",\"").append(member).append("\":[");
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) out += ',';
    mcp::append_json_string(out, names[i]);
  }
  out += ']';
  return names.size() - shown;
}

std::string_view truth(bool value) {
  return value ? "true" : "false";
}

}  // namespace

void EventFeed::server_changed(const RuntimeStatus& server) {
  log_.add("server", server.name.str(), begin() + R"(,"server":)" + server_json(server) + "}");
}

void EventFeed::server_absent(const AbsentServer& server) {
  log_.add("server", server.name.str(), begin() + R"(,"server":)" + absent_json(server) + "}");
}

void EventFeed::server_removed(const ServerName& server) {
  log_.add("server", server.str(), begin() + R"(,"server":{"name":)" + mcp::json_string(server.str()) + R"(,"state":"removed"}})");
}

Gateway::Listener EventFeed::listener(std::function<void(const Runtime&)> after_server_change) {
  return {.server_changed =
              [this, after = std::move(after_server_change)](const Runtime& server) {
                server_changed(server.status());
                after(server);
              },
          .server_absent = [this](const AbsentServer& server) { server_absent(server); },
          .server_removed = [this](const ServerName& server) { server_removed(server); },
          .tools_changed = [this](const ServerName& server, const ToolChanges& changes) { tools_changed(server, changes); }};
}

void EventFeed::tools_changed(const ServerName& server, const ToolChanges& changes) {
  std::string data = begin() + R"(,"server":)";
  mcp::append_json_string(data, server.str());
  std::size_t more = append_names(data, "gained", changes.gained);
  more += append_names(data, "lost", changes.lost);
  more += append_names(data, "changed", changes.changed);
  if (more > 0) data += ",\"more\":" + std::to_string(more);
  log_.add("tools", server.str(), data + "}");
}

void EventFeed::reloaded(const std::string& trigger, const mcp::Result<Plan>& outcome) {
  std::string data = begin() + R"(,"trigger":)";
  mcp::append_json_string(data, trigger);
  data += outcome ? R"(,"plan":)" + plan_json(*outcome) : R"(,"error":)" + error_json(outcome.error());
  log_.add("reload", "", data + "}");
}

void EventFeed::environments_changed(const EnvironmentStates& environments) {
  EnvironmentStates changed;
  for (const auto& [name, state] : environments) {
    const auto before = environments_.find(name);
    const bool same =
        before != environments_.end() && before->second.available == state.available && before->second.instance == state.instance;
    if (!same) changed.insert({name, state});
  }
  environments_ = environments;
  if (changed.empty()) return;
  const std::string shown = environments_json(changed);
  log_.add("environments", "", begin() + R"(,"environments":)" + std::string(mcp::member(shown, "environments")) + "}");
}

void EventFeed::gateway_is(const GatewayState& state) {
  if (state_ == state) return;
  state_ = state;
  std::string data = begin();
  data.append(",\"ready\":").append(truth(state.ready));
  data.append(",\"settled\":").append(truth(state.settled));
  data.append(",\"stopping\":").append(truth(state.stopping));
  log_.add("gateway", "", data + "}");
}

}  // namespace gateway
