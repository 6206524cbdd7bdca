#pragma once

#include "mcp/base/result.h"
#include "mcp/rpc/message.h"
#include "mcp/types/protocol_version.h"

namespace mcp {

/// elicitation/create for a client older than 2025-11-25. Errors: method_not_found (the client's revision has no elicitation),
/// invalid_params (it has forms, but cannot say what is asked).
Result<> adapt_elicitation_request(Message& request, ProtocolVersion to);

}  // namespace mcp
