#include <algorithm>
#include <thread>
#include <utility>
#include <vector>

#include "gateway/cli/admin_client.h"
#include "gateway/cli/gateway_access.h"
#include "gateway/cli/mcp_call.h"
#include "gateway/cli/progress_line.h"
#include "gateway/host/endpoint_url.h"
#include "mcp/json/text.h"

namespace gateway {

namespace {

using mcp::Result;

// A gateway that has just begun is worth waiting for, as clients' first list does.
constexpr auto kFirstStart = std::chrono::seconds(10);
constexpr auto kPause = std::chrono::milliseconds(100);

std::string text_member(std::string_view object, std::string_view name) {
  const std::string_view value = mcp::member(object, name);
  return mcp::decode_json_string(value);
}

/// The names of the servers that are on their very first start.
std::vector<std::string> first_starts(std::string_view servers_json) {
  std::vector<std::string> names;
  for (const std::string_view server : mcp::elements(mcp::member(servers_json, "servers"))) {
    const bool first = text_member(server, "state") == "starting" && mcp::member(server, "restarts") == "0";
    if (first) names.push_back(text_member(server, "name"));
  }
  return names;
}

class RemoteAccess final : public GatewayAccess {
 public:
  RemoteAccess(RunningGateway gateway, const Console& console) : gateway_(std::move(gateway)), console_(console) {}

  Result<std::string> servers() override { return ask("/api/v1/servers"); }

  void settle() override {}

  void await_tool(const std::string& profile, const std::string& tool) override {
    await([&](const std::vector<std::string>&) { return has_tool(profile, tool); });
  }

  void await_server(const std::string& server) override {
    await([&](const std::vector<std::string>& starting) { return std::ranges::find(starting, server) == starting.end(); });
  }

  Result<std::string> tools(const std::string& profile, const std::string& server) override {
    return ask(tools_target(profile, server));
  }

  Result<std::string> explain(const std::string& profile, const std::string& name) override {
    std::string target = "/api/v1/explain?name=" + percent_encode(name);
    if (!profile.empty()) target += "&profile=" + percent_encode(profile);
    await([&](const std::vector<std::string>&) {
      const auto answer = get(target);
      return !answer || mcp::elements(mcp::member(*answer, "starting")).empty();
    });
    return ask(target);
  }

  Result<std::string> call(const ToolQuestion& question, const OnProgress& on_progress) override {
    return call_over_http(endpoint_url(gateway_.mcp_url, question.profile), question, on_progress);
  }

 private:
  /// Until nobody is on its very first start, or it is `enough`.
  template <class Enough>
  void await(const Enough& enough) {
    ProgressLine progress(console_.err, console_.err_terminal, "starting");
    const auto until = std::chrono::steady_clock::now() + kFirstStart;
    while (std::chrono::steady_clock::now() < until) {
      const auto servers = get("/api/v1/servers");
      const auto starting = servers ? first_starts(*servers) : std::vector<std::string>();
      if (starting.empty() || enough(starting)) return;
      std::string names;
      for (const std::string& name : starting)
        names.append(names.empty() ? "" : ", ").append(name);
      progress.set("starting: " + names);
      std::this_thread::sleep_for(kPause);
    }
  }

  bool has_tool(const std::string& profile, const std::string& tool) {
    if (tool.empty()) return false;
    const auto table = get(tools_target(profile, ""));
    if (!table) return true;
    const auto entries = mcp::elements(mcp::member(*table, "tools"));
    return std::ranges::any_of(entries, [&](std::string_view entry) { return text_member(entry, "name") == tool; });
  }

  static std::string tools_target(const std::string& profile, const std::string& server) {
    std::string query;
    if (!profile.empty()) query += "&profile=" + percent_encode(profile);
    if (!server.empty()) query += "&server=" + percent_encode(server);
    if (!query.empty()) query.front() = '?';
    return "/api/v1/tools" + query;
  }

  /// get() with a progress line.
  Result<std::string> ask(const std::string& target) const {
    const ProgressLine progress(console_.err, console_.err_terminal, "asking the gateway");
    return get(target);
  }

  Result<std::string> get(const std::string& target) const { return ask_admin(gateway_, "GET", target); }

  const RunningGateway gateway_;
  const Console& console_;
};

}  // namespace

std::unique_ptr<GatewayAccess> make_remote_access(RunningGateway gateway, const Console& console) {
  return std::make_unique<RemoteAccess>(std::move(gateway), console);
}

}  // namespace gateway
