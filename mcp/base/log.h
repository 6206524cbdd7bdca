#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace mcp {

enum class LogLevel { trace, debug, info, warn, error, off };
enum class LogFormat { text, json };

/// One named value of a log line. `value` is copied when the line is written, never kept.
struct LogField {
  std::string_view key;
  std::variant<std::string_view, std::int64_t, double, bool> value;
};

/// Sets how log lines look on standard error: as text or as JSON lines. Text is coloured on a terminal, unless NO_COLOR is set or
/// TERM is "dumb". Call once, before the first line; not thread-safe.
/// `levels` is "LEVEL" or "TARGET=LEVEL" items, comma separated ("info,upstream=debug"); an Error's text names the bad item.
/// Returns an empty string, or what is wrong with `levels`.
std::string configure_log(LogFormat format, std::string_view levels);

/// True when a line of this target and level would be written: ask first where building the fields costs something.
bool log_enabled(std::string_view target, LogLevel level);

/// Writes one line, whatever `message` and the fields contain: control characters are escaped, invalid UTF-8 is replaced, a message
/// over 16 KiB is cut. Any thread. `target` is the part of the program that speaks ("upstream", "downstream", "config", …).
///
/// Lines leave in order on a thread of their own, so that nobody who logs waits for who reads standard error. 1 MiB may be on its
/// way; what comes then is lost, and a line in its place says how many lines that were. Lines may come until the program has ended;
/// for those of its last moments to leave, it ends with flush_log().
void log(LogLevel level, std::string_view target, std::string_view message, std::initializer_list<LogField> fields = {});

/// Waits until all lines have left, at most one second; not at all where an earlier wait was in vain and nothing was read since.
/// True when all have left. Any thread, yet one that other work waits for only at the end of the program.
bool flush_log();

/// Puts a text for people, as it is but for a line end after it, behind the log's lines on standard error, and waits as flush_log()
/// does. Any thread.
void write_behind_log(std::string_view text);

inline void log_debug(std::string_view target, std::string_view message, std::initializer_list<LogField> fields = {}) {
  if (log_enabled(target, LogLevel::debug)) log(LogLevel::debug, target, message, fields);
}

inline void log_info(std::string_view target, std::string_view message, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::info, target, message, fields);
}

inline void log_warn(std::string_view target, std::string_view message, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::warn, target, message, fields);
}

inline void log_error(std::string_view target, std::string_view message, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::error, target, message, fields);
}

}  // namespace mcp
