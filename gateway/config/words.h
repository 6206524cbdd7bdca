#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gateway {

// Pieces of sentences for people.

/// "1 tool", "2 tools".
std::string counted(std::size_t count, std::string_view noun);

/// "1 tool leaves", "2 tools leave".
std::string counted(std::size_t count, std::string_view one, std::string_view many);

/// A word of the API as people say it: "backing off".
std::string spoken(std::string word);

/// "a, b, c".
std::string joined(const std::vector<std::string>& parts, std::string_view between = ", ");

/// "a, b and 3 more": at most so many of them.
std::string some_of(const std::vector<std::string>& parts, std::size_t most);

}  // namespace gateway
