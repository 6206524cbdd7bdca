#pragma once

#include <cstddef>

#include "gateway/config/config.h"

namespace gateway {

/// The name under which clients call `tool` of `server`: SERVER__TOOL in [A-Za-z0-9_-], at most `max_length` characters.
/// A suffix "_" + 8 hex digits of a hash over server and tool, and nothing else, is added when a character had to be replaced, the
/// name is too long, the server's name contains "__" or ends in "_", or the plain name would itself end like such a suffix. So the
/// name of a tool never depends on what else is there. Pure. `max_length` is at least 16.
CallableName callable_name(const ServerName& server, const ToolName& tool, std::size_t max_length = 46);

}  // namespace gateway
