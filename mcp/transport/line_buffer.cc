#include "mcp/transport/line_buffer.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace mcp {

namespace {

constexpr std::size_t kUsualSize = std::size_t{64} << 10;
constexpr std::size_t kSmallestRead = std::size_t{32} << 10;
constexpr std::size_t kLongLine = kUsualSize / 2;            // from here on a line takes its buffer along
constexpr std::size_t kLargestAhead = std::size_t{4} << 20;  // what a buffer after a long line may start with
constexpr std::size_t kShortLinesBeforeShrinking = 64;

/// A string of that size whose characters are not set.
std::string raw_string(std::size_t size) {
  std::string result;
  result.resize_and_overwrite(size, [](char*, std::size_t wanted) { return wanted; });
  return result;
}

void strip_carriage_return(std::string& line) {
  if (line.ends_with('\r')) line.pop_back();
}

}  // namespace

std::span<char> LineBuffer::space() {
  if (begin_ == end_) begin_ = end_ = scanned_ = 0;
  if (end_ == 0 && storage_.size() > kUsualSize && short_lines_in_row_ > kShortLinesBeforeShrinking)
    storage_ = raw_string(kUsualSize);
  if (storage_.size() - end_ < kSmallestRead) make_room();
  return {storage_.data() + end_, storage_.size() - end_};
}

void LineBuffer::make_room() {
  const std::size_t used = end_ - begin_;
  if (!storage_.empty() && (used <= storage_.size() / 4 || storage_.size() > max_line_ + kSmallestRead)) {
    memmove(storage_.data(), storage_.data() + begin_, used);
  } else {
    // A line that gets no longer than it may fits into max_line_ and a read.
    const std::size_t enough = std::max(kUsualSize, max_line_ + 2 * kSmallestRead);
    const std::size_t doubled = std::max(kUsualSize, storage_.size() * 2);
    std::string larger = raw_string(doubled < max_line_ ? doubled : enough);
    memcpy(larger.data(), storage_.data() + begin_, used);
    storage_ = std::move(larger);
  }
  scanned_ -= begin_;
  begin_ = 0;
  end_ = used;
}

bool LineBuffer::skip_dropped() {
  const void* newline = memchr(storage_.data() + begin_, '\n', end_ - begin_);
  if (newline == nullptr) {
    begin_ = scanned_ = end_;
    return false;
  }
  begin_ = scanned_ = static_cast<std::size_t>(static_cast<const char*>(newline) - storage_.data()) + 1;
  dropping_ = false;
  return true;
}

std::optional<LineBuffer::Line> LineBuffer::next() {
  if (dropping_ && !skip_dropped()) return std::nullopt;
  if (scanned_ == end_) return std::nullopt;
  const void* newline = memchr(storage_.data() + scanned_, '\n', end_ - scanned_);
  if (newline != nullptr) return take(static_cast<std::size_t>(static_cast<const char*>(newline) - storage_.data()));
  scanned_ = end_;
  if (end_ - begin_ <= max_line_) return std::nullopt;
  dropping_ = true;
  if (end_ - begin_ < kLongLine) {
    Line line = cut_line();
    begin_ = end_;
    return line;
  }
  // All there is belongs to the line, which takes it along: a copy would double what a flood costs.
  storage_.erase(0, begin_);
  storage_.resize(max_line_);
  begin_ = end_ = scanned_ = 0;
  return Line{std::exchange(storage_, {}), true};
}

LineBuffer::Line LineBuffer::cut_line() {
  return {storage_.substr(begin_, max_line_), true};
}

LineBuffer::Line LineBuffer::take(std::size_t line_end) {
  Line line;
  const std::size_t length = line_end - begin_;
  if (length > max_line_) {
    line = cut_line();
  } else if (begin_ == 0 && length >= kLongLine && length >= storage_.size() / 4) {
    line.text = take_storage(line_end);
    strip_carriage_return(line.text);
    return line;
  } else {
    line.text.assign(storage_, begin_, length);
    strip_carriage_return(line.text);
  }
  ++short_lines_in_row_;
  begin_ = scanned_ = line_end + 1;
  return line;
}

std::string LineBuffer::take_storage(std::size_t line_end) {
  const std::size_t behind = end_ - line_end - 1;
  // Long lines come in rows; a buffer that starts large enough spares the copies of growing.
  std::string next = raw_string(std::max(std::min(storage_.size(), kLargestAhead), behind + kSmallestRead));
  memcpy(next.data(), storage_.data() + line_end + 1, behind);
  std::string line = std::exchange(storage_, std::move(next));
  line.resize(line_end);
  begin_ = scanned_ = 0;
  end_ = behind;
  short_lines_in_row_ = 0;
  return line;
}

}  // namespace mcp
