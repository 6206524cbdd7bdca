#pragma once

#include <optional>
#include <string_view>

#include "mcp/rpc/message.h"

namespace mcp {

/// From revision 2026-07-28 on there is no initialize: every request says its revision itself. What opens in that way is told which
/// revisions we speak, in the words of that revision ("Versioning"), so that its sender can fall back to initialize.

/// The refusal (-32022) of a request that claims a revision in its _meta, or is a server/discover; nothing for any other.
std::optional<Message> refuse_stateless(const Message& request);

/// Is this the value of an MCP-Protocol-Version header that we speak? An absent header ("") is.
bool is_spoken(std::string_view version_header);

/// The same refusal of a revision that was asked for by other means. `id` is JSON text, "null" where there is none.
Message refuse_version(std::string_view id, std::string_view requested);

}  // namespace mcp
