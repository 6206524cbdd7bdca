#pragma once

#include <string>
#include <string_view>

#include "gateway/cli/gateway_access.h"

namespace gateway {

std::string percent_encode(std::string_view text);

/// The endpoint of a profile, of a gateway whose /mcp is at `mcp_url`; "" is that one itself.
std::string endpoint_url(const std::string& mcp_url, const std::string& profile);

/// Calls a tool of the MCP endpoint at `url` as a client does: a session of its own, the call, the session's end. Returns the
/// JSON-RPC response.
mcp::Result<std::string> call_over_http(const std::string& url,
                                        const ToolQuestion& question,
                                        const GatewayAccess::OnProgress& on_progress);

}  // namespace gateway
