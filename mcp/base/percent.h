#pragma once

#include <string>
#include <string_view>

namespace mcp {

/// The unreserved characters of RFC 3986, 2.3: those that mean the same written plainly and as %XX.
bool is_unreserved(char c);

/// The byte that "%XX" at this place stands for, or -1 where no such sequence begins.
int percent_byte(std::string_view text, std::size_t at);

/// Every byte but the unreserved characters as %XX, in upper case.
std::string percent_encode(std::string_view text);

/// Decodes every %XX; what is no such sequence stays as it is.
std::string percent_decode(std::string_view text);

}  // namespace mcp
