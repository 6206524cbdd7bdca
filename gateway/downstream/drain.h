#pragma once

#include <chrono>
#include <memory>

#include "mcp/base/task.h"
#include "mcp/transport/message_pipe.h"

namespace gateway {

/// Waits until what is queued was written, at most this long: the peer may have stopped reading.
mcp::Task<void> drain_within(mcp::Executor executor,
                             std::shared_ptr<mcp::MessagePipe> pipe,
                             std::chrono::steady_clock::duration limit);

}  // namespace gateway
