#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mcp/base/error.h"
#include "oauth/scopes.h"

namespace oauth {

struct AuthorizationRequest {
  std::string endpoint;  // its own query is kept
  std::string client_id;
  std::string redirect_uri;
  std::string code_challenge;  // S256
  std::string state;
  std::string resource;
  Scopes scopes;
};

/// Where a person's browser goes (RFC 6749, 4.1.1; RFC 7636, 4.3; RFC 8707, 2). With offline_access consent is asked for anew, as
/// OpenID Connect Core, 11 wants it.
std::string authorization_url(const AuthorizationRequest& request);

/// 32 hexadecimal digits: 128 random bits.
std::string make_state();

/// What was noted before the browser left.
struct ExpectedResponse {
  std::string state;
  std::string issuer;
  bool iss_required = false;  // the issuer's metadata says that it sends one
};

/// What the parameters mean that a browser brought back.
struct AuthorizationResponse {
  enum class Kind {
    code,      // take it to the token endpoint
    failed,    // the login is over
    unrelated  // not for this login, or not complete: goes on waiting
  };
  Kind kind = Kind::unrelated;
  std::string code;
  std::string refusal;  // failed: the OAuth error of the authorization server itself, "" where it is not its word
  mcp::Error error;     // failed: why; unrelated: what is wrong, for whoever looks at the page
};

/// Reads a query (RFC 6749, 4.1.2) by the rules of RFC 9207, 2.4: a response with another state, or none, is not ours. One that
/// names another issuer, or none where it has to, is refused, and nothing of what it says is shown.
AuthorizationResponse read_authorization_response(std::string_view query, const ExpectedResponse& expected);

/// The names and values of a query, decoded; blanks may be "+". At most 64 of them.
std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query);

}  // namespace oauth
