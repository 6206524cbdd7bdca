// switchyard plan, switchyard reload
#include <algorithm>
#include <ostream>
#include <set>
#include <vector>

#include "gateway/admin/plan_view.h"
#include "gateway/cli/admin_client.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/event_client.h"
#include "gateway/cli/event_text.h"
#include "gateway/cli/progress_line.h"
#include "gateway/cli/report.h"
#include "gateway/cli/table.h"
#include "gateway/cli/text.h"
#include "gateway/config/config_file.h"
#include "gateway/host/endpoint_url.h"
#include "mcp/json/text.h"

namespace gateway {

namespace {

constexpr auto kPatience = std::chrono::seconds(90);
constexpr auto kOutcomes = std::chrono::seconds(60);  // until it is known what came of the servers that were started

Tone tone_of(std::string_view action) {
  if (action == "restart" || action == "stop") return Tone::bad;
  if (action == "start" || action == "rename") return Tone::good;
  return Tone::plain;
}

/// The names of tools that come or go, where they are few enough to be read.
std::string names_text(std::string_view names, std::string_view sign) {
  constexpr std::size_t kShown = 8;
  std::string text;
  std::size_t count = 0;
  for (const std::string_view name : mcp::elements(names)) {
    if (++count <= kShown) text += " " + std::string(sign) + mcp::decode_json_string(name);
  }
  if (count > kShown) text += " … (" + std::to_string(count) + ")";
  return text;
}

}  // namespace

std::string plan_text(std::string_view plan, const Console& console) {
  std::string text;
  for (const std::string_view server : mcp::elements(mcp::member(plan, "servers"))) {
    const std::string action = mcp::string_member(server, "action");
    std::string line = clean_line(mcp::string_member(server, "text"));
    if (line.starts_with(action)) line = toned(action, tone_of(action), console.colour) + line.substr(action.size());
    text += clean_line(mcp::string_member(server, "name")) + ": " + line + "\n";
    for (const std::string_view view : mcp::elements(mcp::member(server, "views"))) {
      const std::string names = names_text(mcp::member(view, "lost"), "-") + names_text(mcp::member(view, "gained"), "+");
      text += toned("  " + clean_line(mcp::string_member(view, "view") + ":" + names), Tone::faint, console.colour) + "\n";
    }
  }
  for (const std::string_view setting : mcp::elements(mcp::member(plan, "settings"))) {
    const bool later = mcp::string_member(setting, "effect") == "needs_restart";
    text +=
        clean_line(mcp::string_member(setting, "what")) + (later ? ": takes effect when the gateway is started again" : "") + "\n";
  }
  for (const std::string_view warning : mcp::elements(mcp::member(plan, "warnings")))
    text += toned("note: " + clean_line(mcp::decode_json_string(warning)), Tone::faint, console.colour) + "\n";
  return text;
}

namespace {

/// The gateway that runs and whose plans are asked for; nothing where none does.
mcp::Result<std::optional<RunningGateway>> find_gateway(const CommandContext& context) {
  auto running = find_running_gateway(context.state_dir());
  if (running && *running && (*running)->admin_url.empty()) return std::nullopt;
  return running;
}

Exit show(const CommandContext& context, const std::string& json, std::string_view last_line) {
  if (context.options.json) {
    context.console.out << json << "\n";
    return Exit::done;
  }
  context.console.out << plan_text(json, context.console);
  const bool nothing = mcp::member(json, "changesNothing") == "true";
  context.console.out << "\n" << (nothing ? "Nothing changes." : last_line) << "\n";
  return Exit::done;
}

/// Where no gateway runs, everything would be started.
Exit plan_of_start(const CommandContext& context) {
  const auto config = load_config(context.config_file(), context.environment.variables);
  if (!config) return report_failure(context, config.error());
  EnvironmentStates environments;
  for (const EnvironmentSpec& spec : config->environments) {
    const bool unknown = !spec.path.empty() || !spec.probe.empty();
    environments[spec.name] = {.available = spec.available || unknown, .instance = 1, .why = "nobody has said that it is"};
  }
  Plan plan = compare({}, {}, resolve(*config, environments, "")).plan;
  for (ServerStep& step : plan.servers) {
    if (step.action == ServerAction::start) step.why = "no gateway runs yet";
  }
  for (const Diagnostic& diagnostic : config->diagnostics)
    plan.warnings.push_back(diagnostic.text(config->file));
  return show(context, plan_json(plan), "No gateway runs. Start it with \"switchyard serve\".");
}

/// The servers that a plan starts.
std::set<std::string> started_by(std::string_view plan) {
  std::set<std::string> names;
  for (const std::string_view server : mcp::elements(mcp::member(plan, "servers"))) {
    const std::string action = mcp::string_member(server, "action");
    if (action == "start" || action == "restart") names.insert(mcp::string_member(server, "name"));
  }
  return names;
}

/// Waits until these have come to the end of their start: what became of each, an object of /api/v1/servers, in the order in which
/// that was known; those that are still starting at last.
mcp::Result<std::vector<std::string>> await_outcomes(const RunningGateway& gateway,
                                                     std::set<std::string> waiting,
                                                     const Console& console) {
  std::vector<std::string> outcomes;
  if (waiting.empty()) return outcomes;
  ProgressLine progress(console.err, console.err_terminal, "starting");
  const auto note = [&](std::string_view server) {
    const std::string name = mcp::string_member(server, "name");
    if (!waiting.contains(name)) return;
    if (mcp::string_member(server, "state") == "starting")
      return progress.set("starting: " + name + " (" + mcp::string_member(server, "phase") + ")");
    waiting.erase(name);
    outcomes.emplace_back(server);
  };
  const auto end = follow_events(gateway, "", std::chrono::steady_clock::now() + kOutcomes, [&](const StreamEvent& event) {
    std::ranges::for_each(servers_in(event), note);
    return !waiting.empty();
  });
  if (!end) return std::unexpected(end.error());
  if (*end == FollowEnd::closed) return mcp::fail(mcp::ErrorCode::connection_lost, "the gateway is stopping");
  for (const std::string& name : waiting)
    outcomes.push_back(R"({"name":)" + mcp::json_string(name) + R"(,"state":"starting"})");
  return outcomes;
}

/// The plan with a member "outcomes".
std::string with_outcomes(std::string plan, const std::vector<std::string>& outcomes) {
  plan.resize(plan.rfind('}'));
  plan += ",\"outcomes\":[";
  for (const std::string& server : outcomes)
    plan.append(plan.ends_with('[') ? "" : ",").append(server);
  return plan + "]}";
}

mcp::Result<std::string> ask_reload(const CommandContext& context, const RunningGateway& running) {
  const ProgressLine progress(context.console.err, context.console.err_terminal, "reloading");
  return ask_admin(running, "POST", "/api/v1/reload", kPatience);
}

}  // namespace

Exit run_plan(const CommandContext& context) {
  const auto running = find_gateway(context);
  if (!running) return report_failure(context, running.error());
  if (!*running) return plan_of_start(context);
  const std::string other = other_config(context, **running);
  const std::string query = other.empty() ? "" : "?config=" + percent_encode(other);
  const ProgressLine progress(context.console.err, context.console.err_terminal, "asking the gateway");
  const auto json = ask_admin(**running, "GET", "/api/v1/plan" + query, kPatience);
  if (!json) return report_failure(context, json.error());
  return show(context,
              *json,
              other.empty() ? "Apply it with \"switchyard reload\"."
                            : "That is what would happen if the file were in place of " + (*running)->config + ".");
}

Exit run_reload(const CommandContext& context, const ReloadCommand& command) {
  const auto running = running_gateway(context);
  if (!running) return report_failure(context, running.error());
  if (const std::string named = other_config(context, *running); !named.empty()) {
    return report_failure(
        context,
        {mcp::ErrorCode::config_invalid,
         "the gateway that runs (pid " + std::to_string(running->pid) + ") uses " + running->config + ", not " + named,
         "See what it would do with that file by \"switchyard plan --config " + named + "\"."});
  }
  const auto json = ask_reload(context, *running);
  if (!json) return report_failure(context, json.error());
  if (!context.options.json) show(context, *json, "Done: " + mcp::string_member(*json, "summary") + ".");
  context.console.out << std::flush;
  const auto outcomes = await_outcomes(*running, command.wait ? started_by(*json) : std::set<std::string>(), context.console);
  if (context.options.json) {
    context.console.out << (outcomes && command.wait ? with_outcomes(*json, *outcomes) : *json) << "\n";
  } else if (outcomes) {
    for (const std::string& server : *outcomes)
      context.console.out << outcome_text(server, context.console) << "\n";
  }
  // The reload was done all the same.
  if (!outcomes)
    report_note(context.console, "what became of the servers that were started is not known: " + outcomes.error().text());
  return Exit::done;
}

}  // namespace gateway
