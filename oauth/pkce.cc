#include "oauth/pkce.h"

#include <array>
#include <openssl/evp.h>

#include "mcp/base/random.h"
#include "oauth/base64url.h"

namespace oauth {

Pkce make_pkce() {
  Pkce pkce;
  pkce.verifier = mcp::random_hex(32);
  pkce.challenge = pkce_challenge(pkce.verifier);
  return pkce;
}

std::string pkce_challenge(std::string_view verifier) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(verifier.data(), verifier.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) return "";
  return base64url({reinterpret_cast<const char*>(digest.data()), size});
}

}  // namespace oauth
