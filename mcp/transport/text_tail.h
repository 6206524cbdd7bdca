#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mcp {

/// Remembers the last lines of a text without end.
class TextTail {
 public:
  /// `limit` in bytes of what text() returns.
  explicit TextTail(std::size_t limit) : limit_(limit) {}

  void add_line(std::string_view line) {
    // The end of a long line tells more than its beginning.
    if (line.size() > limit_) line.remove_prefix(line.size() - limit_);
    if (!lines_.empty()) lines_.push_back('\n');
    lines_.append(line);
    if (lines_.size() > 4 * limit_) lines_ = text();
  }

  /// Whole lines where more than one fits, joined with newlines.
  std::string text() const {
    if (lines_.size() <= limit_) return lines_;
    const std::string_view kept = std::string_view(lines_).substr(lines_.size() - limit_);
    if (lines_[lines_.size() - limit_ - 1] == '\n') return std::string(kept);
    const std::size_t newline = kept.find('\n');
    return std::string(newline == std::string_view::npos ? kept : kept.substr(newline + 1));
  }

 private:
  const std::size_t limit_;
  std::string lines_;
};

}  // namespace mcp
