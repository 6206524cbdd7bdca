#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gateway/config/config.h"
#include "mcp/base/cancellation.h"
#include "mcp/session/client_session.h"

namespace gateway {

/// One tool as its server describes it.
struct ToolEntry {
  ToolName name;
  std::string text;  // the tool object's JSON, untouched

  bool operator==(const ToolEntry&) const = default;
};

/// What one server offers; an immutable snapshot.
struct ServerCatalog {
  std::vector<ToolEntry> tools;      // in the server's order
  std::vector<std::string> refused;  // one line for each tool we cannot offer, and why

  bool operator==(const ServerCatalog&) const = default;
};

/// What a listing may cost. Breaking a bound fails the whole listing: a list cut short would be a lie.
struct ListingBounds {
  int max_pages = 100;
  std::size_t max_tools = 5000;
  std::size_t max_bytes = std::size_t{16} << 20;
  std::size_t max_cursor = std::size_t{64} << 10;
};

/// Asks a server for all pages of tools/list (MCP 2025-11-25, "Pagination"). A tool whose name is missing, empty, twice there, or
/// spelled so that two readers could read two names, goes to `refused`. Errors: the session's, or not_mcp (not a list, a bound
/// broken, a cursor that came before).
mcp::Task<mcp::Result<std::shared_ptr<const ServerCatalog>>> list_tools(mcp::ClientSession& session,
                                                                        mcp::Cancellation& cancellation,
                                                                        ListingBounds bounds);

}  // namespace gateway
