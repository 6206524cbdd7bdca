#pragma once

#include <chrono>
#include <memory>

#include "mcp/http/url.h"
#include "mcp/transport/streamable_client.h"
#include "mcp/transport/transport.h"

namespace mcp {

struct SseClientOptions {
  StreamableClientOptions http;
  /// From the first request to the event that says where messages go.
  std::chrono::steady_clock::duration endpoint_timeout = std::chrono::seconds(20);
};

/// A Transport over HTTP+SSE (MCP 2024-11-05, "Transports"): one GET holds an event stream open, whose first event, `endpoint`,
/// says where each message is POSTed; responses and everything else come on the stream.
class SseClient : public Transport {
 public:
  /// Whether the server has said where messages go: it speaks HTTP+SSE.
  virtual bool connected() const = 0;
};

/// open() does nothing yet; the first request opens the stream and waits, so that its cancellation ends the wait. A stream that
/// ends later ends the transport (on_closed): nothing in it can be resumed. So does an event larger than a message may be.
/// Limits, headers, Authorization and the order of what is sent are those of make_streamable_client(). The body of an answer to a
/// POST is not read where its status is 2xx.
///
/// Errors of request(), besides those of HttpClient and the authorizer's: login_required, credential_refused, http_status (all of
/// the GET and of a POST), session_lost (404 to a POST after the handshake; the transport ends), not_mcp (the GET's answer is no
/// event stream, it ends before the endpoint is named, the endpoint is no URL or of another origin than `url`, an answer that is no
/// message), timeout (no endpoint is named).
std::shared_ptr<SseClient> make_sse_client(const Executor& executor, Url url, SseClientOptions options);

}  // namespace mcp
