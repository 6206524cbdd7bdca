#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "mcp/base/error.h"
#include "mcp/rpc/message.h"

namespace gateway {

/// Errors that say of the connection, not of the request, that it is of no more use.
bool is_loss(mcp::ErrorCode code);

/// What befell a request that was sent and cannot be sent again. `call`: it is a tools/call.
mcp::Error open_when_lost(mcp::Error error, bool call);

/// The answer that says so.
mcp::Message failure(std::string_view id, const mcp::Error& error, bool call);

/// Why a relay ends whose gateway was lost for good. `cause`: how it was lost; `refusal`: why the gateway that runs now is none for
/// the relay. Without a refusal, there is none after `away`.
mcp::Error lost_for_good(const mcp::Error& cause,
                         const std::optional<mcp::Error>& refusal,
                         std::chrono::steady_clock::duration away);

}  // namespace gateway
