#pragma once

#include "mcp/rpc/message.h"

namespace gateway {

/// A server's question (elicitation/create) whose message says which server asks, as its params._meta "switchyard/server" does: to
/// the client there is only the gateway. Other questions are left as they are: theirs is read by a model, not by a person.
mcp::Message with_asker(mcp::Message question);

}  // namespace gateway
