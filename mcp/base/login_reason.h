#pragma once

#include <string_view>

#include "mcp/base/error.h"

namespace mcp {

/// Whether something failed for want of a login, or of what stands in for one: the server is there, and nothing but a person, or an
/// authorization server that comes back, mends it.
constexpr bool is_login_reason(ErrorCode code) {
  return code == ErrorCode::login_required || code == ErrorCode::reauthentication_required ||
         code == ErrorCode::credential_refused || code == ErrorCode::authorization_unavailable;
}

/// The remedy where nothing better is known: who knows what the server is called puts a better one in its place.
inline constexpr std::string_view kLoginRemedy = "Log in to the server, or set an Authorization header under \"headers\".";

}  // namespace mcp
