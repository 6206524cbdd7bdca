#include "mcp/types/logging_level.h"

#include <algorithm>
#include <array>

namespace mcp {

namespace {

constexpr std::array<std::string_view, 8> kNames = {
    "debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"};

}  // namespace

std::string_view to_string(LoggingLevel level) {
  return kNames.at(static_cast<std::size_t>(level));
}

std::optional<LoggingLevel> parse_logging_level(std::string_view text) {
  const auto* const found = std::ranges::find(kNames, text);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<LoggingLevel>(found - kNames.begin());
}

}  // namespace mcp
