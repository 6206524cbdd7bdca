#pragma once

#include <functional>
#include <future>
#include <optional>
#include <utility>

#include "gateway/admin/status.h"

namespace gateway {

inline std::chrono::system_clock::time_point at_milliseconds(std::int64_t since_epoch) {
  return std::chrono::system_clock::time_point(std::chrono::milliseconds(since_epoch));
}

/// The token that admits to the admin API.
inline constexpr const char* kToken = "0123456789abcdef";

/// What a gateway with a server of each kind says.
inline GatewayStatus sample_status() {
  GatewayStatus status{.version = "1.2.3",
                       .pid = 4321,
                       .mcp_url = "http://127.0.0.1:7332/mcp",
                       .admin_url = "http://127.0.0.1:7333",
                       .config_file = "/etc/switchyard.json",
                       .started = at_milliseconds(1'700'000'000'000)};
  status.access_tokens = {"ci", "ana"};
  status.sessions = 3;
  status.streams = 2;
  status.connections = 5;
  status.spawned = 7;
  status.left = 2;
  RuntimeStatus files{
      .name = ServerName("files"), .state = RuntimeState::ready, .transport = "stdio", .target = "npx -y files-mcp"};
  files.since = at_milliseconds(1'700'000'001'500);
  files.pid = 99;
  files.restarts = 1;
  files.tools = 14;
  files.prompts = 3;
  files.resources = 20;
  files.templates = 1;
  files.open_calls = 2;
  files.queued = 3;
  files.usage = mcp::ProcessUsage{.processes = 4, .memory = std::uint64_t{85} << 20};
  files.questions = 1;
  files.version = "2025-11-25";
  RuntimeStatus linear{.name = ServerName("linear"),
                       .state = RuntimeState::backing_off,
                       .transport = "http",
                       .target = "https://mcp.example.com/mcp"};
  linear.since = at_milliseconds(1'700'000'002'000);
  linear.retry_at = at_milliseconds(1'700'000'012'000);
  linear.cause = mcp::Error{mcp::ErrorCode::connect_failed, "cannot connect", "Is it running?"};
  linear.required = true;
  status.servers = {files, linear};
  status.clashes = {"two \"clashes\""};
  status.absent = {{ServerName("off"),
                    {mcp::ErrorCode::server_unavailable, "it is switched off", "Enable it."},
                    AbsentServer::Kind::disabled,
                    false,
                    1},
                   {ServerName("bad"), {mcp::ErrorCode::variable_missing, "KEY is not set"}, AbsentServer::Kind::broken, false, 2}};
  return status;
}

/// Something of each kind.
inline Plan sample_plan() {
  Plan plan;
  plan.servers.push_back({.name = ServerName("files"), .presentation = {"tools.deny"}});
  plan.servers.back().views.push_back({.view = "/mcp", .gained = {"files__new"}, .lost = {"files__old"}});
  plan.servers.push_back({.name = ServerName("docs"), .before = ServerName("notes"), .action = ServerAction::rename});
  plan.servers.push_back({.name = ServerName("linear"), .action = ServerAction::restart, .connection = {"env KEY changed"}});
  plan.settings = {{"listen", SettingStep::Effect::needs_restart}, {"startupWait", SettingStep::Effect::applied}};
  plan.warnings = {"f:1:2: odd"};
  return plan;
}

inline ToolTable sample_tools() {
  ToolTable table;
  table.tools.push_back({"files__read", "files", "read", R"({"name":"files__read","description":"Reads\na file","n":1.50})"});
  table.tools.push_back({"linear__add", "linear", "add\"", R"({"name":"linear__add","title":"Add","description":7})"});
  table.clashes = {"one \"clash\""};
  return table;
}

/// A tool that a filter keeps back.
inline ExplainAnswer sample_answer() {
  ExplainAnswer answer{.asked = "files__write", .view = "/mcp"};
  Explanation match{.server = ServerName("files"), .tool = ToolName("write"), .callable = CallableName("files__write")};
  match.verdict = "not callable: denied";
  for (std::size_t i = 0; i < kExplainStages; ++i)
    match.steps.push_back({.stage = static_cast<ExplainStage>(i)});
  match.steps[0] = {.stage = ExplainStage::configuration, .outcome = StepOutcome::passed, .found = "in f"};
  match.steps[0].facts = {{"enabled", true}, {"file", std::string("f\"")}};
  match.steps[1] = {.stage = ExplainStage::runtime, .outcome = StepOutcome::warning, .found = "ready.", .remedy = "Do it."};
  match.steps[1].facts = {{"state", std::string("ready")}, {"since", ExplainFact::Time(std::chrono::seconds(1'000'000'000))}};
  match.steps[2] = {.stage = ExplainStage::login, .outcome = StepOutcome::not_applicable, .found = "a program"};
  match.steps[3] = {.stage = ExplainStage::discovery, .outcome = StepOutcome::passed, .found = "listed"};
  match.steps[3].facts = {{"tools", std::int64_t{14}}, {"onlyFor", std::vector<std::string>{"{}"}}};
  match.steps[4] = {.stage = ExplainStage::filter,
                    .outcome = StepOutcome::failed,
                    .found = "denied",
                    .reason = mcp::ErrorCode::tool_filtered,
                    .remedy = "Allow it."};
  answer.matches.push_back(std::move(match));
  return answer;
}

/// Answers with samples, or with an error; can be made to wait.
class FakeSource : public AdminSource {
 public:
  mcp::Result<GatewayStatus> status() override {
    if (asked) std::exchange(asked, std::nullopt)->set_value();
    if (gate.valid()) gate.wait();
    if (error) return std::unexpected(*error);
    return answer;
  }

  mcp::Result<ToolTable> tools(const std::string& profile) override {
    if (!profile.empty() && profile != "coding") {
      return mcp::fail(mcp::ErrorCode::config_invalid, "there is no profile \"" + profile + "\"", "There are: coding.");
    }
    return table;
  }

  EventLog& events() override { return log; }

  mcp::Result<Moment> moment() override {
    if (error) return std::unexpected(*error);
    Moment now{answer, log.last()};
    if (on_moment) on_moment();
    return now;
  }

  mcp::Result<ExplainAnswer> explain(const ExplainQuestion& question) override {
    requests.push_back("explain " + question.name + " " + question.profile);
    if (auto known = tools(question.profile); !known) return std::unexpected(known.error());
    return explained;
  }

  mcp::Result<Plan> plan(const std::string& file) override {
    requests.push_back("plan " + file);
    return planned;
  }

  mcp::Result<Plan> reload() override {
    requests.emplace_back("reload");
    return planned;
  }

  mcp::Result<Plan> announce(const Announcement& said) override {
    const std::string available = !said.available ? "as configured" : *said.available ? "there" : "away";
    requests.push_back(said.environment + " " + available + " " + said.instance);
    return planned;
  }

  ExplainAnswer explained = sample_answer();
  mcp::Result<Plan> planned = sample_plan();
  std::vector<std::string> requests;  // for plans and what makes them
  EventLog log;
  std::function<void()> on_moment;  // called when a moment() was taken, before it is returned
  GatewayStatus answer = sample_status();
  ToolTable table = sample_tools();
  std::optional<mcp::Error> error;
  std::optional<std::promise<void>> asked;  // set when status() is first called
  std::shared_future<void> gate;            // where valid, status() waits for it
};

}  // namespace gateway
