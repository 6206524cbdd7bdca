#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bench {

/// Views into the scanned text, or into the scanner when the data stood on several lines: good until the next call.
struct SseEvent {
  std::string_view name, data;
};

/// Finds the whole events of a stream's text, which grows at its end.
class SseScanner {
 public:
  void start();

  /// The next event of `text`, the same text as before and perhaps more; nothing while it is not whole.
  std::optional<SseEvent> next(std::string_view text);

  /// Bytes of the events given out; `dropped` tells that they were taken off the front of the text.
  std::size_t consumed() const { return begin_; }
  void dropped();

 private:
  SseEvent parse(std::string_view event);

  std::size_t begin_ = 0;     // of the next event
  std::size_t searched_ = 0;  // no end of it before here
  std::string joined_;
};

}  // namespace bench
