#include "mcp/base/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <gtest/gtest.h>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "mcp/base/log_format.h"
#include "tests/support/captured_log.h"

namespace mcp {
namespace {

using nlohmann::json;

std::chrono::system_clock::time_point at_milliseconds(std::int64_t since_epoch) {
  return std::chrono::system_clock::time_point(std::chrono::milliseconds(since_epoch));
}

TEST(LogTest, TextLineHasTimeLevelTargetMessageAndFields) {
  const CapturedLog captured(LogFormat::text, "info");
  log_warn(
      "upstream", "server stopped", {{"server", "files"}, {"status", 3}, {"ratio", 0.5}, {"retry", true}, {"why", "no such file"}});
  ASSERT_EQ(captured.lines().size(), 1U);
  const std::string line = captured.lines()[0];
  EXPECT_EQ(line.substr(2, 1) + line.substr(5, 1) + line.substr(8, 1), "::.");
  EXPECT_EQ(line.substr(12), " WARN  upstream  server stopped server=files status=3 ratio=0.5 retry=true why=\"no such file\"");
}

TEST(LogTest, JsonLineParsesAndKeepsTypes) {
  const CapturedLog captured(LogFormat::json, "info");
  log_info("config", "say \"hi\"\n", {{"count", 7}, {"ok", false}, {"share", 0.25}, {"path", "a\\b"}});
  ASSERT_EQ(captured.lines().size(), 1U);
  const json line = json::parse(captured.lines()[0]);
  EXPECT_EQ(line.at("level"), "info");
  EXPECT_EQ(line.at("target"), "config");
  EXPECT_EQ(line.at("message"), "say \"hi\"\n");
  EXPECT_EQ(line.at("count"), 7);
  EXPECT_EQ(line.at("ok"), false);
  EXPECT_EQ(line.at("share"), 0.25);
  EXPECT_EQ(line.at("path"), "a\\b");
}

TEST(LogTest, JsonTimeIsRfc3339InUtcWithMilliseconds) {
  const LogLine line{.time = at_milliseconds(1'700'000'000'042), .level = LogLevel::error, .target = "t", .message = "m"};
  EXPECT_EQ(format_log_json(line), R"({"time":"2023-11-14T22:13:20.042Z","level":"error","target":"t","message":"m"})");
}

TEST(LogTest, EveryByteGivesValidJsonAndOneTextLine) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) {
    all += static_cast<char>(byte);
  }
  const std::vector<LogField> fields = {{"value", all}, {"nan", std::nan("")}, {"inf", std::numeric_limits<double>::infinity()}};
  const LogLine line{.time = at_milliseconds(0), .target = all, .message = all, .fields = fields};
  const json parsed = json::parse(format_log_json(line));
  EXPECT_TRUE(parsed.at("nan").is_null());
  EXPECT_TRUE(parsed.at("inf").is_null());
  for (const char c : format_log_text(line, false)) {
    EXPECT_GE(static_cast<unsigned char>(c), 0x20);
    EXPECT_NE(c, 0x7F);
  }
}

TEST(LogTest, InvalidUtf8IsReplacedAndValidUtf8Kept) {
  const LogLine line{
      .time = at_milliseconds(0), .target = "t", .message = "gr\xC3\xBC\xC3\x9F \xF0\x9F\x9A\x82 \xFF \xC0\xAF \xED\xA0\x80 \xC3"};
  const std::string text = json::parse(format_log_json(line)).at("message");
  const std::string bad = "\xEF\xBF\xBD";
  EXPECT_EQ(text, "gr\xC3\xBC\xC3\x9F \xF0\x9F\x9A\x82 " + bad + " " + bad + bad + " " + bad + bad + bad + " " + bad);
}

TEST(LogTest, TerminalSequencesAreDefused) {
  const LogLine line{.time = at_milliseconds(0),
                     .target = "t",
                     .message =
                         "a\x1b[31mb\r\nc\xC2\x9B"
                         "d"};
  const std::string text = format_log_text(line, false);
  EXPECT_TRUE(text.ends_with("  a\\u001b[31mb\\r\\nc\\u009bd")) << text;
}

TEST(LogTest, ColourOnlySurroundsOurOwnParts) {
  const LogLine line{.time = at_milliseconds(0), .level = LogLevel::error, .target = "t", .message = "plain"};
  EXPECT_TRUE(format_log_text(line, true).ends_with("\x1b[31mERROR\x1b[0m \x1b[2mt\x1b[0m  plain"));
  EXPECT_EQ(format_log_text(line, false).find('\x1b'), std::string::npos);
}

/// What a line looks like where standard error is a terminal.
std::string line_on_a_terminal() {
  const int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  std::array<char, 256> name{};
  EXPECT_EQ(grantpt(terminal), 0);
  EXPECT_EQ(unlockpt(terminal), 0);
  EXPECT_EQ(ptsname_r(terminal, name.data(), name.size()), 0);
  const int ours = open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC);
  const int saved = dup(STDERR_FILENO);
  flush_log();
  dup2(ours, STDERR_FILENO);
  configure_log(LogFormat::text, "info");
  log_info("t", "plain");
  flush_log();
  dup2(saved, STDERR_FILENO);
  configure_log(LogFormat::text, "info");
  std::array<char, 256> line{};
  const ssize_t got = read(terminal, line.data(), line.size());
  for (const int descriptor : {terminal, ours, saved})
    close(descriptor);
  return {line.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
}

TEST(LogTest, ATerminalGetsColourUnlessItIsUnwanted) {
  unsetenv("NO_COLOR");
  setenv("TERM", "xterm", 1);
  EXPECT_NE(line_on_a_terminal().find("\x1b[32mINFO \x1b[0m"), std::string::npos);
  setenv("NO_COLOR", "", 1);
  EXPECT_NE(line_on_a_terminal().find('\x1b'), std::string::npos);
  setenv("NO_COLOR", "1", 1);
  EXPECT_NE(line_on_a_terminal().find("INFO  t  plain"), std::string::npos);
  EXPECT_EQ(line_on_a_terminal().find('\x1b'), std::string::npos);
  unsetenv("NO_COLOR");
  setenv("TERM", "dumb", 1);
  EXPECT_EQ(line_on_a_terminal().find('\x1b'), std::string::npos);
}

TEST(LogTest, LongTextIsCutBetweenCharacters) {
  const std::string message = std::string(kLogTextLimit - 1, 'x') + "\xC3\xBC and much more";
  const std::vector<LogField> fields = {{"value", message}};
  const LogLine line{.time = at_milliseconds(0), .target = "t", .message = message, .fields = fields};
  const std::string cut = std::string(kLogTextLimit - 1, 'x') + "\xE2\x80\xA6";
  EXPECT_EQ(json::parse(format_log_json(line)).at("message"), cut);
  EXPECT_EQ(json::parse(format_log_json(line)).at("value"), cut);
}

TEST(LogTest, TextOfExactlyTheLimitIsWhole) {
  const std::string message(kLogTextLimit, 'x');
  const LogLine line{.time = at_milliseconds(0), .target = "t", .message = message};
  EXPECT_EQ(json::parse(format_log_json(line)).at("message"), message);
}

TEST(LogTest, LevelsDecidePerTarget) {
  const CapturedLog captured(LogFormat::text, "warn, upstream=debug,quiet=off");
  EXPECT_TRUE(log_enabled("upstream", LogLevel::debug));
  EXPECT_FALSE(log_enabled("upstream", LogLevel::trace));
  EXPECT_FALSE(log_enabled("config", LogLevel::info));
  EXPECT_TRUE(log_enabled("config", LogLevel::warn));
  EXPECT_FALSE(log_enabled("quiet", LogLevel::error));
  EXPECT_FALSE(log_enabled("config", LogLevel::off));
  log_info("config", "not written");
  log_debug("upstream", "written");
  ASSERT_EQ(captured.lines().size(), 1U);
  EXPECT_TRUE(captured.lines()[0].ends_with("DEBUG upstream  written"));
}

TEST(LogTest, BadLevelsAreNamedAndChangeNothing) {
  const CapturedLog captured(LogFormat::text, "error");
  for (const std::string_view levels : {"loud", "info,upstream=loud", "=info", "upstream="}) {
    const std::string problem = configure_log(LogFormat::json, levels);
    EXPECT_NE(problem.find(levels.substr(levels.find(',') + 1)), std::string::npos) << problem;
  }
  EXPECT_FALSE(log_enabled("config", LogLevel::warn));
}

TEST(LogTest, ThreadsDoNotMixTheirLines) {
  constexpr int kThreads = 4;
  constexpr int kLines = 200;
  const CapturedLog captured(LogFormat::json, "info");
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([thread] {
      for (int i = 0; i < kLines; ++i) {
        log_info("test", std::string(100, 'm'), {{"thread", thread}, {"line", i}});
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  std::vector<int> next(kThreads, 0);
  for (const std::string& text : captured.lines()) {
    const json line = json::parse(text);
    EXPECT_EQ(line.at("line"), next[line.at("thread").get<std::size_t>()]++);
  }
  EXPECT_EQ(next, std::vector<int>(kThreads, kLines));
}

}  // namespace
}  // namespace mcp
