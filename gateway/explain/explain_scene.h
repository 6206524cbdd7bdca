#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/catalog/view.h"
#include "gateway/config/config.h"
#include "gateway/upstream/runtime.h"

namespace gateway {

/// One entry of the configuration and what is known of it.
struct ExplainedServer {
  ServerName name;
  const ServerSpec* spec = nullptr;              // as the configuration has it; null where it is broken there
  std::optional<AbsentServer> absent;            // why it cannot run
  std::optional<RuntimeStatus> status;           // {}: it cannot run
  std::shared_ptr<const ServerCatalog> catalog;  // null: it cannot run
  bool first_start = false;                      // has not come to the end of its very first start
  bool in_view = true;
};

/// The gateway at one moment, as far as explanations look at it. What it points to outlives it.
struct ExplainScene {
  const Config* config = nullptr;
  const ProfileSpec* profile = nullptr;          // null: all servers
  bool running = false;                          // ExplainQuestion::running
  std::vector<ExplainedServer> servers;          // in the order of the configuration
  Naming naming;                                 // of the view
  std::shared_ptr<const Projection> projection;  // of the view
  std::shared_ptr<const Projection> everything;  // of all servers

  /// "/mcp", "/mcp/coding".
  std::string view() const { return profile == nullptr ? "/mcp" : "/mcp/" + profile->name; }
};

}  // namespace gateway
