#include "gateway/explain/explain_subjects.h"

#include <algorithm>
#include <string_view>

#include "gateway/catalog/callable_name.h"
#include "gateway/config/near_name.h"

namespace gateway {

namespace {

constexpr std::string_view kMark = "__";

class Search {
 public:
  Search(const ExplainScene& scene, const std::string& asked) : scene_(scene), asked_(asked) {}

  std::vector<ExplainSubject> run() {
    add_server();
    add_route(*scene_.projection, false);
    add_own_names();
    if (!found_.empty()) return std::move(found_);
    // What it does not lead to just now, in the order of how sure it is.
    add_route(*scene_.projection, true);
    if (found_.empty()) add_split(true);
    if (found_.empty()) add_route(*scene_.everything, false);
    if (found_.empty()) add_route(*scene_.everything, true);
    if (found_.empty()) add_split(false);
    if (found_.empty()) add_possible();
    return std::move(found_);
  }

 private:
  const ExplainedServer* server_of(const ServerName& name) const {
    const auto found = std::ranges::find(scene_.servers, name, &ExplainedServer::name);
    return found == scene_.servers.end() ? nullptr : &*found;
  }

  void add(const ExplainedServer* server, std::string tool, bool as_callable) {
    const auto same = [&](const ExplainSubject& one) { return one.server == server && one.tool == tool; };
    if (server == nullptr || std::ranges::any_of(found_, same)) return;
    found_.push_back({server, std::move(tool), as_callable});
  }

  void add_server() { add(server_of(ServerName(asked_)), "", false); }

  void add_route(const Projection& projection, bool filtered) {
    const NamedList& tools = projection.tools();
    const Route* route = filtered ? tools.find_filtered(asked_) : tools.find(asked_);
    if (route != nullptr) add(server_of(route->server), route->own_name.str(), true);
  }

  /// The server's own names of its tools that are called so, by it or by the configuration.
  static std::vector<std::string> tools_called(const ExplainedServer& server, std::string_view name) {
    std::vector<std::string> tools;
    if (!server.catalog) return tools;
    for (const CatalogEntry& entry : server.catalog->tools()) {
      bool renamed = false;
      if (server.spec != nullptr) {
        const auto shown = server.spec->tools_override.find(entry.key);
        renamed = shown != server.spec->tools_override.end() && shown->second.name == name;
      }
      if (entry.key == name || renamed) tools.push_back(entry.key);
    }
    return tools;
  }

  /// Of the view's servers; of the others where none of these has one.
  void add_own_names() {
    if (asked_.empty()) return;
    for (const bool in_view : {true, false}) {
      for (const ExplainedServer& server : scene_.servers) {
        if (server.in_view != in_view) continue;
        for (std::string& tool : tools_called(server, asked_))
          add(&server, std::move(tool), false);
      }
      if (!found_.empty()) return;
    }
  }

  /// SERVER__TOOL and SERVER/TOOL: with tools that are `known`, else for the server with the longest name.
  void add_split(bool known) {
    const ExplainedServer* longest = nullptr;
    for (const ExplainedServer& server : scene_.servers) {
      const auto rest = tool_behind(server);
      if (!rest || rest->empty()) continue;
      if (!known) {
        if (longest == nullptr || server.name.str().size() > longest->name.str().size()) longest = &server;
        continue;
      }
      for (std::string& tool : tools_called(server, *rest))
        add(&server, std::move(tool), named_as_callable(server));
    }
    if (longest != nullptr) add(longest, std::string(*tool_behind(*longest)), named_as_callable(*longest));
  }

  bool named_as_callable(const ExplainedServer& server) const { return asked_[server.name.str().size()] != '/'; }

  std::optional<std::string_view> tool_behind(const ExplainedServer& server) const {
    std::string_view rest = asked_;
    if (!rest.starts_with(server.name.str())) return std::nullopt;
    rest.remove_prefix(server.name.str().size());
    if (rest.starts_with(kMark)) return rest.substr(kMark.size());
    return rest.starts_with('/') ? std::optional(rest.substr(1)) : std::nullopt;
  }

  /// A server whose name had to be changed for its tools' names, and whose tools are not known.
  void add_possible() {
    for (const ExplainedServer& server : scene_.servers) {
      const bool unknown = !server.catalog || server.catalog->tools().empty();
      if (unknown && may_be_of(asked_, server.name, scene_.naming.max_length)) return add(&server, asked_, true);
    }
  }

  const ExplainScene& scene_;
  const std::string& asked_;
  std::vector<ExplainSubject> found_;
};

}  // namespace

std::vector<ExplainSubject> find_subjects(const ExplainScene& scene, const std::string& asked) {
  return Search(scene, asked).run();
}

std::vector<std::string> near_names(const ExplainScene& scene, const std::string& asked) {
  std::vector<std::string> near;
  const auto add = [&near](std::string name) {
    if (!name.empty() && std::ranges::find(near, name) == near.end()) near.push_back(std::move(name));
  };
  std::string callable = asked;
  if (const auto slash = callable.find('/'); slash != std::string::npos) callable.replace(slash, 1, kMark);
  add(scene.projection->tools().nearest(callable));
  std::vector<std::string_view> servers, tools;
  for (const ExplainedServer& server : scene.servers)
    servers.push_back(server.name.str());
  for (const Route& route : scene.everything->tools().routes())
    tools.push_back(route.own_name.str());
  add(nearest_name(asked, servers).value_or(""));
  add(nearest_name(asked, tools).value_or(""));
  return near;
}

}  // namespace gateway
