#pragma once

#include "mcp/adapt/adapter.h"
#include "mcp/base/result.h"
#include "mcp/rpc/message.h"

namespace mcp {

/// Puts an adapter's text in the place of the message's params, where it changed any. Error: why it refused; the message is
/// unchanged then.
Result<> replace_params(Message& message, Adapter& adapter);

/// Error method_not_found: the revision has no such method.
Result<> fail_unknown_method(const Message& request, ProtocolVersion revision);

}  // namespace mcp
