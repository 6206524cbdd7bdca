#pragma once

#include <string>

#include "oauth/credential.h"
#include "oauth/http.h"

namespace oauth {

/// What became of a login at its authorization server.
struct Revocation {
  enum class Outcome {
    revoked,
    not_offered,  // the authorization server has no revocation endpoint: tokens live until they expire
    failed
  };
  Outcome outcome = Outcome::not_offered;
  std::string text;  // for people: which authorization server, and what it said
};

/// Revokes the refresh token, with which its access tokens go, and then the access token (RFC 7009, 2.1), as well as that goes:
/// within 15 s in all. `private_key` is for private_key_jwt. Revoked means both, as far as there are both.
mcp::Task<Revocation> revoke(Http& http, Credential credential, std::string private_key, mcp::Cancellation& cancellation);

}  // namespace oauth
