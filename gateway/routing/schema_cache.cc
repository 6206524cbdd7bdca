#include "gateway/routing/schema_cache.h"

#include <algorithm>

namespace gateway {

std::shared_ptr<const ToolSchemas> SchemaCache::find(const Runtime& runtime, const std::string& tool) {
  const ServerName& name = runtime.spec().name;
  ServerSchemas& server = servers_[name];
  const CatalogListPtr& tools = runtime.catalog()->list(CatalogKind::tools);
  if (server.tools != tools) {
    forget(server);
    server.tools = tools;
  }
  if (const auto found = server.by_name.find(tool); found != server.by_name.end()) {
    entries_.splice(entries_.begin(), entries_, found->second);
  } else {
    const auto listed = std::ranges::find(tools->entries, tool, &CatalogEntry::key);
    if (listed == tools->entries.end()) return nullptr;
    auto schemas = std::make_shared<const ToolSchemas>(name, ToolName(tool), listed->text, memory_);
    entries_.push_front({.server = name, .tool = tool, .schemas = std::move(schemas)});
    server.by_name.emplace(tool, entries_.begin());
  }
  make_room();
  return entries_.front().schemas;
}

void SchemaCache::forget(ServerSchemas& server) {
  for (const auto& [name, entry] : server.by_name)
    entries_.erase(entry);
  server.by_name.clear();
}

void SchemaCache::make_room() {
  while (*memory_ > most_bytes_ && entries_.size() > 1) {
    const Entry& last = entries_.back();
    servers_.at(last.server).by_name.erase(last.tool);
    entries_.pop_back();
  }
}

}  // namespace gateway
