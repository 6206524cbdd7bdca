#include "gateway/host/tool_changes.h"

#include <map>
#include <string_view>

namespace gateway {

namespace {

/// The definitions of a server's tools.
std::map<std::string_view, std::string_view> definitions(const ServerName& server, const Projection& projection) {
  std::map<std::string_view, std::string_view> found;
  const NamedList& tools = projection.tools();
  for (std::size_t i = 0; i < tools.routes().size(); ++i) {
    const Route& route = tools.routes()[i];
    if (route.server == server) found[route.callable.str()] = tools.list().text(i);
  }
  return found;
}

}  // namespace

ToolChanges tool_changes(const ServerName& server, const Projection& before, const Projection& after) {
  const auto had = definitions(server, before);
  const auto has = definitions(server, after);
  ToolChanges changes;
  for (const auto& [name, definition] : has) {
    const auto same = had.find(name);
    if (same == had.end()) {
      changes.gained.emplace_back(name);
    } else if (same->second != definition) {
      changes.changed.emplace_back(name);
    }
  }
  for (const auto& [name, definition] : had) {
    if (!has.contains(name)) changes.lost.emplace_back(name);
  }
  return changes;
}

}  // namespace gateway
