#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "gateway/config/findings.h"
#include "gateway/config/jsonc.h"

namespace gateway {

/// Readers of single values. Each reports what is wrong and returns nothing (or what could be read).

std::optional<bool> read_boolean(const JsonNode& node, const std::string& path, Findings& findings);

/// A string without NUL characters.
std::optional<std::string> read_text(const JsonNode& node, const std::string& path, Findings& findings);

/// An array of strings, none of them empty.
std::vector<std::string> read_names(const JsonNode& node, const std::string& path, Findings& findings);

/// A number of seconds up to a day; fractions are fine (to the millisecond, rounded up); 0 only where allowed.
std::optional<std::chrono::milliseconds> read_seconds(const JsonNode& node,
                                                      const std::string& path,
                                                      bool zero_allowed,
                                                      Findings& findings);

/// A whole number within bounds.
std::optional<std::size_t> read_count(
    const JsonNode& node, const std::string& path, std::size_t low, std::size_t high, Findings& findings);

/// "off", "arguments", "results" or "both"; true is both, false is off.
CallChecks read_checks(const JsonNode& node, const std::string& path, Findings& findings);

}  // namespace gateway
