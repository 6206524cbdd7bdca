// How a gateway goes over to another configuration, or to other environments.
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <map>
#include <set>
#include <utility>

#include "gateway/host/gateway.h"
#include "gateway/upstream/catalog_store.h"
#include "mcp/base/log.h"

namespace gateway {

using mcp::Error;
using mcp::ErrorCode;
using mcp::Task;

namespace {

constexpr std::size_t kMaxLogged = 20;  // servers of a plan

std::string shown_title(const std::string& title) {
  static constexpr std::string_view kProfile = "/mcp/";
  return title.starts_with(kProfile) ? "profile " + title.substr(kProfile.size()) : title;
}

using Names = std::map<std::string, std::set<std::string>>;  // of tools, by server

Names names_in(const Projection& projection) {
  Names names;
  for (const Route& route : projection.tools().routes())
    names[route.server.str()].insert(route.callable.str());
  return names;
}

std::vector<std::string> missing_from(const std::set<std::string>& all, const std::set<std::string>& these) {
  std::vector<std::string> missing;
  std::ranges::set_difference(all, these, std::back_inserter(missing));
  return missing;
}

void log_plan(const Plan& plan) {
  std::size_t shown = 0;
  for (const ServerStep& step : plan.servers) {
    const bool quiet = step.action == ServerAction::absent ||
                       (step.action == ServerAction::keep && step.presentation.empty() && step.views.empty());
    if (quiet || ++shown > kMaxLogged) continue;
    mcp::log_info("reload", step.text(), {{"server", step.name.str()}});
  }
  if (shown > kMaxLogged) mcp::log_info("reload", "and " + std::to_string(shown - kMaxLogged) + " more servers");
  for (const SettingStep& step : plan.settings) {
    const bool later = step.effect == SettingStep::Effect::needs_restart;
    mcp::log_info("reload", step.what + (later ? ": needs a restart of the gateway" : ""));
  }
}

std::set<std::string> names_of(const Names& names, const ServerName& server) {
  const auto found = names.find(server.str());
  return found == names.end() ? std::set<std::string>() : found->second;
}

/// To each step, what of its server's tools comes to this view or leaves it.
void add_differences(const View& view, const std::vector<ViewMember>& after, std::size_t max_length, Plan& plan) {
  const Names had = names_in(*view.projection());
  const Names has = names_in(*Projection::build(after, Naming{.max_length = max_length}));
  for (ServerStep& step : plan.servers) {
    const auto before = names_of(had, step.before.empty() ? step.name : step.before);
    const auto now = names_of(has, step.name);
    ViewDifference difference{
        .view = shown_title(view.title()), .gained = missing_from(now, before), .lost = missing_from(before, now)};
    if (!difference.gained.empty() || !difference.lost.empty()) step.views.push_back(std::move(difference));
  }
}

}  // namespace

std::vector<CurrentServer> Gateway::current(Failed failed) const {
  std::vector<CurrentServer> current;
  current.reserve(servers_.size());
  for (const Server& server : servers_)
    current.push_back({.spec = server.runtime->shared_spec(),
                       .identity = server.identity,
                       .failed = failed == Failed::retry && server.runtime->state() == RuntimeState::failed});
  return current;
}

Plan Gateway::plan(const Config& next, const EnvironmentStates& environments, Failed failed) const {
  const Desired desired = resolve(next, environments, dependencies_.identity_key, login_of());
  return compare_with(next, desired, failed).plan;
}

Comparison Gateway::compare_with(const Config& next, const Desired& desired, Failed failed) const {
  Comparison comparison = compare(current(failed), absent_, desired);
  add_view_differences(next, desired, comparison);
  comparison.plan.settings = compare_settings(config_, next);
  for (const Diagnostic& diagnostic : next.diagnostics)
    comparison.plan.warnings.push_back(diagnostic.text(next.file));
  return comparison;
}

/// What of the tools that are known now would be in each view, and is not, or the other way round.
void Gateway::add_view_differences(const Config& next, const Desired& desired, Comparison& comparison) const {
  std::map<std::string, ViewMember> members;  // by name
  for (std::size_t i = 0; i < desired.servers.size(); ++i) {
    const auto& same = comparison.kept[i] ? comparison.kept[i] : comparison.replaced[i];
    if (same) members[desired.servers[i].identity.name().str()] = {servers_[*same].runtime, desired.servers[i].spec};
  }
  const auto member_of = [&members](const ServerName& name, std::vector<ViewMember>& view) {
    const auto member = members.find(name.str());
    if (member != members.end()) view.push_back(member->second);
  };
  std::vector<ViewMember> all;
  for (const DesiredServer& server : desired.servers)
    member_of(server.identity.name(), all);
  add_differences(*main_view_, all, next.max_name_length, comparison.plan);
  for (const ProfileSpec& profile : next.profiles) {
    const auto view = profiles_.find(profile.name);
    if (view == profiles_.end() || view->second->closed()) continue;
    std::vector<ViewMember> after;
    for (const ServerName& name : profile.servers)
      member_of(name, after);
    add_differences(*view->second, after, profile.max_name_length, comparison.plan);
  }
}

Plan Gateway::apply(Config next, EnvironmentStates environments, Failed failed) {
  Desired desired = resolve(next, environments, dependencies_.identity_key, login_of());
  Comparison comparison = compare_with(next, desired, failed);
  const auto before = servers_;
  servers_ = next_servers(desired, comparison);
  const auto absent_before = std::exchange(absent_, std::move(desired.absent));
  const auto shown_before = main_view_->projection();
  config_ = std::move(next);
  environments_ = std::move(environments);
  *limits_ = {.startup_wait = config_.startup_wait, .list_page_size = config_.list_page_size};
  publish();
  tell_servers(before, absent_before);
  tell_tools(*shown_before);
  for (std::size_t j = 0; j < before.size(); ++j) {
    const auto is_here = [&](const Server& server) { return server.runtime == before[j].runtime; };
    if (std::ranges::any_of(servers_, is_here)) continue;
    const auto heir = std::ranges::find(comparison.replaced, std::optional(j));
    const bool replaced = heir != comparison.replaced.end();
    if (auto known = before[j].runtime->known(); known && !replaced && dependencies_.catalogs) {
      // It may come back, with its environment, before anybody looks at the disk again.
      dependencies_.catalogs->put(before[j].identity.digest(), std::move(*known));
    }
    retire(before[j].runtime, replaced ? servers_[static_cast<std::size_t>(heir - comparison.replaced.begin())].runtime : nullptr);
  }
  if (started_servers_) {
    for (const Server& server : servers_)
      server.runtime->start();
    log_plan(comparison.plan);
  }
  return std::move(comparison.plan);
}

void Gateway::tell_tools(const Projection& before) const {
  if (!listener_.tools_changed) return;
  for (const auto& [server, changes] : tool_changes(before, *main_view_->projection()))
    listener_.tools_changed(ServerName(server), changes);
}

/// Of those that run their runtimes tell.
void Gateway::tell_servers(const std::vector<Server>& before, const std::vector<AbsentServer>& absent_before) const {
  if (!listener_.server_absent || !listener_.server_removed) return;
  for (const AbsentServer& absent : absent_) {
    const auto same = std::ranges::find(absent_before, absent.name, &AbsentServer::name);
    const bool told = same != absent_before.end() && same->kind == absent.kind && same->why.message == absent.why.message;
    if (!told) listener_.server_absent(absent);
  }
  const auto tell_removed = [this](const ServerName& name) {
    const bool absent = std::ranges::find(absent_, name, &AbsentServer::name) != absent_.end();
    if (!absent && !find_runtime(name)) listener_.server_removed(name);
  };
  for (const Server& server : before)
    tell_removed(server.identity.name());
  for (const AbsentServer& absent : absent_before)
    tell_removed(absent.name);
}

std::vector<Gateway::Server> Gateway::next_servers(const Desired& desired, const Comparison& comparison) {
  std::vector<Server> next;
  next.reserve(desired.servers.size());
  for (std::size_t i = 0; i < desired.servers.size(); ++i) {
    const auto& [spec, identity] = desired.servers[i];
    if (const auto& kept = comparison.kept[i]) {
      const auto& runtime = servers_[*kept].runtime;
      if (!(runtime->spec() == *spec)) runtime->present(spec);
      next.push_back({runtime, identity});
      continue;
    }
    auto runtime = Runtime::create(dependencies_, *spec, observer());
    auto known = dependencies_.catalogs ? dependencies_.catalogs->take(identity.digest()) : std::nullopt;
    if (const auto& replaced = comparison.replaced[i]) {
      runtime->succeed(*servers_[*replaced].runtime);
    } else if (known) {
      runtime->remember(std::move(*known));
    }
    next.push_back({std::move(runtime), identity});
  }
  return next;
}

std::vector<std::shared_ptr<Runtime>> Gateway::members_of(const ProfileSpec& profile) const {
  std::vector<std::shared_ptr<Runtime>> members;
  for (const ServerName& name : profile.servers) {
    if (auto runtime = find_runtime(name)) members.push_back(std::move(runtime));
  }
  return members;
}

std::vector<AbsentServer> Gateway::absent_of(const ProfileSpec& profile) const {
  std::vector<AbsentServer> absent;
  for (const ServerName& name : profile.servers) {
    const auto missing = std::ranges::find(absent_, name, &AbsentServer::name);
    if (missing != absent_.end()) absent.push_back(*missing);
  }
  return absent;
}

/// All views at once: nothing else runs on the loop meanwhile.
void Gateway::publish() {
  main_view_->change(runtimes(), Naming{.max_length = config_.max_name_length}, absent_);
  for (const ProfileSpec& profile : config_.profiles) {
    const Naming naming{.max_length = profile.max_name_length};
    auto& view = profiles_[profile.name];
    if (view) {
      view->close({});
      view->change(members_of(profile), naming, absent_of(profile));
    } else {
      view =
          std::make_shared<View>(dependencies_.executor, "/mcp/" + profile.name, members_of(profile), naming, absent_of(profile));
    }
  }
  for (const auto& [name, view] : profiles_) {
    const auto known = config_.check_profile(name);
    if (known || view->closed()) continue;
    view->close(known.error());
    view->change({}, view->naming(), {});
  }
  publish_server_views();
}

void Gateway::publish_server_views() {
  for (const auto& [name, view] : server_views_) {
    const ServerName server(name);
    const auto runtime = find_runtime(server);
    if (!runtime && view->closed()) continue;
    std::vector<std::shared_ptr<Runtime>> members;
    if (runtime) members.push_back(runtime);
    view->close(runtime ? std::nullopt : std::optional(why_gone(server)));
    view->change(std::move(members), view->naming(), {});
  }
}

/// Why a server that ran does not any more.
Error Gateway::why_gone(const ServerName& name) const {
  const auto absent = std::ranges::find(absent_, name, &AbsentServer::name);
  if (absent != absent_.end()) return absent->why;
  return {ErrorCode::server_unavailable,
          "server \"" + name.str() + "\" is not in the configuration any more",
          "See tools/list for what there is."};
}

void Gateway::retire(const std::shared_ptr<Runtime>& runtime, std::shared_ptr<Runtime> successor) {
  const ServerName name = runtime->spec().name;
  Error why = successor ? Error{ErrorCode::server_unavailable,
                                "server \"" + name.str() + "\" was replaced: its configuration or its login has changed",
                                "Try again."}
                        : why_gone(name);
  // One that has nothing to do ends within moments, and the next need not share its files and ports with it.
  auto over = runtime->busy() ? nullptr : std::make_shared<mcp::Event>(dependencies_.executor);
  retiring_.push_back(runtime);
  if (successor && started_servers_) successor->start(over);
  boost::asio::co_spawn(dependencies_.executor,
                        take_away(this, runtime, std::move(successor), std::move(why), std::move(over)),
                        boost::asio::detached);
}

/// The gateway lives until its stop() has returned, which waits for this runtime.
Task<void> Gateway::take_away(Gateway* gateway,
                              std::shared_ptr<Runtime> runtime,
                              std::shared_ptr<Runtime> successor,
                              Error why,
                              std::shared_ptr<mcp::Event> over) {
  const auto grace = gateway->dependencies_.retire_grace;
  co_await runtime->retire(std::move(successor), std::move(why), grace);
  if (over) over->set();
  std::erase(gateway->retiring_, runtime);
  if (gateway->gone_ != nullptr) gateway->gone_->set();
}

}  // namespace gateway
