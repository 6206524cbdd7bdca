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
  /// grows over the limit. `on_event` returning false stops reading (the rest of `bytes` is dropped). After either the reader is
  /// finished: it takes no more events out of what it is fed.
  Result<> feed(std::string_view bytes, const std::function<bool(SseEvent&)>& on_event);

  /// The last event id in force; "" when there was none.
  const std::string& last_id() const { return id_; }

 private:
  // What the unfinished line is, as far as it can be told.
  enum class Line { start, data, ignored };

  std::string_view skip_bom(std::string_view bytes);
  void begin_of_line(std::string_view part);
  void end_of_line(std::string_view part);
  void whole_line(std::string_view line);
  void begin_data(std::string_view value);
  bool dispatch(const std::function<bool(SseEvent&)>& on_event);
  bool within_limit() const { return data_.size() + line_.size() + event_.size() + id_.size() <= max_event_; }

  std::size_t max_event_;
  Line line_kind_ = Line::start;
  std::string line_;  // the unfinished line, while its kind is not known; an unknown kind is kept whole
  std::string data_;
  std::string event_;
  std::string id_;
  std::optional<int> retry_ms_;
  bool has_data_ = false;
  bool has_id_ = false;
  bool in_line_ = false;   // some bytes of the line came in an earlier piece
  bool after_cr_ = false;  // a '\n' that comes next belongs to the line break before
  bool finished_ = false;
  std::size_t bom_seen_ = 0;  // bytes of a byte order mark at the stream's very start; 4 when past it
};

}  // namespace mcp
