#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace oauth {

/// Base64 with the alphabet of URLs and without padding (RFC 4648, 5), as JOSE and PKCE have it.
std::string base64url(std::string_view bytes);

/// Nothing for what is no such text. Padding is accepted.
std::optional<std::string> decode_base64url(std::string_view text);

/// The ordinary alphabet, with padding (RFC 4648, 4): for HTTP Basic.
std::string base64(std::string_view bytes);

}  // namespace oauth
