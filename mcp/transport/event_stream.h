#pragma once

#include <cstddef>
#include <functional>

#include "mcp/base/cancellation.h"
#include "mcp/base/task.h"
#include "mcp/http/http_client.h"
#include "mcp/http/sse_reader.h"

namespace mcp {

/// Reads an event stream to its end, whose events hold at most `max_message` bytes of data and a little besides; the error says how
/// it broke: HttpClientResponse's, or too_large. Stops behind the event for which `on_event` says false, and with `stopped`.
/// All references must stay valid until it returns.
Task<Result<>> read_events(HttpClientResponse& response,
                           std::size_t max_message,
                           const std::function<bool(SseEvent&)>& on_event,
                           const bool& stopped,
                           Cancellation& cancellation);

/// Whether the event is one that brings a message, named "message" or not at all.
bool carries_message(const SseEvent& event);

}  // namespace mcp
