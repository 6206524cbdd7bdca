#pragma once

#include "gateway/upstream/server_catalog.h"
#include "mcp/base/cancellation.h"
#include "mcp/session/client_session.h"

namespace gateway {

/// What a listing may cost. Breaking a bound fails the whole listing: a list cut short would be a lie.
struct ListingBounds {
  int max_pages = 100;
  std::size_t max_entries = 5000;
  std::size_t max_bytes = std::size_t{16} << 20;
  std::size_t max_cursor = std::size_t{64} << 10;
  std::size_t max_key = std::size_t{8} << 10;  // a longer one only costs the entry its place
};

/// Asks a server for all pages of one kind's list (MCP 2025-11-25, "Pagination"). An entry whose key is missing, empty, too long,
/// twice there, or spelled so that two readers could read two keys, goes to `refused`. A server that does not know
/// resources/templates/list has no templates. Errors: the session's, or not_mcp (not a list, a bound broken, a cursor that came
/// before).
mcp::Task<mcp::Result<CatalogListPtr>> list_all(mcp::ClientSession& session,
                                                CatalogKind kind,
                                                mcp::Cancellation& cancellation,
                                                ListingBounds bounds);

}  // namespace gateway
