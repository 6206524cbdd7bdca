#include "gateway/host/tool_changes.h"

namespace gateway {

std::map<std::string, ToolChanges> tool_changes(const Projection& before, const Projection& after) {
  std::map<std::string, ToolChanges> changes;
  const NamedList& had = before.tools();
  const NamedList& has = after.tools();
  // Both are sorted by callable name, and no name stands in one of them twice.
  std::size_t i = 0, j = 0;
  while (i < had.routes().size() || j < has.routes().size()) {
    const Route* old = i < had.routes().size() ? &had.routes()[i] : nullptr;
    const Route* now = j < has.routes().size() ? &has.routes()[j] : nullptr;
    const bool is_old = now == nullptr || (old != nullptr && old->callable.str() <= now->callable.str());
    const bool is_now = old == nullptr || (now != nullptr && now->callable.str() <= old->callable.str());
    const bool same = is_old && is_now && old->server == now->server;
    if (same && had.list().text(i) != has.list().text(j)) changes[now->server.str()].changed.push_back(now->callable.str());
    if (is_old && !same) changes[old->server.str()].lost.push_back(old->callable.str());
    if (is_now && !same) changes[now->server.str()].gained.push_back(now->callable.str());
    if (is_old) ++i;
    if (is_now) ++j;
  }
  return changes;
}

}  // namespace gateway
