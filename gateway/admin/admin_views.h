#pragma once

#include <string>

#include "gateway/admin/process_info.h"
#include "gateway/admin/status.h"

namespace gateway {

/// GET /api/v1/servers:
/// {"gateway":{version,pid,mcpUrl,adminUrl,config,ready,stopping,started,settled,sessions,streams,connections,spawned,retiring,
/// reload:{done,failed,at?,last?,error?:{reason,message,remedy?}}},"environments":[{name,available,why?,since,instance}],
/// "servers":[{name,state,transport,target,required,tools,pid?,restarts,since,phase?,retryAt?,cause?:{reason,message,remedy?},
/// openCalls,questions,processes?,memoryBytes?,
/// ownSessions?,queued?,stale?,openUntil?,protocolVersion?}]}. Absent servers are in the list, last, with name, state "disabled",
/// "broken" or "environment_absent", and cause. Times are RFC 3339.
std::string servers_json(const GatewayStatus& status);

/// One of its servers, and a "cause": {reason,message,remedy?}.
std::string server_json(const RuntimeStatus& server);
std::string absent_json(const AbsentServer& server);
std::string error_json(const mcp::Error& error);

/// GET /api/v1/tools[?profile=NAME][&server=NAME]: {"tools":[{name,server,tool,title?,description?,definition}],"clashes":[…]};
/// "definition" is the tool object as clients get it, byte for byte. `server` "" means all.
std::string tools_json(const ToolTable& table, const std::string& server);

/// GET /metrics: Prometheus text, version 0.0.4. All names begin with switchyard_, but for those of the process itself, which
/// carry the names every Prometheus client gives them.
std::string metrics_text(const GatewayStatus& status, const ProcessInfo& process);

/// GET /readyz: "" when ready, or one line that names what is missing.
std::string missing_text(const GatewayStatus& status);

}  // namespace gateway
