#include "gateway/catalog/named_list.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "gateway/catalog/callable_name.h"
#include "gateway/catalog/tool_text.h"
#include "gateway/config/config_file.h"
#include "gateway/config/jsonc.h"
#include "gateway/config/near_name.h"
#include "mcp/json/text.h"

namespace gateway {

namespace {

constexpr std::size_t kNearestSteps = 2'000'000;  // of looking for a name like a wrong one: some milliseconds

TaskSupport task_support(std::string_view tool) {
  // Few tools say so, and lists are long.
  if (tool.find("\"taskSupport\"") == std::string_view::npos) return TaskSupport::forbidden;
  const std::string_view said = mcp::member(mcp::member(tool, "execution"), "taskSupport");
  if (said == "\"required\"") return TaskSupport::required;
  return said == "\"optional\"" ? TaskSupport::optional : TaskSupport::forbidden;
}

/// How many letters two texts differ in; nothing where that is `limit` or more, or `steps` are used up.
std::optional<std::size_t> edit_distance(std::string_view a, std::string_view b, std::size_t limit, std::size_t& steps) {
  if (a.size() >= b.size() + limit || b.size() >= a.size() + limit) return std::nullopt;
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (steps < b.size() + 1) return std::nullopt;
    steps -= b.size() + 1;
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = std::exchange(row[j + 1], std::min({row[j + 1] + 1, row[j] + 1, replaced}));
    }
    // No later row has less than this one's least.
    if (std::ranges::min(row) >= limit) return std::nullopt;
  }
  return row.back() < limit ? std::optional(row.back()) : std::nullopt;
}

bool is_renamed(const ToolOverride* shown) {
  return shown != nullptr && !shown->name.empty();
}

}  // namespace

std::vector<ViewMember> members_of(const std::vector<std::shared_ptr<Runtime>>& runtimes) {
  std::vector<ViewMember> members;
  members.reserve(runtimes.size());
  for (const auto& runtime : runtimes)
    members.push_back({runtime, runtime->shared_spec()});
  return members;
}

NamedList::NamedList(CatalogKind kind, const std::vector<ViewMember>& members, Naming naming)
    : kind_(kind), naming_(naming), list_(kind) {
  std::vector<Candidate> candidates = collect(members, naming);
  if (!naming.own_names) {
    std::ranges::sort(candidates, [](const Candidate& a, const Candidate& b) {
      const bool a_own = !is_renamed(a.shown), b_own = !is_renamed(b.shown);
      return std::tie(a.route.callable, a.route.server, a_own, a.route.own_name) <
             std::tie(b.route.callable, b.route.server, b_own, b.route.own_name);
    });
  }
  routes_.reserve(candidates.size());
  for (auto& candidate : candidates)
    add(std::move(candidate), naming.own_names);
  list_.finish();
  index_.reserve(routes_.size());
  for (std::size_t i = 0; i < routes_.size(); ++i)
    index_.emplace(routes_[i].callable.str(), i);
  for (std::size_t i = 0; i < filtered_.size(); ++i)
    filtered_index_.emplace(filtered_[i].callable.str(), i);
}

std::vector<NamedList::Candidate> NamedList::collect(const std::vector<ViewMember>& members, Naming naming) {
  std::vector<Candidate> candidates;
  const bool tools = kind_ == CatalogKind::tools;
  for (const ViewMember& member : members) {
    for (const CatalogEntry& entry : member.runtime->shown()->entries(kind_)) {
      Candidate candidate = candidate_of(member, entry, naming);
      if (!tools || admits(*member.spec, entry.key)) {
        candidates.push_back(std::move(candidate));
      } else {
        filtered_.push_back(std::move(candidate.route));
      }
    }
    if (tools && !naming.own_names) report_missing(member);
  }
  return candidates;
}

NamedList::Candidate NamedList::candidate_of(const ViewMember& member, const CatalogEntry& entry, Naming naming) const {
  const ServerSpec& spec = *member.spec;
  const auto found = kind_ == CatalogKind::tools ? spec.tools_override.find(entry.key) : spec.tools_override.end();
  const ToolOverride* shown = found == spec.tools_override.end() ? nullptr : &found->second;
  ToolName own(entry.key);
  const ToolName shown_name = is_renamed(shown) ? ToolName(shown->name) : own;
  CallableName name = naming.own_names ? CallableName(entry.key) : callable_name(spec.name, shown_name, naming.max_length);
  Route route{std::move(name), spec.name, std::move(own), member.runtime, member.spec, task_support(entry.text)};
  return {std::move(route), &entry, shown};
}

/// Only where the server's tools are known: one that has not been there yet may have any.
void NamedList::report_missing(const ViewMember& member) {
  const auto& overrides = member.spec->tools_override;
  const std::vector<CatalogEntry>& entries = member.runtime->shown()->tools();
  if (overrides.empty() || entries.empty()) return;
  std::vector<std::string_view> names;
  names.reserve(entries.size());
  for (const CatalogEntry& entry : entries)
    names.emplace_back(entry.key);
  const std::unordered_set<std::string_view> known(names.begin(), names.end());
  for (const auto& [tool, shown] : overrides) {
    if (known.contains(tool)) continue;
    clashes_.push_back("tools.override of server \"" + member.spec->name.str() +
                       "\" names a tool that it does not have: " + quoted(tool) + name_hint(tool, names));
  }
}

void NamedList::add(Candidate candidate, bool own_name) {
  Route& route = candidate.route;
  if (!routes_.empty() && routes_.back().callable == route.callable) {
    clashes_.push_back(std::string(words_of(kind_).noun) + " \"" + route.own_name.str() + "\" of server \"" + route.server.str() +
                       "\" is not offered: its name " + route.callable.str() + " is that of \"" + routes_.back().own_name.str() +
                       "\" of \"" + routes_.back().server.str() + "\"");
    unnamed_.push_back({std::move(route), routes_.size() - 1});
    return;
  }
  const std::string& name = route.callable.str();
  const CatalogEntry& entry = *candidate.entry;
  std::string text = candidate.shown == nullptr ? entry.text : overridden(entry.text, *candidate.shown);
  list_.add(name, own_name ? std::move(text) : with_member(text, words_of(kind_).key, name));
  if (!entry.only_for.empty()) restricted_.push_back({routes_.size(), entry.only_for});
  routes_.push_back(std::move(route));
}

const Route* NamedList::find(std::string_view callable) const {
  const auto found = index_.find(callable);
  return found == index_.end() ? nullptr : &routes_[found->second];
}

const Route* NamedList::find_filtered(std::string_view callable) const {
  const auto found = filtered_index_.find(callable);
  return found == filtered_index_.end() ? nullptr : &filtered_[found->second];
}

std::vector<NamedList::Fate> NamedList::fates_of(const ServerName& server) const {
  std::vector<Fate> fates;
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    if (routes_[i].server == server) fates.push_back({.kind = Fate::Kind::offered, .route = &routes_[i], .place = i});
  }
  for (const Route& route : filtered_) {
    if (route.server == server) fates.push_back({.kind = Fate::Kind::filtered, .route = &route});
  }
  for (const Unnamed& one : unnamed_) {
    if (one.route.server != server) continue;
    fates.push_back({.kind = Fate::Kind::name_taken, .route = &one.route, .holder = &routes_[one.holder]});
  }
  return fates;
}

std::optional<NamedList::Fate> NamedList::find_renamed(std::string_view callable) const {
  if (naming_.own_names || kind_ != CatalogKind::tools) return std::nullopt;
  const auto leads_here = [&](const Route& route) {
    const auto shown = route.spec->tools_override.find(route.own_name.str());
    if (shown == route.spec->tools_override.end() || !is_renamed(&shown->second)) return false;
    return callable_name(route.server, route.own_name, naming_.max_length).str() == callable;
  };
  if (const auto found = std::ranges::find_if(routes_, leads_here); found != routes_.end()) {
    const auto place = static_cast<std::size_t>(found - routes_.begin());
    return Fate{.kind = Fate::Kind::offered, .route = &*found, .place = place};
  }
  if (const auto found = std::ranges::find_if(filtered_, leads_here); found != filtered_.end())
    return Fate{.kind = Fate::Kind::filtered, .route = &*found};
  const auto found = std::ranges::find_if(unnamed_, leads_here, &Unnamed::route);
  if (found == unnamed_.end()) return std::nullopt;
  return Fate{.kind = Fate::Kind::name_taken, .route = &found->route, .holder = &routes_[found->holder]};
}

std::optional<NamedList::Fate> NamedList::fate_of(const ServerName& server, std::string_view own_name) const {
  const auto fates = fates_of(server);
  const auto found = std::ranges::find_if(fates, [&](const Fate& fate) { return fate.route->own_name.str() == own_name; });
  return found == fates.end() ? std::nullopt : std::optional(*found);
}

std::vector<std::size_t> NamedList::hidden_from(const mcp::Caller& caller) const {
  std::vector<std::size_t> places;
  for (const Restricted& tool : restricted_) {
    const std::string capabilities = routes_[tool.place].runtime->clients().capabilities_for(caller);
    if (std::ranges::find(tool.only_for, capabilities) == tool.only_for.end()) places.push_back(tool.place);
  }
  return places;
}

std::string NamedList::nearest(std::string_view callable) const {
  const auto called_so = [&](const Route& route) { return route.own_name.str() == callable; };
  const auto own = std::ranges::find_if(routes_, called_so);
  if (own != routes_.end() && std::none_of(own + 1, routes_.end(), called_so)) return own->callable.str();
  const std::string_view wanted = callable.substr(0, 128);
  std::string best;
  std::size_t limit = std::max<std::size_t>(wanted.size() / 3, 2) + 1;  // of the distance; found ones lower it
  std::size_t steps = kNearestSteps;
  for (const Route& route : routes_) {
    const std::string& name = route.callable.str();
    if (const auto distance = edit_distance(wanted, name, limit, steps)) {
      limit = *distance;
      best = name;
    }
  }
  return best;
}

}  // namespace gateway
