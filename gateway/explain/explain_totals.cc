#include <algorithm>
#include <utility>

#include "gateway/config/jsonc.h"
#include "gateway/config/shell_word.h"
#include "gateway/config/words.h"
#include "gateway/explain/explain_steps.h"

namespace gateway {

using mcp::Error;
using mcp::ErrorCode;

namespace {

/// What became of each of a server's tools.
struct Fates {
  std::vector<std::string> filtered, unnamed;
  std::vector<std::string> offered;  // callable names
  std::size_t renamed = 0;           // offered otherwise than as SERVER__TOOL
};

Fates fates_of(const ExplainScene& scene, const ExplainedServer& server) {
  Fates fates;
  const std::string plain = server.name.str() + "__";
  for (const NamedList::Fate& fate : scene.projection->tools().fates_of(server.name)) {
    const std::string& own = fate.route->own_name.str();
    switch (fate.kind) {
      case NamedList::Fate::Kind::filtered:
        fates.filtered.push_back(own);
        break;
      case NamedList::Fate::Kind::name_taken:
        fates.unnamed.push_back(own);
        break;
      case NamedList::Fate::Kind::offered:
        fates.offered.push_back(fate.route->callable.str());
        if (fates.offered.back() != plain + own) ++fates.renamed;
        break;
    }
  }
  return fates;
}

/// The first few of them.
std::string some_of(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 5;
  const auto shown = static_cast<std::ptrdiff_t>(std::min(names.size(), kShown));
  const std::string text = joined({names.begin(), names.begin() + shown});
  return names.size() > kShown ? text + ", …" : text;
}

bool has_tools(const ExplainedServer& server) {
  return !server.catalog->tools().empty();
}

constexpr const char* kNoTools = "it has no tools";

}  // namespace

bool is_unread(const ExplainedServer& server) {
  return !server.status->was_read;
}

Error unread_error(const ExplainedServer& server) {
  return {ErrorCode::server_unavailable,
          "server " + shown_name(server) + " is starting, and which tools it has was not read yet",
          "Ask again in a moment; \"switchyard status " + shell_word(server.name.str()) + "\" says how far it is."};
}

std::string too_many_text(const ExplainScene& scene) {
  const std::size_t tools = scene.projection->tools().routes().size();
  if (tools <= kClientTools) return "";
  return scene.view() + " offers " + counted(tools, "tool") + "; GitHub Copilot takes " + std::to_string(kClientTools) +
         " in one request";
}

ExplainStep all_discovery_step(const ExplainScene&, const ExplainSubject& subject) {
  const ExplainedServer& server = *subject.server;
  ExplainStep step{.stage = ExplainStage::discovery};
  if (is_unread(server)) return failed_step(step, unread_error(server));
  std::string counts;
  for (const CatalogKind kind : kEachKind) {
    const std::size_t count = server.catalog->entries(kind).size();
    step.facts.push_back({std::string(words_of(kind).member), static_cast<std::int64_t>(count)});
    if (count == 0 && kind != CatalogKind::tools) continue;
    counts += (counts.empty() ? "" : ", ") + counted(count, words_of(kind).noun);
  }
  step.outcome = StepOutcome::passed;
  step.found = "it lists " + counts;
  if (server.status->stale) {
    step.facts.push_back({"stale", true});
    step.found += ", as last known; they were not read since the gateway started";
  }
  const auto& refused = server.catalog->list(CatalogKind::tools)->refused;
  if (refused.empty()) return step;
  step.facts.push_back({"refused", refused});
  return warning_step(step,
                      step.found + "; " + counted(refused.size(), "tool") + " cannot be offered: " + refused.front(),
                      "That is for who makes the server: switchyard inspect " + shell_word(server.name.str()));
}

ExplainStep all_filter_step(const ExplainScene& scene, const ExplainSubject& subject) {
  const ExplainedServer& server = *subject.server;
  ExplainStep step{.stage = ExplainStage::filter};
  if (!has_tools(server)) return idle_step(step, kNoTools);
  const Fates fates = fates_of(scene, server);
  const std::size_t all = server.catalog->tools().size();
  step.facts.push_back({"filtered", fates.filtered});
  if (fates.filtered.size() == all) {
    return failed_step(step,
                       {ErrorCode::tool_filtered,
                        "tools.allow and tools.deny of server " + shown_name(server) + " leave none of its " + counted(all, "tool"),
                        "Change " + place_of(scene, server, "tools") + " in " + file_of(scene) + "."});
  }
  step.outcome = StepOutcome::passed;
  step.found = "tools.allow and tools.deny leave all of them";
  if (!fates.filtered.empty()) {
    step.found = "tools.allow and tools.deny leave " + std::to_string(all - fates.filtered.size()) + " of " + counted(all, "tool") +
                 "; hidden: " + some_of(fates.filtered);
  }
  return step;
}

ExplainStep all_name_step(const ExplainScene& scene, const ExplainSubject& subject) {
  const ExplainedServer& server = *subject.server;
  ExplainStep step{.stage = ExplainStage::name};
  if (!has_tools(server)) return idle_step(step, kNoTools);
  const Fates fates = fates_of(scene, server);
  step.facts.push_back({"callable", fates.offered});
  if (!fates.unnamed.empty()) step.facts.push_back({"nameTaken", fates.unnamed});
  step.outcome = StepOutcome::passed;
  step.found = some_of(fates.offered);
  if (fates.renamed > 0) step.found += "; " + std::to_string(fates.renamed) + " of them not as " + server.name.str() + "__TOOL";
  if (fates.unnamed.empty()) return step;
  return warning_step(step,
                      step.found + "; the names of others have: " + some_of(fates.unnamed),
                      "Ask for one of these: switchyard explain " + shell_word(server.name.str() + "/" + fates.unnamed.front()));
}

ExplainStep all_client_step(const ExplainScene& scene, const ExplainSubject& subject) {
  ExplainStep step{.stage = ExplainStage::client};
  if (!has_tools(*subject.server)) return idle_step(step, kNoTools);
  const Fates fates = fates_of(scene, *subject.server);
  std::vector<std::string> longest;
  for (const std::string& name : fates.offered) {
    if (name.size() + kClientPrefix > kClientNames) longest.push_back(name);
  }
  const std::size_t tools = scene.projection->tools().routes().size();
  step.facts.push_back({"tools", static_cast<std::int64_t>(tools)});
  if (!longest.empty()) {
    step.facts.push_back({"long", longest});
    return warning_step(
        step,
        counted(longest.size(), "name") + " over " + std::to_string(kClientNames) +
            " characters with a prefix such as mcp__switchyard__, which many clients leave out: " + some_of(longest),
        "Lower maxNameLength to 46.");
  }
  if (std::string many = too_many_text(scene); !many.empty())
    return warning_step(step, std::move(many), "Offer fewer: tools.allow, tools.deny, or a profile.");
  step.outcome = StepOutcome::passed;
  step.found = scene.view() + " offers " + counted(tools, "tool") + " in all";
  return step;
}

}  // namespace gateway
