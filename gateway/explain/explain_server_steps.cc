#include <algorithm>
#include <utility>
#include <variant>

#include "gateway/config/jsonc.h"
#include "gateway/config/shell_word.h"
#include "gateway/config/words.h"
#include "gateway/explain/explain_steps.h"
#include "gateway/upstream/call_gate.h"
#include "gateway/upstream/circuit_breaker.h"
#include "gateway/upstream/sandbox_advice.h"
#include "mcp/base/ascii.h"
#include "mcp/base/login_reason.h"
#include "mcp/base/percent.h"

namespace gateway {

using mcp::Error;
using mcp::ErrorCode;

namespace {

/// What brings an environment back.
std::string environment_remedy(const Config& config, const std::string& name) {
  const auto spec = std::ranges::find(config.environments, name, &EnvironmentSpec::name);
  const std::string announce = "PUT /api/v1/environments/" + mcp::percent_encode(name) + "?available=true on the admin listener";
  if (spec != config.environments.end() && !spec->path.empty())
    return "It comes back when " + spec->path + " exists, or with " + announce + ".";
  if (spec != config.environments.end() && !spec->probe.empty())
    return "It comes back when its probe, " + quoted(spec->probe.front()) + ", ends with 0, or with " + announce + ".";
  return "Say that it is there: " + announce + ", or \"available\": true in " + path_of_key("environments", name) + ".";
}

Error absence_error(const Config& config, const ExplainedServer& server) {
  Error why = server.absent->why;
  if (server.absent->kind == AbsentServer::Kind::environment && server.spec != nullptr)
    why.remedy = environment_remedy(config, server.spec->environment);
  return why;
}

void add_runtime_facts(const RuntimeStatus& status, ExplainStep& step) {
  const auto add = [&step](const char* name, auto value) { step.facts.push_back({name, std::move(value)}); };
  add("state", std::string(to_string(status.state)));
  add("since", status.since);
  add("transport", status.transport);
  add("target", status.target);
  if (!status.phase.empty()) add("phase", status.phase);
  if (status.pid) add("pid", std::int64_t{*status.pid});
  if (status.retry_at) add("retryAt", *status.retry_at);
  if (status.open_until) add("openUntil", *status.open_until);
  if (status.queued > 0) add("queued", static_cast<std::int64_t>(status.queued));
  if (!status.denied.empty()) add("sandboxDenied", status.denied);
}

/// One that takes requests.
ExplainStep serving_step(const ExplainScene& scene, const ExplainedServer& server, ExplainStep step) {
  const RuntimeStatus& status = *server.status;
  if (status.open_until) {
    return failed_step(step,
                       {ErrorCode::server_unavailable,
                        "it is left alone for a while, because " + std::to_string(CircuitBreaker::kFailures) +
                            " requests in a row were not answered; calls fail at once",
                        "It is tried again by itself. Where that goes on, look at the server: switchyard inspect " +
                            shell_word(server.name.str())});
  }
  if (status.queued >= CallGate::kMaxQueued) {
    return failed_step(step,
                       {ErrorCode::overloaded,
                        counted(status.queued, "call") + " wait for their turn, and no more are taken",
                        "Raise " + place_of(scene, server, "maxConcurrent") + ", or try again when they are done."});
  }
  step.outcome = StepOutcome::passed;
  step.found = "ready";
  if (status.state == RuntimeState::dormant) step.found = "not running; the first call starts it";
  if (status.state == RuntimeState::starting) {
    step.found = "starting" + (status.phase.empty() ? "" : " (" + status.phase + ")") + "; calls wait for it";
    if (status.cause) return warning_step(step, step.found + ". Before, it was lost: " + status.cause->message);
  }
  if (status.pid && status.state == RuntimeState::ready && scene.running) step.found += ", pid " + std::to_string(*status.pid);
  if (server.spec != nullptr && server.spec->isolation != Isolation::shared) {
    const bool user = server.spec->isolation == Isolation::per_user;
    step.found += std::string("; calls go to one that each ") + (user ? "user" : "client session") + " has of its own";
  }
  if (status.queued > 0) step.found += "; " + counted(status.queued, "call") + " in the queue (maxConcurrent)";
  if (status.denied.empty()) return step;
  return warning_step(step,
                      step.found + "; its sandbox denied it: " + joined(status.denied),
                      sandbox_advice(status.denied, place_of(scene, server, "sandbox")));
}

}  // namespace

ExplainStep down_step(const ExplainScene& scene, const RuntimeStatus& status, ExplainStep step) {
  Error cause = status.cause.value_or(Error{ErrorCode::server_unavailable, "it is down"});
  const bool over = status.state == RuntimeState::failed;
  if (over && scene.running) {
    cause.remedy += cause.remedy.empty() ? "Mend that, then run \"switchyard reload\"." : " Then run \"switchyard reload\".";
  } else if (cause.remedy.empty()) {
    cause.remedy = over || !scene.running ? "Mend that." : "It is tried again by itself; the cause is what to mend.";
  }
  return failed_step(step, std::move(cause));
}

bool wants_login(const RuntimeStatus& status) {
  const bool down = status.state == RuntimeState::backing_off || status.state == RuntimeState::failed;
  return down && status.cause && mcp::is_login_reason(status.cause->code);
}

ExplainStep configuration_step(const ExplainScene& scene, const ExplainSubject& subject) {
  const ExplainedServer& server = *subject.server;
  ExplainStep step{.stage = ExplainStage::configuration};
  step.facts.push_back({"file", scene.config->file});
  step.facts.push_back({"path", place_of(scene, server)});
  if (server.spec != nullptr) step.facts.push_back({"enabled", server.spec->enabled});
  if (server.spec != nullptr && !server.spec->environment.empty()) step.facts.push_back({"environment", server.spec->environment});
  if (scene.profile != nullptr) {
    std::vector<std::string> servers;
    servers.reserve(scene.profile->servers.size());
    for (const ServerName& one : scene.profile->servers)
      servers.push_back(one.str());
    step.facts.push_back({"profile", scene.profile->name});
    step.facts.push_back({"profileServers", std::move(servers)});
  }
  const bool away = server.absent && server.absent->kind == AbsentServer::Kind::environment;
  if (server.absent && !away) return failed_step(step, absence_error(*scene.config, server));
  if (!server.in_view) {
    const std::string& profile = scene.profile->name;
    return failed_step(step,
                       {subject.tool.empty() ? ErrorCode::server_unavailable : ErrorCode::unknown_tool,
                        "the profile " + quoted(profile) + " does not have the server " + shown_name(server),
                        "Add " + shown_name(server) + " to " + path_of_key("profiles", profile) + ".servers in " + file_of(scene) +
                            ", or use /mcp."});
  }
  if (away) return failed_step(step, absence_error(*scene.config, server));
  step.outcome = StepOutcome::passed;
  step.found = place_of(scene, server) + " in " + file_of(scene);
  if (scene.profile != nullptr) step.found += ", in the profile " + quoted(scene.profile->name);
  return step;
}

ExplainStep runtime_step(const ExplainScene& scene, const ExplainSubject& subject) {
  const ExplainedServer& server = *subject.server;
  const RuntimeStatus& status = *server.status;
  ExplainStep step{.stage = ExplainStage::runtime};
  add_runtime_facts(status, step);
  if (wants_login(status)) {
    step.outcome = StepOutcome::passed;
    step.found = "it can be reached, but serves nobody without a login (" + std::string(to_string(status.state)) + ")";
    return step;
  }
  switch (status.state) {
    case RuntimeState::backing_off:
    case RuntimeState::failed:
      return down_step(scene, status, std::move(step));
    case RuntimeState::stopped:
      return failed_step(step, {ErrorCode::shutting_down, "it is stopped: the gateway is ending", "Start the gateway again."});
    case RuntimeState::starting:
    case RuntimeState::ready:
    case RuntimeState::dormant:
      break;
  }
  return serving_step(scene, server, std::move(step));
}

ExplainStep failed_step(ExplainStep& step, Error error) {
  step.outcome = StepOutcome::failed;
  step.reason = error.code;
  step.found = std::move(error.message);
  step.remedy = std::move(error.remedy);
  return std::move(step);
}

ExplainStep warning_step(ExplainStep& step, std::string found, std::string remedy) {
  step.outcome = StepOutcome::warning;
  step.found = std::move(found);
  step.remedy = std::move(remedy);
  return std::move(step);
}

ExplainStep idle_step(ExplainStep& step, std::string why) {
  step.outcome = StepOutcome::not_applicable;
  step.found = std::move(why);
  return std::move(step);
}

std::string shown_name(const ExplainedServer& server) {
  return quoted(server.name.str());
}

std::string place_of(const ExplainScene& scene, const ExplainedServer& server, std::string_view key) {
  const std::string below(key);
  // Other clients have other keys above their entries.
  if (scene.config->foreign) return (below.empty() ? "" : below + " of ") + "the entry " + shown_name(server);
  const std::string entry = path_of_key("mcpServers", server.name.str());
  return below.empty() ? entry : entry + "." + below;
}

std::string file_of(const ExplainScene& scene) {
  return scene.config->file.empty() ? "the configuration" : scene.config->file;
}

}  // namespace gateway
