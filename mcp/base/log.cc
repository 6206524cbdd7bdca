#include "mcp/base/log.h"

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <string>
#include <utility>
#include <vector>

#include "mcp/base/log_format.h"

namespace mcp {
namespace {

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

Settings& settings() {
  static Settings instance{.format = LogFormat::text, .colour = wants_colour(), .levels = {}};
  return instance;
}

/// Serialises the lines of all threads; never destroyed, so that a line may be written while the program ends.
spdlog::logger& logger() {
  static auto* const kInstance = [] {
    auto* created = new spdlog::logger("switchyard", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    created->set_pattern("%v");
    created->set_level(spdlog::level::trace);
    return created;
  }();
  return *kInstance;
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
  const std::string text = settings().format == LogFormat::json ? format_log_json(line) : format_log_text(line, settings().colour);
  logger().log(spdlog::level::info, spdlog::string_view_t(text.data(), text.size()));
}

}  // namespace mcp
