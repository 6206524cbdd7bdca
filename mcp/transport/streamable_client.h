#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "mcp/http/http_client.h"
#include "mcp/transport/authorizer.h"
#include "mcp/transport/transport.h"

namespace mcp {

struct StreamableClientOptions {
  HttpClientOptions http;
  std::vector<std::pair<std::string, std::string>> headers;  // sent with every request; values may be secret
  std::size_t max_message = std::size_t{64} << 20;
  std::shared_ptr<Authorizer> authorizer;  // gives each request its Authorization; null = `headers` alone
};

/// A Transport over streamable HTTP; see make_streamable_client().
class StreamableClient : public Transport {
 public:
  /// Whether the server refused initialize like one that has never heard of streamable HTTP: with HTTP 400, 404 or 405, and no
  /// error in the answer that is MCP's own (MCP 2025-11-25, "Transports", backwards compatibility).
  virtual bool refused() const = 0;
};

/// A Transport over streamable HTTP (MCP 2025-03-26 and later, "Transports"): each message a POST, answered with JSON or an SSE
/// stream; a standing GET stream for what the server sends of its own accord, opened by negotiated() and re-opened with back-off
/// (the server's `retry` honoured; 405 means it has none); Mcp-Session-Id and MCP-Protocol-Version on every request after the
/// handshake; DELETE at close. A response stream that breaks off after an event with an id is resumed with GET and Last-Event-ID.
/// Other requests wait until notifications/initialized has arrived, since HTTP connections keep no order among them. What send() is
/// given leaves in its order, one message behind the other, but for responses and notifications/cancelled: each concerns one
/// request alone, and leaves at once (eight at a time). Except for notifications/initialized a server has 5 s to take a message.
///
/// Each request has the Authorization that `authorizer` gives, instead of one in `headers`. One that is refused (401, or 403 for
/// want of a scope) was not carried out: it is sent again as the authorizer says, three times in all, whatever its method. So are
/// messages of send(), where what fails is logged alone.
///
/// Errors of request(): those of HttpClient, the authorizer's as they are (those of is_login_reason()), and without one
/// login_required or, where `headers` has an Authorization, credential_refused (401; the data holds the WWW-Authenticate value);
/// http_status (any other status but 2xx, with the first 300 bytes of a text body; a redirect names its target), session_lost (404
/// while a session id was in use), not_mcp (another content type, a body that is no message, an answer with a foreign id, a stream
/// that ends without the answer). An error status but 401 whose body is a JSON-RPC error with our id is that response; where a 404
/// may also mean a lost session, only "method not found" is. A lost session ends the transport (on_closed). Trouble with the
/// standing stream, or with a message of send(), does not; a server that had such a stream and then takes no connections is
/// on_unreachable.
std::shared_ptr<StreamableClient> make_streamable_client(const Executor& executor, Url url, StreamableClientOptions options);

}  // namespace mcp
