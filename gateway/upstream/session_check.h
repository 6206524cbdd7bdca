#pragma once

#include <optional>

#include "mcp/base/result.h"
#include "mcp/rpc/message.h"

namespace gateway {

/// Some servers do not say 404 for a session they no longer know, but answer with an error of their own making.
bool refuses_session(const mcp::Message& answer);

/// What the answer to a ping, sent because something was wrong, says of the session: why it is of no more use, or nothing. A server
/// that answers at all, with whatever HTTP status but one for lost sessions, is there; where there was no room on our side to ask
/// (overloaded), nothing is known.
std::optional<mcp::Error> verdict_of_ping(const mcp::Result<mcp::Message>& answer);

}  // namespace gateway
