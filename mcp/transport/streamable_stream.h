#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "mcp/transport/streamable_connection.h"

namespace mcp {

/// How long to wait before a stream that ended is opened again: what its server said last in `retry` (MCP 2025-11-25: a client must
/// respect it), within reason: at least 100 ms, at most 5 minutes. A second where it said nothing.
std::chrono::milliseconds first_delay(std::optional<int> retry_ms);

/// The wait after the one of `last` brought nothing: twice as long, up to 30 s, and never shorter than first_delay().
std::chrono::milliseconds next_delay(std::chrono::milliseconds last, std::optional<int> retry_ms);

/// Reads the event stream that answers the request with this id until the response comes; delivers the messages before it. A stream
/// that breaks off after an event with an id is resumed with GET and Last-Event-ID (MCP 2025-11-25, "Resumability"), after the
/// server's `retry` or a second.
Task<Result<Message>> read_answer_stream(std::shared_ptr<StreamableConnection> connection,
                                         StreamableConnection::Response response,
                                         std::uint64_t id,
                                         Cancellation& cancellation);

/// Keeps the standing GET stream open, and delivers what comes on it, until the connection ends or the server has no such stream.
/// A server that had one and then takes no connections is missed (StreamableConnection::miss).
Task<void> keep_standing_stream(std::shared_ptr<StreamableConnection> connection);

}  // namespace mcp
