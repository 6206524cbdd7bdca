#pragma once

#include <atomic>
#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

#include "gateway/routing/tool_schemas.h"
#include "gateway/upstream/runtime.h"

namespace gateway {

/// The schemas of the tools that were called, until their server's list of tools changes. Where all together take too much memory,
/// those that were not called for longest go first, and are compiled anew when they are called again. Loop thread only.
class SchemaCache {
 public:
  /// Bytes of memory, about. Exceeded for a while by what calls still hold, or have just compiled.
  static constexpr std::size_t kMostBytes = std::size_t{256} << 20;

  explicit SchemaCache(std::size_t most_bytes = kMostBytes) : most_bytes_(most_bytes) {}

  /// The schemas of the tool, by the server's own name of it; null where the server lists it no more.
  std::shared_ptr<const ToolSchemas> find(const Runtime& runtime, const std::string& tool);

 private:
  struct Entry {
    ServerName server;
    std::string tool;
    std::shared_ptr<const ToolSchemas> schemas;
  };
  using Entries = std::list<Entry>;

  struct ServerSchemas {
    CatalogListPtr tools;  // that they are of
    std::unordered_map<std::string, Entries::iterator> by_name;
  };

  void forget(ServerSchemas& server);
  void make_room();

  std::size_t most_bytes_;
  std::shared_ptr<MemoryCount> memory_ = std::make_shared<MemoryCount>(0);
  Entries entries_;  // the one used last is the first
  std::unordered_map<ServerName, ServerSchemas> servers_;
};

}  // namespace gateway
