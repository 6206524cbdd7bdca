#include "gateway/doctor/check_gateway.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "gateway/config/shell_word.h"
#include "gateway/config/words.h"
#include "gateway/upstream/sandbox_advice.h"
#include "mcp/json/text.h"

namespace gateway {

namespace {

using mcp::member;
using mcp::string_member;

constexpr std::string_view kGateway = "gateway";

class GatewayLook {
 public:
  explicit GatewayLook(const GatewayFacts& facts) : facts_(facts) {}

  Checks run() {
    if (!facts_.running) {
      list_.error(std::string(kGateway), facts_.running.error());
    } else if (!*facts_.running) {
      list_.note(std::string(kGateway), "none runs", "Start one with \"switchyard serve\".");
    } else {
      add_running(**facts_.running);
    }
    return list_.take();
  }

 private:
  void add_running(const RunningGateway& running) {
    if (!facts_.status) {
      list_.error(
          std::string(kGateway),
          facts_.status.error().message,
          "Where that lasts, end it (kill " + std::to_string(running.pid) + ") and start it again with \"switchyard serve\".");
      return;
    }
    const std::string_view gateway = member(*facts_.status, "gateway");
    std::string text = "runs, pid " + std::to_string(running.pid);
    if (const std::string started = string_member(gateway, "started"); !started.empty()) text += ", since " + started;
    const bool stopping = member(gateway, "stopping") == "true";
    list_.ok(std::string(kGateway), text + ", at " + running.mcp_url + (stopping ? ", and is stopping" : ""));
    add_version(string_member(gateway, "version"));
    add_configuration(running, gateway);
    add_servers();
  }

  void add_version(const std::string& version) {
    if (version == SWITCHYARD_VERSION) return;
    list_.warning("version",
                  "the gateway that runs is version " + version + ", this program is " SWITCHYARD_VERSION,
                  "Start the gateway again.");
  }

  void add_configuration(const RunningGateway& running, std::string_view gateway) {
    if (!facts_.other_config.empty()) {
      list_.warning("configuration",
                    "the gateway that runs has " + running.config + ", not " + facts_.other_config,
                    "Start it again with --config " + shell_word(facts_.other_config) +
                        ", or give that file a gateway of its own with --state DIR.");
    }
    const std::string_view problem = member(member(gateway, "reload"), "error");
    if (problem.empty()) return;
    list_.error("configuration",
                "the last change was not taken up, the one before it is in force: " + string_member(problem, "message"),
                string_member(problem, "remedy"));
  }

  void add_servers() {
    std::size_t all = 0, up = 0;
    for (const std::string_view server : mcp::elements(member(*facts_.status, "servers"))) {
      const std::string state = string_member(server, "state");
      if (state == "disabled") continue;
      ++all;
      if (state == "ready" || state == "dormant") ++up;
      const std::string name = string_member(server, "name");
      if (!facts_.servers.empty() && std::ranges::find(facts_.servers, name) == facts_.servers.end()) continue;
      add_server(name, state, server);
    }
    const std::string text = std::to_string(up) + " of " + counted(all, "server is up", "servers are up");
    if (all > 0) list_.ok("servers", text);
    if (!facts_.servers.empty()) return;
    const std::size_t clashes = mcp::elements(member(*facts_.status, "clashes")).size();
    if (clashes > 0) {
      list_.note("names",
                 counted(clashes, "thing is", "things are") + " not offered under the name the server gives",
                 "\"switchyard status\" says which, and why.");
    }
  }

  void add_server(const std::string& name, const std::string& state, std::string_view server) {
    const std::string_view cause = member(server, "cause");
    const std::string message = string_member(cause, "message");
    std::string text = state + (message.empty() ? "" : ": " + message);
    if (state == "starting" || state == "stopped" || state == "environment_absent") {
      list_.of_server().note(name, std::move(text), string_member(cause, "remedy"));
    } else if (state != "ready" && state != "dormant") {
      list_.of_server().error(name, std::move(text), next_step(name, state, server));
    }
    std::vector<std::string> denied;
    for (const std::string_view thing : mcp::elements(member(server, "sandboxDenied")))
      denied.push_back(mcp::decode_json_string(thing));
    if (!denied.empty()) {
      list_.of_server().warning(name, "its sandbox denied it: " + joined(denied), sandbox_advice(denied, "its \"sandbox\""));
    }
  }

  /// One that failed is not tried again by itself, and a program may say more of its trouble to whoever asks it alone.
  static std::string next_step(const std::string& name, const std::string& state, std::string_view server) {
    std::string remedy = string_member(member(server, "cause"), "remedy");
    const auto add = [&remedy](const std::string& sentence) { remedy += (remedy.empty() ? "" : " ") + sentence; };
    if (!remedy.empty() && !remedy.ends_with('.') && !remedy.ends_with('?')) remedy += '.';
    if (state == "broken") return remedy;
    if (string_member(server, "transport") == "stdio")
      add("See what it does when it is started alone: switchyard inspect " + shell_word(name) + ".");
    if (state == "failed") add("Then run \"switchyard reload\".");
    return remedy;
  }

  const GatewayFacts& facts_;
  CheckList list_{CheckGroup::gateway};
};

/// The group whose errors tell why a server is not up, as they stand at the server.
std::optional<CheckGroup> cause_of(const Checks& checks, const std::string& server) {
  const auto tells = [&server](const Check& check) {
    return check.of_server && check.group != CheckGroup::gateway && check.level == CheckLevel::error && check.subject == server;
  };
  const auto found = std::ranges::find_if(checks, tells);
  return found == checks.end() ? std::nullopt : std::optional(found->group);
}

}  // namespace

void count_once(Checks& checks) {
  for (Check& check : checks) {
    if (!check.of_server || check.group != CheckGroup::gateway || check.level != CheckLevel::error) continue;
    const auto cause = cause_of(checks, check.subject);
    if (!cause) continue;
    check.level = CheckLevel::note;
    check.remedy = *cause == CheckGroup::servers ? "See \"Servers\" below." : "See \"Configuration\" above.";
    if (check.message.starts_with("failed")) check.remedy += " Then run \"switchyard reload\".";
  }
}

Checks check_gateway(const GatewayFacts& facts) {
  return GatewayLook(facts).run();
}

}  // namespace gateway
