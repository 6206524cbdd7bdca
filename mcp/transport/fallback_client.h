#pragma once

#include <memory>

#include "mcp/http/url.h"
#include "mcp/transport/streamable_client.h"
#include "mcp/transport/transport.h"

namespace mcp {

/// A Transport to a server of which only the URL is known: streamable HTTP, or, where the server refuses initialize like one that
/// has never heard of that (StreamableClient::refused()), HTTP+SSE at the same URL (MCP 2025-11-25, "Transports", backwards
/// compatibility). initialize is then sent a second time; a server that speaks streamable HTTP notices nothing.
///
/// Errors are those of the transport in use. Where the second does not come about either, the error keeps the code of the first and
/// tells of both; but for a login that is wanted there, and for the cancellation's reason.
class FallbackClient : public Transport {
 public:
  /// Whether HTTP+SSE is in use.
  virtual bool fell_back() const = 0;
};

std::shared_ptr<FallbackClient> make_fallback_client(const Executor& executor, Url url, StreamableClientOptions options);

}  // namespace mcp
