#pragma once

#include <optional>
#include <string_view>

#include "oauth/credential.h"

namespace oauth {

/// "none", "client_secret_basic", "client_secret_post", "private_key_jwt": as metadata and registrations spell them.
std::string_view to_string(ClientAuthentication method);
std::optional<ClientAuthentication> parse_client_authentication(std::string_view text);

}  // namespace oauth
