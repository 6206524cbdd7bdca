// What of the file's keys beside the servers differs.
#include <algorithm>

#include "gateway/reload/plan.h"

namespace gateway {

namespace {

using Effect = SettingStep::Effect;

/// Those of one list that are new, gone, or not what they were, by name.
template <class Item>
void compare_named(const std::vector<Item>& before,
                   const std::vector<Item>& after,
                   const std::string& noun,
                   std::vector<SettingStep>& steps) {
  for (const Item& item : after) {
    const auto was = std::ranges::find(before, item.name, &Item::name);
    if (was == before.end()) {
      steps.push_back({noun + item.name + " added", Effect::applied});
    } else if (!(*was == item)) {
      steps.push_back({noun + item.name + " changed", Effect::applied});
    }
  }
  for (const Item& item : before) {
    if (std::ranges::find(after, item.name, &Item::name) == after.end()) {
      steps.push_back({noun + item.name + " removed", Effect::applied});
    }
  }
}

}  // namespace

std::vector<SettingStep> compare_settings(const Config& before, const Config& after) {
  std::vector<SettingStep> steps;
  const auto compare = [&steps](const char* key, const auto& a, const auto& b, Effect effect) {
    if (!(a == b)) steps.push_back({key, effect});
  };
  // Names every field, so that none is forgotten: with one more this does not compile.
  const auto& [file,
               foreign,
               servers,
               broken,
               profiles,
               environments,
               limits,
               access,
               listen,
               admin,
               wait,
               length,
               page,
               origins,
               hosts,
               files,
               notes] = before;
  const auto& [file2,
               foreign2,
               servers2,
               broken2,
               profiles2,
               environments2,
               limits2,
               access2,
               listen2,
               admin2,
               wait2,
               length2,
               page2,
               origins2,
               hosts2,
               files2,
               notes2] = after;
  compare_named(profiles, profiles2, "profile ", steps);
  compare_named(environments, environments2, "environment ", steps);
  compare("listen", listen, listen2, Effect::needs_restart);
  compare("admin", admin, admin2, Effect::needs_restart);
  compare("access.tokens", access.tokens, access2.tokens, Effect::applied);
  const bool same_wire = access.tls.has_value() == access2.tls.has_value();
  compare("access.tls", access.tls, access2.tls, same_wire ? Effect::applied : Effect::needs_restart);
  compare("access.behindProxy", access.behind_proxy, access2.behind_proxy, Effect::needs_restart);
  compare("limits", limits, limits2, Effect::applied);
  compare("startupWait", wait, wait2, Effect::applied);
  compare("maxNameLength", length, length2, Effect::applied);
  compare("listPageSize", page, page2, Effect::applied);
  compare("allowedOrigins", origins, origins2, Effect::applied);
  compare("allowedHosts", hosts, hosts2, Effect::applied);
  return steps;
}

}  // namespace gateway
