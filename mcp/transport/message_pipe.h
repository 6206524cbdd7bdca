#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "mcp/base/task.h"
#include "mcp/rpc/message.h"
#include "mcp/transport/transport.h"

namespace mcp {

/// The server's end of a connection that carries messages both ways without structure: our own stdin and stdout, or one half of an
/// in-memory pair. Loop thread only.
class MessagePipe {
 public:
  struct Receiver {
    std::function<void(Message)> on_message;
    /// A line that is no message: the error to answer with (JSON-RPC, id null or the id that could be read).
    std::function<void(const Error&)> on_invalid;
    /// A line that is an array of messages, if anything (MCP 2025-03-26); unchecked. Where it is not set, such a line is invalid.
    std::function<void(std::string)> on_batch;
    /// The other side is gone. Nothing arrives afterwards.
    std::function<void()> on_closed;
  };

  virtual ~MessagePipe() = default;
  virtual void open(Receiver receiver) = 0;

  /// Queues; false when more than the limit waits for a peer that does not read, or the pipe is closed.
  virtual bool send(Message message) = 0;

  /// The same for an array of messages, as JSON text on one line; not every pipe can.
  virtual bool send_batch(std::string_view) { return false; }

  /// Returns when everything queued was written, or the peer is gone.
  virtual Task<void> drain() = 0;
  virtual void close() = 0;
};

/// MCP over this process's own standard input and output (or the two descriptors given). Nothing else may write to `output`.
/// `max_message` bytes a line, `max_queued` bytes waiting to be written.
std::shared_ptr<MessagePipe> make_stdio_server(
    const Executor& executor, int input, int output, std::size_t max_message, std::size_t max_queued);

/// Two joined ends in one process, for tests and for clients that live inside the program. Messages arrive from the loop, never
/// from inside send().
std::pair<std::shared_ptr<Transport>, std::shared_ptr<MessagePipe>> make_memory_pair(const Executor& executor);

}  // namespace mcp
