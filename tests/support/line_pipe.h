#pragma once

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <gtest/gtest.h>
#include <string>
#include <utility>

namespace mcp {

/// A pipe whose reader is the test.
class LinePipe {
 public:
  explicit LinePipe(int flags = 0) { EXPECT_EQ(pipe2(ends_.data(), O_CLOEXEC | flags), 0); }
  LinePipe(const LinePipe&) = delete;
  LinePipe& operator=(const LinePipe&) = delete;
  ~LinePipe() {
    close_reader();
    close_writer();
  }

  int writer() const { return ends_[1]; }

  void close_reader() { close_end(ends_[0]); }
  void close_writer() { close_end(ends_[1]); }

  /// What is there; "" at the end, or where nothing comes.
  std::string read_some() {
    pollfd entry{ends_[0], POLLIN, 0};
    if (poll(&entry, 1, kPatience) != 1) return "";
    std::array<char, 65536> buffer;
    const ssize_t got = read(ends_[0], buffer.data(), buffer.size());
    return {buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
  }

  /// The next line; "" where none comes.
  std::string read_line() {
    for (;;) {
      if (const std::size_t end = received_.find('\n'); end != std::string::npos) {
        std::string line = received_.substr(0, end);
        received_.erase(0, end + 1);
        return line;
      }
      const std::string more = read_some();
      if (more.empty()) return "";
      received_ += more;
    }
  }

 private:
  static constexpr int kPatience = 20'000;  // milliseconds

  static void close_end(int& end) {
    if (end >= 0) close(std::exchange(end, -1));
  }

  std::array<int, 2> ends_ = {-1, -1};
  std::string received_;
};

}  // namespace mcp
