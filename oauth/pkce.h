#pragma once

#include <string>
#include <string_view>

namespace oauth {

/// Proof that who redeems a code is who asked for it (RFC 7636), by the method S256 alone.
struct Pkce {
  std::string verifier;  // 64 characters, 256 random bits; a secret until it has been sent with the code
  std::string challenge;
};

Pkce make_pkce();

/// BASE64URL(SHA256(verifier)).
std::string pkce_challenge(std::string_view verifier);

}  // namespace oauth
