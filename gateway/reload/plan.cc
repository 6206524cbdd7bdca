#include "gateway/reload/plan.h"

#include <algorithm>
#include <utility>

#include "gateway/config/words.h"

namespace gateway {

namespace {

constexpr std::size_t kShown = 5;  // things that changed

void append_views(std::string& text, const std::vector<ViewDifference>& views) {
  for (const ViewDifference& view : views) {
    if (!view.lost.empty()) text += "; " + counted(view.lost.size(), "tool leaves ", "tools leave ") + view.view;
    if (!view.gained.empty()) text += "; " + counted(view.gained.size(), "tool comes to ", "tools come to ") + view.view;
  }
}

/// Which of those that run goes on as which.
class Matching {
 public:
  Matching(const std::vector<CurrentServer>& current, const Desired& desired) : current_(current), desired_(desired) {
    kept.resize(desired.servers.size());
    replaced.resize(desired.servers.size());
    used_.resize(current.size());
    match_equal();
    match_renamed();
    match_replaced();
  }

  bool is_used(std::size_t current) const { return used_[current]; }

  std::vector<std::optional<std::size_t>> kept, replaced;

 private:
  void match_equal() {
    for (std::size_t i = 0; i < desired_.servers.size(); ++i) {
      const auto same = std::ranges::find(current_, desired_.servers[i].identity, &CurrentServer::identity);
      if (same != current_.end() && !same->failed) take(kept[i], same);
    }
  }

  /// Where two entries are alike nobody can tell which one got which name; then neither moves.
  void match_renamed() {
    for (std::size_t i = 0; i < desired_.servers.size(); ++i) {
      if (kept[i] || is_current(desired_.servers[i].identity.name())) continue;
      const auto like = [&](const ServerIdentity& identity) { return desired_.servers[i].identity.renamed_from(identity); };
      std::vector<std::size_t> candidates;
      for (std::size_t j = 0; j < current_.size(); ++j) {
        if (!used_[j] && !is_desired(current_[j].identity.name()) && like(current_[j].identity)) candidates.push_back(j);
      }
      const auto alike = std::ranges::count_if(desired_.servers, [&](const DesiredServer& other) {
        return !is_current(other.identity.name()) && other.identity.renamed_from(desired_.servers[i].identity);
      });
      if (candidates.size() == 1 && alike == 0) take(kept[i], current_.begin() + static_cast<std::ptrdiff_t>(candidates.front()));
    }
  }

  void match_replaced() {
    for (std::size_t i = 0; i < desired_.servers.size(); ++i) {
      if (kept[i]) continue;
      const auto same = std::ranges::find(
          current_, desired_.servers[i].identity.name(), [](const CurrentServer& server) { return server.identity.name(); });
      if (same != current_.end()) take(replaced[i], same);
    }
  }

  void take(std::optional<std::size_t>& place, std::vector<CurrentServer>::const_iterator server) {
    place = static_cast<std::size_t>(server - current_.begin());
    used_[*place] = true;
  }

  bool is_current(const ServerName& name) const {
    return std::ranges::any_of(current_, [&](const CurrentServer& server) { return server.identity.name() == name; });
  }

  bool is_desired(const ServerName& name) const {
    return std::ranges::any_of(desired_.servers, [&](const DesiredServer& server) { return server.identity.name() == name; });
  }

  const std::vector<CurrentServer>& current_;
  const Desired& desired_;
  std::vector<bool> used_;
};

std::string why_it_starts(const std::vector<AbsentServer>& absent, const DesiredServer& server) {
  const auto was = std::ranges::find(absent, server.identity.name(), &AbsentServer::name);
  if (was == absent.end()) return "new in the configuration";
  switch (was->kind) {
    case AbsentServer::Kind::disabled:
      return "switched on";
    case AbsentServer::Kind::environment:
      return server.spec->environment.empty() ? "no longer bound to an environment"
                                              : "environment " + server.spec->environment + " is there";
    case AbsentServer::Kind::broken:
      break;
  }
  return "mended in the configuration";
}

std::string why_it_is_absent(const AbsentServer& absent) {
  switch (absent.kind) {
    case AbsentServer::Kind::disabled:
      return "switched off";
    case AbsentServer::Kind::environment:
      return "its environment is not there";
    case AbsentServer::Kind::broken:
      break;
  }
  return "broken in the configuration: " + absent.why.message;
}

ServerStep step_of(const CurrentServer& current, const DesiredServer& desired, bool kept) {
  ServerStep step{.name = desired.identity.name()};
  step.presentation = differences(current.spec->presentation(), desired.spec->presentation());
  if (!kept) {
    step.action = ServerAction::restart;
    step.connection = desired.identity.differences(current.identity);
    if (step.connection.empty()) step.why = "it had failed";
  } else if (current.identity.name() != desired.identity.name()) {
    step.action = ServerAction::rename;
    step.before = current.identity.name();
  }
  return step;
}

}  // namespace

std::string_view to_string(ServerAction action) {
  switch (action) {
    case ServerAction::keep:
      return "keep";
    case ServerAction::rename:
      return "rename";
    case ServerAction::start:
      return "start";
    case ServerAction::restart:
      return "restart";
    case ServerAction::stop:
      return "stop";
    case ServerAction::absent:
      break;
  }
  return "absent";
}

std::string ServerStep::text() const {
  std::string reason = why;
  if (action == ServerAction::restart && !connection.empty()) {
    reason = some_of(connection, kShown);
  } else if (action == ServerAction::rename) {
    reason = "was " + before.str();
    if (!presentation.empty()) reason += "; " + some_of(presentation, kShown) + " changed";
  } else if (action == ServerAction::keep) {
    reason = presentation.empty() ? "nothing of it changed" : "only " + some_of(presentation, kShown) + " changed";
  }
  append_views(reason, views);
  return std::string(to_string(action)) + " (" + reason + ")";
}

std::size_t Plan::count(ServerAction action) const {
  return static_cast<std::size_t>(std::ranges::count(servers, action, &ServerStep::action));
}

bool Plan::changes_nothing() const {
  return settings.empty() && std::ranges::all_of(servers, [](const ServerStep& step) {
           return step.action == ServerAction::absent ||
                  (step.action == ServerAction::keep && step.presentation.empty() && step.views.empty());
         });
}

std::string Plan::summary() const {
  std::string text;
  const auto add = [&text](std::size_t number, std::string_view one, std::string_view many) {
    if (number > 0) text += (text.empty() ? "" : ", ") + counted(number, one, many);
  };
  add(count(ServerAction::start), "start", "starts");
  add(count(ServerAction::restart), "restart", "restarts");
  add(count(ServerAction::stop), "stop", "stops");
  add(count(ServerAction::rename), "rename", "renames");
  add(count(ServerAction::keep), "server kept", "servers kept");
  const auto later = std::ranges::count(settings, SettingStep::Effect::needs_restart, &SettingStep::effect);
  add(static_cast<std::size_t>(later), "setting waits for a restart of the gateway", "settings wait for a restart of the gateway");
  return text.empty() ? "no servers" : text;
}

Comparison compare(const std::vector<CurrentServer>& current, const std::vector<AbsentServer>& absent, const Desired& desired) {
  Matching matching(current, desired);
  Comparison comparison;
  auto next_absent = desired.absent.begin();
  const auto add_absent = [&](std::size_t place) {
    for (; next_absent != desired.absent.end() && next_absent->place <= place; ++next_absent) {
      const bool runs =
          std::ranges::any_of(current, [&](const CurrentServer& server) { return server.identity.name() == next_absent->name; });
      comparison.plan.servers.push_back({.name = next_absent->name,
                                         .action = runs ? ServerAction::stop : ServerAction::absent,
                                         .why = why_it_is_absent(*next_absent)});
    }
  };
  for (std::size_t i = 0; i < desired.servers.size(); ++i) {
    add_absent(i);
    const DesiredServer& server = desired.servers[i];
    if (const auto& same = matching.kept[i] ? matching.kept[i] : matching.replaced[i]) {
      comparison.plan.servers.push_back(step_of(current[*same], server, matching.kept[i].has_value()));
    } else {
      comparison.plan.servers.push_back(
          {.name = server.identity.name(), .action = ServerAction::start, .why = why_it_starts(absent, server)});
    }
  }
  add_absent(desired.servers.size());
  for (std::size_t j = 0; j < current.size(); ++j) {
    const ServerName& name = current[j].identity.name();
    if (matching.is_used(j) || std::ranges::find(desired.absent, name, &AbsentServer::name) != desired.absent.end()) continue;
    comparison.plan.servers.push_back({.name = name, .action = ServerAction::stop, .why = "removed from the configuration"});
  }
  comparison.kept = std::move(matching.kept);
  comparison.replaced = std::move(matching.replaced);
  return comparison;
}

}  // namespace gateway
