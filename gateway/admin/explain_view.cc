#include "gateway/admin/explain_view.h"

#include <nlohmann/json.hpp>
#include <variant>

#include "gateway/admin/json_parts.h"
#include "gateway/admin/time_text.h"

namespace gateway {

namespace {

using nlohmann::ordered_json;

ordered_json fact_json(const ExplainFact& fact) {
  return std::visit(
      [](const auto& value) -> ordered_json {
        if constexpr (std::is_same_v<std::decay_t<decltype(value)>, ExplainFact::Time>) {
          return rfc3339(value);
        } else {
          return value;
        }
      },
      fact.value);
}

ordered_json step_json(const ExplainStep& step) {
  ordered_json json = {{"step", to_string(step.stage)}, {"outcome", to_string(step.outcome)}};
  if (!step.found.empty()) json["found"] = step.found;
  if (step.reason) json["reason"] = mcp::to_string(*step.reason);
  if (!step.remedy.empty()) json["remedy"] = step.remedy;
  for (const ExplainFact& fact : step.facts)
    json["facts"][fact.name] = fact_json(fact);
  return json;
}

ordered_json match_json(const Explanation& match) {
  ordered_json json = {{"server", match.server.str()}};
  if (!match.tool.empty()) json["tool"] = match.tool.str();
  if (!match.callable.empty()) json["name"] = match.callable.str();
  const ExplainStep* failed = match.failed();
  json["listed"] = match.listed;
  json["callable"] = failed == nullptr;
  json["verdict"] = match.verdict;
  if (failed != nullptr) {
    json["failed"] = to_string(failed->stage);
    if (failed->reason) json["reason"] = mcp::to_string(*failed->reason);
    if (!failed->remedy.empty()) json["remedy"] = failed->remedy;
  }
  json["steps"] = ordered_json::array();
  for (const ExplainStep& step : match.steps)
    json["steps"].push_back(step_json(step));
  return json;
}

}  // namespace

std::string explain_json(const ExplainAnswer& answer) {
  ordered_json json = {{"name", answer.asked}, {"view", answer.view}, {"running", answer.running}, {"callable", answer.callable()}};
  json["matches"] = ordered_json::array();
  for (const Explanation& match : answer.matches)
    json["matches"].push_back(match_json(match));
  if (answer.unknown) json["unknown"] = error_object(*answer.unknown);
  if (!answer.near.empty()) json["near"] = answer.near;
  if (!answer.starting.empty()) json["starting"] = answer.starting;
  if (answer.config_error) json["configError"] = error_object(*answer.config_error);
  return dump_json(json);
}

}  // namespace gateway
