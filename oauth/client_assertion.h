#pragma once

#include <string>
#include <string_view>

#include "mcp/base/result.h"
#include "oauth/credential.h"

namespace oauth {

/// A signed JWT by which a client proves who it is (private_key_jwt; RFC 7523, 2.2 and 3), valid for five minutes. `private_key` is
/// PEM: RSA (RS256), P-256 (ES256), P-384 (ES384) or Ed25519 (EdDSA). Error config_invalid where it cannot be used; it tells
/// nothing of the key.
mcp::Result<std::string> client_assertion(std::string_view client_id,
                                          std::string_view audience,
                                          std::string_view private_key,
                                          WallTime now);

}  // namespace oauth
