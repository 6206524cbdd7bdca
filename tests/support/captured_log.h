#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <gtest/gtest.h>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "mcp/base/log.h"

namespace mcp {

/// Standard error goes to a temporary file while this lives; settings go back to the default afterwards.
class CapturedLog {
 public:
  CapturedLog(LogFormat format, std::string_view levels) : saved_(dup(STDERR_FILENO)) {
    file_ = open(testing::TempDir().c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    EXPECT_GE(file_, 0);
    flush_log();
    dup2(file_, STDERR_FILENO);
    EXPECT_EQ(configure_log(format, levels), "");
  }
  CapturedLog(const CapturedLog&) = delete;
  CapturedLog& operator=(const CapturedLog&) = delete;

  ~CapturedLog() {
    flush_log();
    dup2(saved_, STDERR_FILENO);
    close(saved_);
    close(file_);
    configure_log(LogFormat::text, "info");
  }

  std::vector<std::string> lines() const {
    EXPECT_TRUE(flush_log());
    std::string all;
    std::array<char, 4096> buffer{};
    for (off_t at = 0;;) {
      const ssize_t got = pread(file_, buffer.data(), buffer.size(), at);
      if (got <= 0) break;
      all.append(buffer.data(), static_cast<std::size_t>(got));
      at += got;
    }
    std::vector<std::string> result;
    std::istringstream stream(all);
    for (std::string line; std::getline(stream, line);) {
      result.push_back(line);
    }
    return result;
  }

 private:
  int saved_;
  int file_ = -1;
};

}  // namespace mcp
