#include "gateway/admin/plan_view.h"

#include <nlohmann/json.hpp>

#include "gateway/admin/json_parts.h"
#include "gateway/admin/time_text.h"

namespace gateway {

namespace {

using nlohmann::ordered_json;

ordered_json step_json(const ServerStep& step) {
  ordered_json json = {{"name", step.name.str()}, {"action", to_string(step.action)}};
  if (!step.before.empty()) json["before"] = step.before.str();
  json["connection"] = step.connection;
  json["presentation"] = step.presentation;
  json["text"] = step.text();
  json["views"] = ordered_json::array();
  for (const ViewDifference& view : step.views)
    json["views"].push_back({{"view", view.view}, {"gained", view.gained}, {"lost", view.lost}});
  return json;
}

}  // namespace

std::string plan_json(const Plan& plan) {
  ordered_json json;
  json["servers"] = ordered_json::array();
  for (const ServerStep& step : plan.servers)
    json["servers"].push_back(step_json(step));
  json["settings"] = ordered_json::array();
  for (const SettingStep& step : plan.settings) {
    const bool applied = step.effect == SettingStep::Effect::applied;
    json["settings"].push_back({{"what", step.what}, {"effect", applied ? "applied" : "needs_restart"}});
  }
  json["warnings"] = plan.warnings;
  json["summary"] = plan.summary();
  json["changesNothing"] = plan.changes_nothing();
  return dump_json(json);
}

std::string environments_json(const EnvironmentStates& environments) {
  ordered_json json;
  json["environments"] = ordered_json::array();
  for (const auto& [name, state] : environments) {
    ordered_json one = {{"name", name}, {"available", state.available}};
    if (!state.why.empty()) one["why"] = state.why;
    one["since"] = rfc3339(state.since);
    one["instance"] = state.instance;
    json["environments"].push_back(std::move(one));
  }
  return dump_json(json);
}

}  // namespace gateway
