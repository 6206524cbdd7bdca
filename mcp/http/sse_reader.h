#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "mcp/base/result.h"

namespace mcp {

/// One server-sent event.
struct SseEvent {
  std::string_view event;  // "" means "message"
  std::string data;        // lines joined with '\n'; moved out by whoever takes it
  std::string_view id;     // the last event id in force
  std::optional<int> retry_ms;
};

/// Takes a text/event-stream apart as the HTML standard says (LF, CR, CRLF, BOM, comments, several data lines), in pieces of any
/// size. An event's bytes are bounded. Not thread-safe.
class SseReader {
 public:
  explicit SseReader(std::size_t max_event) : max_event_(max_event) {}

  /// Feeds bytes; calls `on_event` for each event that got complete and had data, an id or a retry. Error too_large once an event
  /// grows over the limit; the reader is then finished. `on_event` returning false stops reading (the rest of `bytes` is dropped).
  Result<> feed(std::string_view bytes, const std::function<bool(SseEvent&)>& on_event);

 private:
  std::size_t max_event_;
  // the implementation's state goes here
};

}  // namespace mcp
