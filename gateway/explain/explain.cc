#include "gateway/explain/explain.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/config/jsonc.h"
#include "gateway/config/words.h"
#include "gateway/explain/explain_steps.h"
#include "gateway/explain/explain_subjects.h"

namespace gateway {

using mcp::Error;
using mcp::ErrorCode;

namespace {

using Step = ExplainStep (*)(const ExplainScene&, const ExplainSubject&);

constexpr std::array<Step, kExplainStages> kOfTool = {
    configuration_step, runtime_step, login_step, discovery_step, filter_step, name_step, client_step};
constexpr std::array<Step, kExplainStages> kOfServer = {
    configuration_step, runtime_step, login_step, all_discovery_step, all_filter_step, all_name_step, all_client_step};

std::string tool_verdict(const Explanation& walk, const ExplainSubject& subject, const std::string& asked) {
  std::string verdict = "callable as " + walk.callable.str();
  if (subject.as_callable && asked != walk.callable.str() && asked.find('/') == std::string::npos)
    verdict += ", not as " + quoted(asked);
  const ExplainStep& discovery = walk.steps[static_cast<std::size_t>(ExplainStage::discovery)];
  if (discovery.outcome == StepOutcome::warning) verdict += ", by clients that its server can ask something";
  return verdict;
}

std::string server_verdict(const ExplainScene& scene, const ExplainedServer& server) {
  const auto& routes = scene.projection->tools().routes();
  const auto offered = static_cast<std::size_t>(std::ranges::count(routes, server.name, &Route::server));
  return "serves " + counted(offered, "tool") + " at " + scene.view();
}

Explanation walk(const ExplainScene& scene, const ExplainSubject& subject, const std::string& asked) {
  const ExplainedServer& server = *subject.server;
  Explanation walk{.server = server.name, .tool = ToolName(subject.tool)};
  const bool tool = !subject.tool.empty();
  if (const auto fate = tool ? scene.projection->tools().fate_of(server.name, subject.tool) : std::nullopt) {
    walk.callable = fate->route->callable;
    walk.listed = fate->kind == NamedList::Fate::Kind::offered;
  }
  bool over = false;
  for (std::size_t i = 0; i < kExplainStages; ++i) {
    const Step look = tool ? kOfTool[i] : kOfServer[i];
    walk.steps.push_back(over ? ExplainStep{.stage = static_cast<ExplainStage>(i)} : look(scene, subject));
    over = over || walk.steps.back().outcome == StepOutcome::failed;
  }
  if (const ExplainStep* failed = walk.failed()) {
    walk.verdict = (tool ? "not callable: " : "not usable: ") + failed->found;
  } else {
    walk.verdict = tool ? tool_verdict(walk, subject, asked) : server_verdict(scene, server);
  }
  return walk;
}

Error unknown_error(const ExplainScene& scene, const std::string& asked) {
  if (const Route* prompt = scene.projection->prompts().find(asked)) {
    return {ErrorCode::unknown_tool,
            quoted(asked) + " is a prompt of server " + quoted(prompt->server.str()) + ", not a tool",
            "Agents get it with prompts/get."};
  }
  Error error{ErrorCode::unknown_tool, "no server and no tool is called " + quoted(asked)};
  error.remedy = scene.servers.empty() ? "No servers are configured: switchyard add NAME -- COMMAND, or --url URL."
                                       : "\"switchyard list\" shows the servers, \"switchyard tools\" the tools.";
  return error;
}

/// Those whose first start is not over, of these or of all.
std::vector<std::string> starting_of(const ExplainScene& scene, const ExplainAnswer& answer) {
  // What is known by the server's own name of it may be elsewhere, too.
  const bool certain = std::ranges::any_of(answer.matches, [&](const Explanation& match) {
    return match.callable.str() == answer.asked || (match.tool.empty() && match.server.str() == answer.asked);
  });
  std::vector<std::string> starting;
  for (const ExplainedServer& server : scene.servers) {
    const bool concerned = !certain || std::ranges::find(answer.matches, server.name, &Explanation::server) != answer.matches.end();
    if (server.first_start && concerned) starting.push_back(server.name.str());
  }
  return starting;
}

}  // namespace

ExplainAnswer explain(const ExplainScene& scene, const std::string& asked) {
  ExplainAnswer answer{.asked = asked, .running = scene.running, .view = scene.view()};
  for (const ExplainSubject& subject : find_subjects(scene, asked))
    answer.matches.push_back(walk(scene, subject, asked));
  answer.starting = starting_of(scene, answer);
  if (!answer.matches.empty()) return answer;
  answer.unknown = unknown_error(scene, asked);
  answer.near = near_names(scene, asked);
  return answer;
}

}  // namespace gateway
