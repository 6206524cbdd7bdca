#pragma once

#include <string>
#include <string_view>

#include "mcp/types/protocol_version.h"

namespace mcp {

/// What of a client's capabilities may be offered to a server: what the client declared, both sides' revisions know, and a gateway
/// can carry (MCP 2025-11-25, "Lifecycle", capability negotiation): `roots`, `sampling` and, from 2025-06-18 on, `elicitation`;
/// from 2025-11-25 on also what these are divided into. Never more: what is offered, a server will ask for.
///
/// `declared` is the object of the client's `initialize` (valid JSON text); what is no object declares nothing. The result is a
/// JSON object in one spelling only: equal capabilities are equal text, so that it can be used as a key. Members whose content is
/// not specified are written as {}. An `elicitation` that names no mode is that of forms, and is spelled with it where the server's
/// revision has modes.
std::string adapt_capabilities(std::string_view declared, ProtocolVersion client, ProtocolVersion server);

}  // namespace mcp
