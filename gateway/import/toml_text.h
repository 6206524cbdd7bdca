#pragma once

#include <cstddef>
#include <string_view>

#include "gateway/config/jsonc.h"

namespace gateway {

inline constexpr std::size_t kTomlMaxBytes = std::size_t{4} << 20;

/// Parses TOML 1.0 into the values that JSON has; dates and times, and numbers that JSON has not (inf, nan), become strings.
/// Places are lines and columns; `begin` and `end` mean nothing. Members of a table come in the order of the text, as far as
/// their places tell. Takes any bytes; a text over 4 MiB, or deeper than kJsoncMaxDepth, is a problem.
JsonDocument parse_toml(std::string_view text);

}  // namespace gateway
