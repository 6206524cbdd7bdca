#pragma once

#include <string>

#include "gateway/cli/console.h"
#include "gateway/cli/event_client.h"

namespace gateway {

/// What an event says, a line each for people: "12:03:11  files  ready: 14 tools". "" where it has nothing to say to them.
std::string event_text(const StreamEvent& event, const Console& console);

/// "files: ready: 14 tools"; why it is not ready, and what to do. `server` is one of /api/v1/servers.
std::string outcome_text(std::string_view server, const Console& console);

}  // namespace gateway
