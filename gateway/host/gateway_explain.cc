// What a gateway knows that an explanation looks at.
#include <algorithm>
#include <utility>

#include "gateway/explain/explain.h"
#include "gateway/host/gateway.h"

namespace gateway {

mcp::Result<ExplainAnswer> Gateway::explain(const ExplainQuestion& question) const {
  const View* view = main_view_.get();
  ExplainScene scene{.config = &config_, .running = question.running};
  if (!question.profile.empty()) {
    if (auto known = config_.check_profile(question.profile); !known) return std::unexpected(std::move(known).error());
    view = profiles_.at(question.profile).get();
    const auto profile = std::ranges::find(config_.profiles, question.profile, &ProfileSpec::name);
    scene.profile = &*profile;
  }
  scene.naming = view->naming();
  scene.projection = view->projection();
  scene.everything = main_view_->projection();
  const auto add = [&](const ServerName& name, const ServerSpec* spec) {
    ExplainedServer server{.name = name, .spec = spec};
    const auto absent = std::ranges::find(absent_, name, &AbsentServer::name);
    if (absent != absent_.end()) server.absent = *absent;
    if (const auto runtime = find_runtime(name)) {
      server.status = runtime->status();
      server.catalog = runtime->catalog();
      server.first_start = !runtime->settled().is_set();
    }
    const auto* profile = scene.profile;
    server.in_view = profile == nullptr || std::ranges::find(profile->servers, name) != profile->servers.end();
    scene.servers.push_back(std::move(server));
  };
  for (const ServerSpec& spec : config_.servers)
    add(spec.name, &spec);
  for (const BrokenServer& broken : config_.broken)
    add(broken.name, nullptr);
  return gateway::explain(scene, question.name);
}

}  // namespace gateway
