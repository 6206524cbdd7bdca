#include "bench/loadgen/sse_scanner.h"

#include <algorithm>

namespace bench {
namespace {

std::string_view value_after(std::string_view line, std::size_t name_size) {
  line.remove_prefix(name_size);
  if (line.starts_with(' ')) line.remove_prefix(1);
  return line;
}

}  // namespace

void SseScanner::start() {
  begin_ = searched_ = 0;
}

void SseScanner::dropped() {
  searched_ -= std::min(searched_, begin_);
  begin_ = 0;
}

std::optional<SseEvent> SseScanner::next(std::string_view text) {
  const std::size_t plain = text.find("\n\n", searched_);
  const std::size_t crlf = text.substr(0, plain).find("\r\n\r\n", searched_);
  const std::size_t end = std::min(plain, crlf);
  if (end == std::string_view::npos) {
    // The last three bytes may begin an end that has not arrived.
    searched_ = std::max(begin_, text.size() - std::min<std::size_t>(text.size(), 3));
    return std::nullopt;
  }
  const SseEvent event = parse(text.substr(begin_, end - begin_));
  begin_ = searched_ = end + (end == crlf ? 4 : 2);
  return event;
}

SseEvent SseScanner::parse(std::string_view event) {
  SseEvent found;
  int data_lines = 0;
  while (!event.empty()) {
    std::string_view line = event.substr(0, event.find('\n'));
    event.remove_prefix(std::min(event.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with("event:")) found.name = value_after(line, 6);
    if (!line.starts_with("data:")) continue;
    const std::string_view data = value_after(line, 5);
    if (++data_lines == 1) {
      found.data = data;
      continue;
    }
    if (data_lines == 2) joined_ = found.data;
    joined_ += '\n';
    joined_ += data;
    found.data = joined_;
  }
  return found;
}

}  // namespace bench
