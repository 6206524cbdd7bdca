#pragma once

#include <memory>
#include <optional>

#include "mcp/base/result.h"
#include "mcp/base/task.h"
#include "mcp/rpc/message.h"
#include "mcp/session/client_session.h"

namespace gateway {

/// Some servers do not say 404 for a session they no longer know, but answer with an error of their own making.
bool refuses_session(const mcp::Message& answer);

/// Whether a request that failed so says little good of its session, perhaps for this request alone.
bool casts_doubt(mcp::ErrorCode code);

/// Asks a server, because something was wrong, whether it is still there (5 s at most): why the session is of no more use, or
/// nothing. A server that answers at all, with whatever HTTP status but one for lost sessions, is there; where there was no room on
/// our side to ask (overloaded), nothing is known.
mcp::Task<std::optional<mcp::Error>> check_session(mcp::Executor executor, std::shared_ptr<mcp::ClientSession> session);

/// Why the requests fail that are open on a session that was lost for this reason: how it was found out says nothing of them.
mcp::Error for_open_requests(mcp::Error lost);

}  // namespace gateway
