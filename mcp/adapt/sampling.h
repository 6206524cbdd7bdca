#pragma once

#include "mcp/base/result.h"
#include "mcp/rpc/message.h"
#include "mcp/types/protocol_version.h"

namespace mcp {

/// sampling/createMessage for a client older than 2025-11-25. Error invalid_params: it uses tools, or content its revision cannot
/// say.
Result<> adapt_sampling_request(Message& request, ProtocolVersion to);

/// The answer for a server older than 2025-11-25: one block of content.
void adapt_sampling_result(Message& response, ProtocolVersion to);

}  // namespace mcp
