#pragma once

#include <string>
#include <string_view>

namespace gateway {

/// What makes `after` of `before`, line by line, in the form of `diff -u` with three lines around each change; "" where they are
/// the same. `file` stands in the head. Shortest where the parts that differ are small; where they are large, those parts are shown
/// whole.
std::string unified_diff(std::string_view before, std::string_view after, const std::string& file);

}  // namespace gateway
