// The log of a program whose standard error is read late, or not at all.
#include <unistd.h>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "mcp/base/log.h"
#include "tests/support/line_pipe.h"

namespace mcp {
namespace {

using nlohmann::json;
using testing::ContainsRegex;

/// Standard error is a pipe while this lives.
class PipedLog {
 public:
  explicit PipedLog(LogFormat format) : saved_(dup(STDERR_FILENO)) {
    flush_log();
    dup2(pipe.writer(), STDERR_FILENO);
    configure_log(format, "info");
  }
  PipedLog(const PipedLog&) = delete;
  PipedLog& operator=(const PipedLog&) = delete;
  /// What was not read is given up.
  ~PipedLog() {
    pipe.close_reader();
    EXPECT_TRUE(flush_log());
    dup2(saved_, STDERR_FILENO);
    close(saved_);
    configure_log(LogFormat::text, "info");
  }

  /// Up to the one with this in it.
  std::vector<std::string> read_lines(const std::string& last) {
    std::vector<std::string> lines;
    do {
      lines.push_back(pipe.read_line());
    } while (!lines.back().empty() && lines.back().find(last) == std::string::npos);
    return lines;
  }

  LinePipe pipe;

 private:
  int saved_;
};

constexpr int kTooMany = 3000;

void log_too_much() {
  for (int i = 0; i < kTooMany; ++i)
    log_info("test", std::string(1000, 'm'), {{"line", i}});
}

TEST(LogStderrTest, NobodyWhoLogsWaitsForStandardError) {
  PipedLog log(LogFormat::json);
  log_too_much();
  const auto lines = log.read_lines(" lost: ");
  const std::size_t kept = lines.size() - 1;
  ASSERT_GT(kept, 0U);
  EXPECT_EQ(json::parse(lines[kept - 1]).at("line"), kept - 1);
  const json loss = json::parse(lines.back());
  EXPECT_EQ(loss.at("message"), std::to_string(kTooMany - kept) + " log lines were lost: standard error was not read");
  EXPECT_EQ(loss.at("level"), "warn");
  EXPECT_EQ(loss.at("target"), "log");
}

TEST(LogStderrTest, ALossIsToldInTheFormatOfTheLines) {
  PipedLog log(LogFormat::text);
  log_too_much();
  EXPECT_THAT(log.read_lines(" lost: ").back(), ContainsRegex("^..:..:...... WARN  log  [0-9]+ log lines were lost: "));
}

TEST(LogStderrTest, WaitsForStandardErrorEnd) {
  PipedLog log(LogFormat::text);
  log_too_much();
  EXPECT_FALSE(flush_log());
  write_behind_log("is lost too");
  log.read_lines(" lost: ");
}

TEST(LogStderrTest, ALineForPeopleComesBehindTheLog) {
  constexpr int kLines = 500;
  PipedLog log(LogFormat::json);
  std::thread writer([] {
    for (int i = 0; i < kLines; ++i)
      log_info("test", std::string(1000, 'm'));
    write_behind_log("for people");
  });
  const auto lines = log.read_lines("for people");
  writer.join();
  EXPECT_EQ(lines.size(), kLines + 1U);
  EXPECT_EQ(lines.back(), "for people");
}

}  // namespace
}  // namespace mcp
