#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gateway {

/// How many characters must be put in, taken out, replaced or swapped with their neighbour to make `b` of `a`; case, '_' and '-'
/// count for nothing. Texts over 64 bytes are infinitely far from each other.
std::size_t spelling_distance(std::string_view a, std::string_view b);

/// The candidate somebody who wrote `text` probably meant, if one is near enough. Looks at the first 300.
std::optional<std::string> nearest_name(std::string_view text, const std::vector<std::string_view>& candidates);

/// "; did you mean \"command\"?", or "; known here: a, b, c" when nothing is near (left out for more than 30 candidates).
std::string name_hint(std::string_view text, const std::vector<std::string_view>& candidates);

}  // namespace gateway
