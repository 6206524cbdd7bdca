#pragma once

#include <string>

#include "gateway/cli/gateway_access.h"

namespace gateway {

/// Calls a tool of the MCP endpoint at `url` as a client does: a session of its own, the call, the session's end. Returns the
/// JSON-RPC response.
mcp::Result<std::string> call_over_http(const std::string& url,
                                        const std::string& token,
                                        const ToolQuestion& question,
                                        const GatewayAccess::OnProgress& on_progress);

}  // namespace gateway
