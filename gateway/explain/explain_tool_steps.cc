#include <algorithm>
#include <utility>

#include "gateway/catalog/callable_name.h"
#include "gateway/config/config_file.h"
#include "gateway/config/jsonc.h"
#include "gateway/config/near_name.h"
#include "gateway/config/shell_word.h"
#include "gateway/config/words.h"
#include "gateway/explain/explain_steps.h"
#include "mcp/json/text.h"

namespace gateway {

using mcp::Error;
using mcp::ErrorCode;

namespace {

const CatalogEntry* entry_of(const ExplainSubject& subject) {
  const auto& tools = subject.server->catalog->tools();
  const auto found = std::ranges::find(tools, subject.tool, &CatalogEntry::key);
  return found == tools.end() ? nullptr : &*found;
}

std::string_view text_of(TaskSupport support) {
  switch (support) {
    case TaskSupport::required:
      return "required";
    case TaskSupport::optional:
      return "optional";
    case TaskSupport::forbidden:
      break;
  }
  return "forbidden";
}

/// Its server does not have it.
Error missing_error(const ExplainSubject& subject) {
  const ExplainedServer& server = *subject.server;
  std::vector<std::string_view> names;
  for (const CatalogEntry& entry : server.catalog->tools())
    names.push_back(entry.key);
  Error error{ErrorCode::unknown_tool,
              "server " + shown_name(server) + " does not list a tool " + quoted(subject.tool) + " (it lists " +
                  counted(names.size(), "tool") + ")"};
  const std::string noted = "\"" + subject.tool + "\"";
  for (const std::string& line : server.catalog->list(CatalogKind::tools)->refused) {
    if (line.find(noted) != std::string::npos) error.message += "; " + line;
  }
  if (const auto near = nearest_name(subject.tool, names)) {
    error.remedy =
        "Did you mean " + quoted(*near) + "? Ask for it: switchyard explain " + shell_word(server.name.str() + "/" + *near);
  } else {
    error.remedy = "\"switchyard tools --server " + shell_word(server.name.str()) +
                   "\" lists those that are offered, \"switchyard inspect " + shell_word(server.name.str()) +
                   "\" what the server itself says.";
  }
  return error;
}

/// Why a tool is not called SERVER__TOOL, a phrase each.
std::vector<std::string> reasons_for(const ExplainSubject& subject, const ToolOverride* shown, const NameChanges& changes) {
  std::vector<std::string> reasons;
  if (shown != nullptr && !shown->name.empty())
    reasons.push_back("tools.override calls " + quoted(subject.tool) + " " + quoted(shown->name));
  if (changes.replaced) reasons.emplace_back("characters other than A-Z a-z 0-9 _ - are replaced");
  if (changes.shortened) reasons.emplace_back("it is cut to maxNameLength");
  if (changes.ambiguous_server) reasons.emplace_back("the server's name has \"__\" in it or ends in \"_\"");
  if (changes.like_suffix) reasons.emplace_back("the plain name ends as one with a hash does");
  if (changes.any()) reasons.emplace_back("so it ends in a hash that keeps it apart from others");
  return reasons;
}

std::string rename_remedy(const ExplainScene& scene, const ExplainSubject& subject) {
  return "Give it another name in " + place_of(scene, *subject.server, "tools") + ": \"override\": {" +
         mcp::json_string(subject.tool) + ": {\"name\": \"NEW_NAME\"}}";
}

}  // namespace

ExplainStep discovery_step(const ExplainScene& scene, const ExplainSubject& subject) {
  const ExplainedServer& server = *subject.server;
  ExplainStep step{.stage = ExplainStage::discovery};
  step.facts.push_back({"tools", static_cast<std::int64_t>(server.catalog->tools().size())});
  if (server.status->stale) step.facts.push_back({"stale", true});
  const CatalogEntry* entry = entry_of(subject);
  if (entry == nullptr) return failed_step(step, is_unread(server) ? unread_error(server) : missing_error(subject));
  const auto fate = scene.projection->tools().fate_of(server.name, subject.tool);
  const TaskSupport tasks = fate ? fate->route->tasks : TaskSupport::forbidden;
  if (tasks != TaskSupport::forbidden) step.facts.push_back({"taskSupport", std::string(text_of(tasks))});
  step.outcome = StepOutcome::passed;
  step.found = "the server lists it, among " + counted(server.catalog->tools().size(), "tool");
  if (server.status->stale) step.found += ", as last known; it was not read since the gateway started";
  if (tasks == TaskSupport::required) step.found += "; it runs as a task only, and a plain call is run as one";
  if (entry->only_for.empty()) return step;
  step.facts.push_back({"onlyFor", entry->only_for});
  return warning_step(step,
                      step.found + "; its server shows it only to clients that declare " + entry->only_for.front(),
                      "Use a client that can be asked that much (sampling, elicitation, roots).");
}

ExplainStep filter_step(const ExplainScene& scene, const ExplainSubject& subject) {
  const ExplainedServer& server = *subject.server;
  ExplainStep step{.stage = ExplainStage::filter};
  const Admission admission = admission_of(*server.spec, subject.tool);
  if (!admission.pattern.empty()) step.facts.push_back({"pattern", std::string(admission.pattern)});
  const std::string pattern = quoted(admission.pattern);
  const std::string tool = quoted(subject.tool);
  switch (admission.kind) {
    case Admission::Kind::denied:
      step.facts.push_back({"key", std::string("tools.deny")});
      return failed_step(step,
                         {ErrorCode::tool_filtered,
                          "tools.deny of server " + shown_name(server) + " has " + pattern + ", which fits " + tool,
                          "Take " + mcp::json_string(admission.pattern) + " out of " + place_of(scene, server, "tools.deny") +
                              " in " + file_of(scene) + ", or put patterns there that do not fit it."});
    case Admission::Kind::not_allowed:
      step.facts.push_back({"key", std::string("tools.allow")});
      return failed_step(step,
                         {ErrorCode::tool_filtered,
                          "no pattern of tools.allow of server " + shown_name(server) + " fits " + tool,
                          "Add " + mcp::json_string(subject.tool) + " to " + place_of(scene, server, "tools.allow") + " in " +
                              file_of(scene) + "."});
    case Admission::Kind::allowed:
      break;
  }
  step.outcome = StepOutcome::passed;
  step.facts.push_back({"key", std::string("tools.allow")});
  step.found = "tools.allow has " + pattern + ", and nothing in tools.deny fits";
  return step;
}

ExplainStep name_step(const ExplainScene& scene, const ExplainSubject& subject) {
  ExplainStep step{.stage = ExplainStage::name};
  const auto fate = scene.projection->tools().fate_of(subject.server->name, subject.tool);
  if (!fate) {
    return failed_step(step, {ErrorCode::server_unavailable, "the list is being made anew", "Ask again in a moment."});
  }
  const Route& route = *fate->route;
  const auto found = route.spec->tools_override.find(subject.tool);
  const ToolOverride* shown = found == route.spec->tools_override.end() ? nullptr : &found->second;
  const ToolName basis = shown != nullptr && !shown->name.empty() ? ToolName(shown->name) : route.own_name;
  const NameChanges changes = explained_name(route.server, basis, scene.naming.max_length).changes;
  const auto reasons = reasons_for(subject, shown, changes);
  step.facts.push_back({"callable", route.callable.str()});
  if (!reasons.empty()) step.facts.push_back({"because", reasons});
  if (fate->kind == NamedList::Fate::Kind::name_taken) {
    step.facts.push_back({"holder", fate->holder->server.str() + "/" + fate->holder->own_name.str()});
    return failed_step(step,
                       {ErrorCode::unknown_tool,
                        "its name " + route.callable.str() + " is that of " + quoted(fate->holder->own_name.str()) + " of server " +
                            quoted(fate->holder->server.str()),
                        rename_remedy(scene, subject)});
  }
  step.outcome = StepOutcome::passed;
  step.found = route.callable.str();
  if (!reasons.empty()) step.found += ": " + joined(reasons, "; ");
  return step;
}

ExplainStep client_step(const ExplainScene& scene, const ExplainSubject& subject) {
  ExplainStep step{.stage = ExplainStage::client};
  const auto fate = scene.projection->tools().fate_of(subject.server->name, subject.tool);
  const std::size_t length = fate ? fate->route->callable.str().size() : 0;
  const std::size_t place = fate ? fate->place : 0, page_size = std::max<std::size_t>(scene.config->list_page_size, 1);
  const auto add = [&step](const char* name, std::size_t value) { step.facts.push_back({name, static_cast<std::int64_t>(value)}); };
  add("length", length);
  add("tools", scene.projection->tools().routes().size());
  add("page", place / page_size + 1);
  step.outcome = StepOutcome::passed;
  step.found = counted(length, "character") + ", one of " + counted(scene.projection->tools().routes().size(), "tool");
  if (length + kClientPrefix > kClientNames) {
    return warning_step(step,
                        "its name has " + counted(length, "character") + "; with a prefix such as mcp__switchyard__ that is " +
                            std::to_string(length + kClientPrefix) + ", and many clients leave out names over " +
                            std::to_string(kClientNames),
                        "Lower maxNameLength to 46. " + rename_remedy(scene, subject));
  }
  if (place >= page_size) {
    return warning_step(
        step,
        "it is on page " + std::to_string(place / page_size + 1) + " of the list, and some clients read the first page alone",
        "Raise listPageSize in " + file_of(scene) + ", or offer fewer tools (tools.allow, profiles).");
  }
  if (std::string many = too_many_text(scene); !many.empty())
    return warning_step(step, std::move(many), "Offer fewer: tools.allow, tools.deny, or a profile.");
  return step;
}

}  // namespace gateway
