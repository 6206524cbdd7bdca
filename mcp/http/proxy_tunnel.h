#pragma once

#include "mcp/base/cancellation.h"
#include "mcp/base/error.h"
#include "mcp/base/result.h"
#include "mcp/base/task.h"
#include "mcp/http/client_connection.h"
#include "mcp/http/proxy_settings.h"
#include "mcp/http/url.h"

namespace mcp {

/// Has the proxy at the other end of `connection` connect to `target`'s host (CONNECT, RFC 9110, 9.3.6); what follows on the
/// connection is between that host and us. All references must stay valid until it returns. Errors: connect_failed, naming the
/// proxy and never its user, or the cancellation's reason.
Task<Result<>> open_tunnel(ClientConnection& connection, const Proxy& proxy, const Url& target, Cancellation& cancellation);

/// Why there is no way to `target` where the proxy answers with this status.
Error refused_by_proxy(const Proxy& proxy, const Url& target, int status);

}  // namespace mcp
