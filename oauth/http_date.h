#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "oauth/credential.h"

namespace oauth {

/// The moment that an HTTP date names, in any of its three spellings (RFC 9110, 5.6.7).
std::optional<WallTime> parse_http_date(std::string_view text);

/// How long from `now` on a Retry-After header asks to wait, which has seconds or a date (RFC 9110, 10.2.3); a day at most. Nothing
/// where it says nothing, or names a moment that is over.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view text, WallTime now);

}  // namespace oauth
