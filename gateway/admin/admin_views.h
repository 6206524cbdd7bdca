#pragma once

#include <string>

#include "gateway/admin/status.h"

namespace gateway {

/// GET /api/v1/servers:
/// {"gateway":{version,pid,mcpUrl,adminUrl,config,ready,…},"servers":[{name,state,transport,target,required,tools,
/// pid,restarts,since,phase,retryAt,cause:{reason,message,remedy},openCalls,protocolVersion}]}. Absent servers are in the list with
/// state "disabled" or "broken". Times are RFC 3339.
std::string servers_json(const GatewayStatus& status);

/// GET /api/v1/tools[?profile=NAME][&server=NAME]: {"tools":[{name,server,tool,title?,description,inputSchema,…: the tool object
/// under "definition"}],"clashes":[…]}.
std::string tools_json(const ToolTable& table, const std::string& server);

/// GET /metrics: Prometheus text, version 0.0.4. All names begin with switchyard_.
std::string metrics_text(const GatewayStatus& status);

}  // namespace gateway
