#pragma once

#include <memory>

#include "gateway/upstream/server_catalog.h"
#include "mcp/session/server_introduction.h"

namespace gateway {

/// What was known of a server when it was last read.
struct KnownServer {
  std::shared_ptr<const ServerCatalog> catalog;
  mcp::ServerIntroduction introduction;
};

}  // namespace gateway
