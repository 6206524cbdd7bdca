#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace gateway {

/// How many bytes the well-formed UTF-8 character at `offset` takes (1..4), or 0 when there is none.
std::size_t utf8_length(std::string_view text, std::size_t offset);

/// The character at `offset`; `length` is what utf8_length() said, not 0.
char32_t utf8_decode(std::string_view text, std::size_t offset, std::size_t length);

/// Appends a character; what is none (a surrogate, beyond U+10FFFF) becomes U+FFFD.
void utf8_append(std::string& out, char32_t character);

/// Control characters, and those that show nothing or turn the direction of what follows.
bool is_unprintable(char32_t character);

}  // namespace gateway
