#pragma once

#include <chrono>
#include <memory>

#include "mcp/base/cancellation.h"
#include "mcp/base/result.h"
#include "mcp/base/task.h"
#include "mcp/http/client_connection.h"
#include "mcp/http/http_client.h"
#include "mcp/http/proxy_settings.h"
#include "mcp/http/resolver.h"
#include "mcp/http/url.h"

namespace mcp {

struct ClientConnectSpec {
  const Url& url;
  const TlsClientContext* tls;  // null for http
  Resolver& resolver;
  std::chrono::steady_clock::duration timeout;  // for name, TCP, the proxy's answer and TLS together
  const Proxy* proxy;                           // null: directly
  const AddressGuard& allows;                   // HttpClientOptions::allows
};

/// Resolves the host and tries its addresses in turn; then TLS, where the URL says so. Through a proxy: the proxy's host, and
/// before TLS a tunnel. `spec` and what it names must outlive the call. Errors: connect_failed (timeouts, refusals of the proxy,
/// addresses that are not allowed too), tls_failed, overloaded (no socket left here), or the cancellation's reason.
Task<Result<std::unique_ptr<ClientConnection>>> connect_client(const ClientConnectSpec& spec, Cancellation& cancellation);

}  // namespace mcp
