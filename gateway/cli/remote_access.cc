#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "gateway/cli/admin_client.h"
#include "gateway/cli/event_client.h"
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

/// Which servers are on their very first start, as events tell.
class FirstStarts {
 public:
  void note(const StreamEvent& event) {
    if (event.type == "snapshot") phases_.clear();
    for (const std::string_view server : servers_in(event))
      note_server(server);
  }

  bool empty() const { return phases_.empty(); }
  bool has(const std::string& server) const { return phases_.contains(server); }

  /// "starting: files (initialize), linear (connect)".
  std::string text() const {
    std::string names;
    for (const auto& [name, phase] : phases_)
      names += (names.empty() ? "" : ", ") + name + (phase.empty() ? "" : " (" + phase + ")");
    return "starting: " + names;
  }

 private:
  void note_server(std::string_view server) {
    const bool first = mcp::string_member(server, "state") == "starting" && mcp::member(server, "restarts") == "0";
    const std::string name = mcp::string_member(server, "name");
    if (first) {
      phases_[name] = mcp::string_member(server, "phase");
    } else {
      phases_.erase(name);
    }
  }

  std::map<std::string, std::string> phases_;
};

class RemoteAccess final : public GatewayAccess {
 public:
  RemoteAccess(RunningGateway gateway, const Console& console) : gateway_(std::move(gateway)), console_(console) {}

  Result<std::string> servers() override { return ask("/api/v1/servers"); }

  void settle() override {}

  void await_tool(const std::string& profile, const std::string& tool) override {
    await([&](const FirstStarts&) { return has_tool(profile, tool); });
  }

  void await_server(const std::string& server) override {
    await([&](const FirstStarts& starting) { return !starting.has(server); });
  }

  Result<std::string> tools(const std::string& profile, const std::string& server) override {
    return ask(tools_target(profile, server));
  }

  Result<std::string> explain(const std::string& profile, const std::string& name) override {
    std::string target = "/api/v1/explain?name=" + percent_encode(name);
    if (!profile.empty()) target += "&profile=" + percent_encode(profile);
    await([&](const FirstStarts&) {
      const auto answer = get(target);
      return !answer || mcp::elements(mcp::member(*answer, "starting")).empty();
    });
    return ask(target);
  }

  Result<std::string> call(const ToolQuestion& question, const OnProgress& on_progress) override {
    const std::string url = endpoint_url(gateway_.local_url, question.profile);
    return call_over_http(url, gateway_.mcp_token, question, on_progress);
  }

 private:
  /// Until nobody is on its very first start, or it is `enough`.
  void await(const std::function<bool(const FirstStarts&)>& enough) {
    ProgressLine progress(console_.err, console_.err_terminal, "starting");
    FirstStarts starting;
    // Where that cannot be learnt, what is asked for next says why.
    [[maybe_unused]] const auto end =
        follow_events(gateway_, "", std::chrono::steady_clock::now() + kFirstStart, [&](const StreamEvent& event) {
          starting.note(event);
          if (starting.empty() || enough(starting)) return false;
          progress.set(starting.text());
          return true;
        });
  }

  bool has_tool(const std::string& profile, const std::string& tool) {
    if (tool.empty()) return false;
    const auto table = get(tools_target(profile, ""));
    if (!table) return true;
    const auto entries = mcp::elements(mcp::member(*table, "tools"));
    return std::ranges::any_of(entries, [&](std::string_view entry) { return mcp::string_member(entry, "name") == tool; });
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
