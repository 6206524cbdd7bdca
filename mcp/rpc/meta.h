#pragma once

#include <string_view>

#include "mcp/rpc/message.h"

namespace mcp {

/// The request or notification with one more member in params._meta (MCP 2025-11-25, "_meta"), which is made where it is not there.
/// `key` is plain, `json` valid JSON text on one line. A member of that name that is there already is replaced.
Message with_meta(Message message, std::string_view key, std::string_view json);

/// A progress token is a string or a number (MCP 2025-11-25, "Progress"), and is kept while the request is open: one of more than
/// 1 KiB, or of another kind, is refused. Error invalid_params.
Result<> check_progress_token(const Message& request);

}  // namespace mcp
