#pragma once

#include <string>

#include "mcp/rpc/message.h"

namespace gateway {

/// The revision that an answer to initialize gives.
std::string version_of(const mcp::Message& answer);

/// The same initialize asking for another revision.
mcp::Message with_version(mcp::Message initialize, const std::string& version);

}  // namespace gateway
