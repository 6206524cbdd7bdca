#include "mcp/base/log_format.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <ctime>
#include <optional>

namespace mcp {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kEllipsis = "\xE2\x80\xA6";

struct CodePoint {
  std::size_t length = 0;
  std::uint32_t value = 0;
};

/// How long a sequence that begins with `lead` has to be, or 0 where no sequence begins like that.
std::size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead < 0xE0) return 2;
  if (lead >= 0xE0 && lead < 0xF0) return 3;
  if (lead >= 0xF0 && lead < 0xF5) return 4;
  return 0;
}

/// The code point at the start of `text`, or nothing where its first byte starts no valid UTF-8 sequence.
std::optional<CodePoint> decode(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = sequence_length(lead);
  if (length == 0 || text.size() < length) return std::nullopt;
  if (length == 1) return CodePoint{1, lead};
  std::uint32_t value = lead & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xC0U) != 0x80U) return std::nullopt;
    value = (value << 6U) | (byte & 0x3FU);
  }
  constexpr std::array<std::uint32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < kSmallest.at(length) || value > 0x10FFFF || surrogate) return std::nullopt;
  return CodePoint{length, value};
}

void append_hex(std::string& out, std::uint32_t value, int digits) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) {
    out += kDigits[(value >> static_cast<unsigned>(shift)) & 0xFU];
  }
}

bool is_control(std::uint32_t value) {
  return value < 0x20 || (value >= 0x7F && value < 0xA0) || value == 0x2028 || value == 0x2029;
}

/// Appends `text`, cut at the limit, with control characters escaped as in JSON; quotes and backslashes too where `quoted`.
void append_escaped(std::string& out, std::string_view text, bool quoted) {
  const bool cut = text.size() > kLogTextLimit;
  std::size_t end = cut ? kLogTextLimit : text.size();
  while (cut && end > kLogTextLimit - 4 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
    --end;
  }
  text = text.substr(0, end);
  while (!text.empty()) {
    const std::optional<CodePoint> point = decode(text);
    if (!point) {
      out += kReplacement;
      text.remove_prefix(1);
      continue;
    }
    if (quoted && (point->value == '"' || point->value == '\\')) {
      out += '\\';
      out += text.front();
    } else if (point->value == '\n') {
      out += "\\n";
    } else if (point->value == '\r') {
      out += "\\r";
    } else if (point->value == '\t') {
      out += "\\t";
    } else if (is_control(point->value)) {
      out += "\\u";
      append_hex(out, point->value, 4);
    } else {
      out += text.substr(0, point->length);
    }
    text.remove_prefix(point->length);
  }
  if (cut) out += kEllipsis;
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  append_escaped(out, text, true);
  out += '"';
}

/// True where a value can stand in a text line without quotes.
bool is_plain(std::string_view text) {
  const auto plain = [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != '"' && c != '=' && c != '\\'; };
  return !text.empty() && std::ranges::all_of(text, plain);
}

template <typename Number>
void append_number(std::string& out, Number value) {
  std::array<char, 64> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  out.append(buffer.data(), result.ptr);
}

struct TextValue {
  std::string& out;

  void operator()(std::string_view value) const {
    if (is_plain(value)) {
      append_escaped(out, value, true);
    } else {
      append_quoted(out, value);
    }
  }

  void operator()(std::int64_t value) const { append_number(out, value); }
  void operator()(double value) const { append_number(out, value); }
  void operator()(bool value) const { out += value ? "true" : "false"; }
};

struct JsonValue {
  std::string& out;

  void operator()(std::string_view value) const { append_quoted(out, value); }
  void operator()(std::int64_t value) const { append_number(out, value); }

  void operator()(double value) const {
    if (std::isfinite(value)) {
      append_number(out, value);
    } else {
      out += "null";
    }
  }

  void operator()(bool value) const { out += value ? "true" : "false"; }
};

struct ClockReading {
  std::time_t seconds = 0;
  int milliseconds = 0;
};

ClockReading read(std::chrono::system_clock::time_point time) {
  const auto since = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  return {static_cast<std::time_t>(seconds.count()), static_cast<int>((since - seconds).count())};
}

void append_padded(std::string& out, int value, int digits) {
  const std::string text = std::to_string(value);
  for (std::size_t i = text.size(); i < static_cast<std::size_t>(digits); ++i) {
    out += '0';
  }
  out += text;
}

void append_time_of_day(std::string& out, const std::tm& parts, int milliseconds) {
  append_padded(out, parts.tm_hour, 2);
  out += ':';
  append_padded(out, parts.tm_min, 2);
  out += ':';
  append_padded(out, parts.tm_sec, 2);
  out += '.';
  append_padded(out, milliseconds, 3);
}

std::string_view level_label(LogLevel level) {
  switch (level) {
    case LogLevel::trace:
      return "TRACE";
    case LogLevel::debug:
      return "DEBUG";
    case LogLevel::info:
      return "INFO ";
    case LogLevel::warn:
      return "WARN ";
    case LogLevel::error:
      return "ERROR";
    case LogLevel::off:
      break;
  }
  return "OFF  ";
}

std::string_view level_colour(LogLevel level) {
  switch (level) {
    case LogLevel::error:
      return "\x1b[31m";
    case LogLevel::warn:
      return "\x1b[33m";
    case LogLevel::info:
      return "\x1b[32m";
    case LogLevel::trace:
    case LogLevel::debug:
    case LogLevel::off:
      break;
  }
  return "\x1b[2m";
}

}  // namespace

std::string_view to_string(LogLevel level) {
  constexpr std::array<std::string_view, 6> kNames = {"trace", "debug", "info", "warn", "error", "off"};
  return kNames.at(static_cast<std::size_t>(level));
}

std::string format_log_text(const LogLine& line, bool colour) {
  constexpr std::string_view kDim = "\x1b[2m";
  constexpr std::string_view kReset = "\x1b[0m";
  const ClockReading clock = read(line.time);
  std::tm parts{};
  localtime_r(&clock.seconds, &parts);

  std::string out;
  out.reserve(64 + line.message.size());
  if (colour) out += kDim;
  append_time_of_day(out, parts, clock.milliseconds);
  if (colour) out += kReset;
  out += ' ';
  if (colour) out += level_colour(line.level);
  out += level_label(line.level);
  if (colour) out += kReset;
  out += ' ';
  if (colour) out += kDim;
  append_escaped(out, line.target, false);
  if (colour) out += kReset;
  out += "  ";
  append_escaped(out, line.message, false);
  for (const LogField& field : line.fields) {
    out += ' ';
    append_escaped(out, field.key, false);
    out += '=';
    std::visit(TextValue{out}, field.value);
  }
  return out;
}

std::string format_log_json(const LogLine& line) {
  const ClockReading clock = read(line.time);
  std::tm parts{};
  gmtime_r(&clock.seconds, &parts);

  std::string out;
  out.reserve(128 + line.message.size());
  out += "{\"time\":\"";
  append_padded(out, parts.tm_year + 1900, 4);
  out += '-';
  append_padded(out, parts.tm_mon + 1, 2);
  out += '-';
  append_padded(out, parts.tm_mday, 2);
  out += 'T';
  append_time_of_day(out, parts, clock.milliseconds);
  out += "Z\",\"level\":\"";
  out += to_string(line.level);
  out += "\",\"target\":";
  append_quoted(out, line.target);
  out += ",\"message\":";
  append_quoted(out, line.message);
  for (const LogField& field : line.fields) {
    out += ',';
    append_quoted(out, field.key);
    out += ':';
    std::visit(JsonValue{out}, field.value);
  }
  out += '}';
  return out;
}

}  // namespace mcp
