#include "mcp/base/log.h"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>
#include <spdlog/logger.h>
#include <spdlog/sinks/sink.h>
#include <string>
#include <utility>
#include <vector>

#include "mcp/base/log_format.h"
#include "mcp/base/log_queue.h"

namespace mcp {
namespace {

constexpr std::size_t kMostWaiting = std::size_t{1} << 20;
constexpr std::chrono::milliseconds kPatience{1000};

struct Levels {
  LogLevel fallback = LogLevel::info;
  std::vector<std::pair<std::string, LogLevel>> targets;

  LogLevel of(std::string_view target) const {
    for (const auto& [name, level] : targets) {
      if (name == target) return level;
    }
    return fallback;
  }
};

/// What configure_log sets. Read-only once the program's threads run.
struct Settings {
  LogFormat format = LogFormat::text;
  bool colour = false;
  Levels levels;
};

/// A terminal, and nobody asked for none (https://no-color.org).
bool wants_colour() {
  // The environment is never written to after main() began.
  const char* refused = std::getenv("NO_COLOR");  // NOLINT(concurrency-mt-unsafe)
  const char* terminal = std::getenv("TERM");     // NOLINT(concurrency-mt-unsafe)
  if (refused != nullptr && *refused != '\0') return false;
  if (terminal != nullptr && std::string_view(terminal) == "dumb") return false;
  return isatty(STDERR_FILENO) == 1;
}

/// Never destroyed, like all that a line needs: one may be written while the program ends.
Settings& settings() {
  static auto& instance = [] -> Settings& {
    auto* created = new Settings;
    created->colour = wants_colour();
    return *created;
  }();
  return instance;
}

std::string format_line(const LogLine& line) {
  return settings().format == LogFormat::json ? format_log_json(line) : format_log_text(line, settings().colour);
}

std::string loss_line(std::uint64_t lost) {
  const std::string message =
      std::to_string(lost) + (lost == 1 ? " log line was" : " log lines were") + " lost: standard error was not read";
  return format_line({.time = std::chrono::system_clock::now(), .level = LogLevel::warn, .target = "log", .message = message});
}

/// Set once there is a queue.
std::atomic<LogQueue*> existing_queue = nullptr;

LogQueue& queue() {
  static auto& instance = [] -> LogQueue& {
    auto* created = new LogQueue(STDERR_FILENO, kMostWaiting, loss_line);
    existing_queue = created;
    return *created;
  }();
  return instance;
}

/// Hands over what comes: it is formatted already.
class QueueSink final : public spdlog::sinks::sink {
 public:
  void log(const spdlog::details::log_msg& message) override { queue().push({message.payload.data(), message.payload.size()}); }
  void flush() override {}
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}
};

spdlog::logger& logger() {
  static auto& instance = [] -> spdlog::logger& {
    auto* created = new spdlog::logger("switchyard", std::make_shared<QueueSink>());
    created->set_level(spdlog::level::trace);
    return *created;
  }();
  return instance;
}

std::optional<LogLevel> parse_level(std::string_view name) {
  for (const LogLevel level : {LogLevel::trace, LogLevel::debug, LogLevel::info, LogLevel::warn, LogLevel::error, LogLevel::off}) {
    if (name == to_string(level)) return level;
  }
  return std::nullopt;
}

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Takes in one "LEVEL" or "TARGET=LEVEL"; returns what is wrong with it, or "".
std::string add_level(Levels& levels, std::string_view item) {
  const std::size_t equals = item.find('=');
  const bool has_target = equals != std::string_view::npos;
  const std::string_view target = has_target ? trim(item.substr(0, equals)) : std::string_view{};
  const std::optional<LogLevel> level = parse_level(trim(has_target ? item.substr(equals + 1) : item));
  if (!level || (has_target && target.empty())) {
    return "log level \"" + std::string(item) +
           "\" is not LEVEL or TARGET=LEVEL, where LEVEL is one of trace, debug, info, warn, error, off";
  }
  if (has_target) {
    levels.targets.emplace_back(target, *level);
  } else {
    levels.fallback = *level;
  }
  return {};
}

}  // namespace

std::string configure_log(LogFormat format, std::string_view levels) {
  Levels parsed;
  while (!levels.empty()) {
    const std::size_t comma = levels.find(',');
    const std::string_view item = trim(levels.substr(0, comma));
    levels = comma == std::string_view::npos ? std::string_view{} : levels.substr(comma + 1);
    if (item.empty()) continue;
    if (std::string problem = add_level(parsed, item); !problem.empty()) return problem;
  }
  // The queue's thread reads the settings where lines were lost.
  queue().flush(kPatience);
  settings() = {.format = format, .colour = wants_colour(), .levels = std::move(parsed)};
  return {};
}

bool log_enabled(std::string_view target, LogLevel level) {
  return level != LogLevel::off && level >= settings().levels.of(target);
}

void log(LogLevel level, std::string_view target, std::string_view message, std::initializer_list<LogField> fields) {
  if (!log_enabled(target, level)) return;
  const LogLine line{
      .time = std::chrono::system_clock::now(),
      .level = level,
      .target = target,
      .message = message,
      .fields = {fields.begin(), fields.size()},
  };
  const std::string text = format_line(line);
  logger().log(spdlog::level::info, spdlog::string_view_t(text.data(), text.size()));
}

bool flush_log() {
  LogQueue* const existing = existing_queue;
  return existing == nullptr || existing->flush(kPatience);
}

void write_behind_log(std::string_view text) {
  queue().push(text);
  flush_log();
}

}  // namespace mcp
