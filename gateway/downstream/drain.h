#pragma once

#include <chrono>
#include <memory>

#include "mcp/transport/message_pipe.h"

namespace gateway {

/// Lets `pipe` write what is queued, until `deadline` at the latest: a peer that does not read must not keep us from ending.
/// Close the pipe afterwards.
mcp::Task<void> drain_until(std::shared_ptr<mcp::MessagePipe> pipe, std::chrono::steady_clock::time_point deadline);

}  // namespace gateway
