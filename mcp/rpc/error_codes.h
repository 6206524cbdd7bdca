#pragma once

#include <string_view>

#include "mcp/base/error.h"
#include "mcp/rpc/message.h"

namespace mcp {

/// JSON-RPC 2.0 codes, and what MCP adds up to 2025-11-25 ("Resources", error handling).
inline constexpr int kParseError = -32700;
inline constexpr int kInvalidRequest = -32600;
inline constexpr int kMethodNotFound = -32601;
inline constexpr int kInvalidParams = -32602;
inline constexpr int kInternalError = -32603;
inline constexpr int kUrlElicitationRequired = -32042;  // MCP 2025-11-25, "Elicitation"
inline constexpr int kResourceNotFound = -32002;

/// UnsupportedProtocolVersion of MCP 2026-07-28: for requests that ask for a revision we do not speak. Its data is
/// {"supported": [...], "requested": "..."}.
inline constexpr int kUnsupportedVersion = -32022;

/// The code under which an Error goes out. What has no code of its own is -32603 and tells its kind in the data.
int rpc_code(ErrorCode code);

/// A JSON-RPC error response for `id` (JSON text; "null" where it could not be read): message and remedy in the message, and
/// {"reason": "timeout", "remedy": "…"} (or Error::data where that is set) as data.
Message error_response(std::string_view id, const Error& error);

/// The result of a tools/call that could not be carried out: isError with the text for the model, and the same as data under
/// _meta "switchyard/error", so that an agent can tell the kinds apart (MCP 2025-11-25, "Tools", error handling). `server` may be
/// empty, where none is to blame.
Message tool_error_response(std::string_view id, const Error& error, std::string_view server);

}  // namespace mcp
