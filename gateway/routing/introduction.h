#pragma once

#include <string>

#include "gateway/catalog/view.h"
#include "mcp/session/client_session.h"
#include "mcp/types/protocol_version.h"

namespace gateway {

/// What the gateway can carry beside the lists and completions: a capability is declared where its methods are answered alone.
struct Carried {
  bool subscribe = false;  // resources/subscribe
  bool logging = false;    // logging/setLevel
};

/// The result of initialize in a view of several servers: the gateway's own name, and every capability it can carry, since servers
/// that have them may come later. Instructions are those of the servers that are known by now, a section for each.
std::string merged_introduction(mcp::ProtocolVersion version, const View& view, Carried carried);

/// The same where one server is shown as it is: its name, its instructions, and of its capabilities those that the gateway can
/// carry.
std::string own_introduction(mcp::ProtocolVersion version, const mcp::ServerIntroduction& server, Carried carried);

/// What the servers of a view say of their use: "## NAME" and the text, in the order of the view. At most 4 KiB for each and 16 KiB
/// in all; a text that is too long ends with a line or a word and says so.
std::string merged_instructions(const View& view);

}  // namespace gateway
