#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace mcp {

/// Cuts a stream of bytes into lines. What comes in is looked at once, whatever the pieces; a short line is copied out once, a long
/// one leaves with the buffer it came in.
class LineBuffer {
 public:
  struct Line {
    std::string text;  // without "\n" or "\r\n"
    bool cut = false;  // longer than the limit: `text` is its beginning, the rest is dropped as it comes
  };

  /// `max_line` in bytes; memory stays at that and two reads (and half as much again for the moment in which it grows).
  explicit LineBuffer(std::size_t max_line) : max_line_(max_line) {}

  /// Room for the next read, at least 32 KiB.
  std::span<char> space();

  /// So many bytes of space() hold data now.
  void filled(std::size_t size) { end_ += size; }

  /// The next line; nothing when it is not complete yet. A line over the limit comes as soon as it is.
  std::optional<Line> next();

  /// What stands behind the last line break.
  std::string_view rest() const {
    return dropping_ ? std::string_view() : std::string_view(storage_).substr(begin_, end_ - begin_);
  }

 private:
  bool skip_dropped();
  Line cut_line();
  Line take(std::size_t line_end);
  std::string take_storage(std::size_t line_end);
  void make_room();

  const std::size_t max_line_;
  std::string storage_;                 // of which [begin_, end_) is data
  std::size_t begin_ = 0, end_ = 0;     // and [begin_, scanned_) holds no line break
  std::size_t scanned_ = 0;             //
  std::size_t short_lines_in_row_ = 0;  // a large buffer is given up after some
  bool dropping_ = false;               // inside a line that was cut
};

}  // namespace mcp
