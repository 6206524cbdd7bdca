#include "gateway/host/tool_changes.h"

#include <string_view>
#include <utility>

namespace gateway {

namespace {

/// The definitions of tools, by server and callable name.
using Definitions = std::map<std::pair<std::string_view, std::string_view>, std::string_view>;

Definitions definitions(const Projection& projection) {
  Definitions found;
  const NamedList& tools = projection.tools();
  for (std::size_t i = 0; i < tools.routes().size(); ++i) {
    const Route& route = tools.routes()[i];
    found[{route.server.str(), route.callable.str()}] = tools.list().text(i);
  }
  return found;
}

}  // namespace

std::map<std::string, ToolChanges> tool_changes(const Projection& before, const Projection& after) {
  const Definitions had = definitions(before);
  const Definitions has = definitions(after);
  std::map<std::string, ToolChanges> changes;
  for (const auto& [key, definition] : has) {
    const auto& [server, name] = key;
    const auto same = had.find(key);
    if (same == had.end()) {
      changes[std::string(server)].gained.emplace_back(name);
    } else if (same->second != definition) {
      changes[std::string(server)].changed.emplace_back(name);
    }
  }
  for (const auto& [key, definition] : had) {
    if (!has.contains(key)) changes[std::string(key.first)].lost.emplace_back(key.second);
  }
  return changes;
}

}  // namespace gateway
