#pragma once

#include <chrono>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mcp/base/cancellation.h"
#include "mcp/base/error.h"
#include "mcp/base/result.h"
#include "mcp/base/task.h"
#include "oauth/credential.h"
#include "oauth/http.h"

namespace oauth {

/// A request to a token endpoint (RFC 6749, 3.2), or one that is authenticated like it (device authorization, revocation).
struct TokenRequest {
  std::string endpoint;
  Client client;
  std::string private_key;                                // PEM, for private_key_jwt
  std::string audience;                                   // of that assertion: the issuer
  std::vector<std::pair<std::string, std::string>> form;  // besides what authenticates the client
};

/// Tokens as they were answered.
struct TokenAnswer {
  std::string access_token;
  std::optional<std::chrono::seconds> lifetime;    // {}: not said, or nonsense
  bool odd_lifetime = false;                       // said, but nonsense: under a second, no number, beyond ten years
  std::string refresh_token;                       // "" = none
  std::optional<std::vector<std::string>> scopes;  // {}: as asked
  std::string id_token;                            // "" = none
};

/// What a request for tokens that brought none means: a closed set, by which alone anything is decided.
enum class TokenFailure {
  transient,       // 429, 5xx, a timeout, the network
  refresh_dead,    // invalid_grant
  client_unknown,  // invalid_client
  client_refused,  // unauthorized_client, invalid_request, invalid_target, unsupported_grant_type
  consent,         // access_denied, invalid_scope, insufficient_scope, consent_required, interaction_required, login_required
  provider,        // no OAuth answer, or half of one
  pending,         // authorization_pending (device flow)
  slow_down,       // the same, and more slowly
  expired,         // expired_token (device flow)
  cancelled,       // by the caller
};

struct TokenError {
  TokenFailure failure = TokenFailure::provider;
  std::string code;                                 // the OAuth error, "" where there was none
  mcp::Error error;                                 // what to tell people: names the authorization server, never a secret
  std::optional<std::chrono::seconds> retry_after;  // as the server asked, from now on
};

/// What an error code means (RFC 6749, 5.2; RFC 8628, 3.5; RFC 8707, 2; OpenID Connect Core, 3.1.2.6); provider for one that nobody
/// has defined.
TokenFailure failure_of(std::string_view code);

/// Asks for tokens. `now` is for a Retry-After that is a date.
mcp::Task<std::expected<TokenAnswer, TokenError>> request_tokens(Http& http,
                                                                 TokenRequest request,
                                                                 WallTime now,
                                                                 mcp::Cancellation& cancellation);

/// What the answer to such a request says; `client` decides nothing but words.
std::expected<TokenAnswer, TokenError> read_token_answer(const mcp::Result<HttpAnswer>& answer,
                                                         const TokenRequest& request,
                                                         WallTime now);

/// The HTTP request that authenticates the client in its way and carries the form. Error config_invalid where the private key
/// cannot be used.
mcp::Result<HttpRequest> token_http_request(const TokenRequest& request, WallTime now);

}  // namespace oauth
