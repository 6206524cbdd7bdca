#pragma once

#include "gateway/config/config.h"
#include "gateway/inspect/probe_session.h"

namespace gateway {

/// What a server does with single HTTP requests that no orderly client sends: unknown sessions and revisions, foreign origins, GET
/// and DELETE (MCP 2025-11-25, "Transports", streamable HTTP). The sessions it makes it ends again. `inspection.revision` is the
/// one that was negotiated.
mcp::Task<void> probe_http(ProbeContext& context, const HttpSpec& spec);

/// The findings about a session id itself.
void judge_session_id(Findings& findings, const std::string& session);

}  // namespace gateway
