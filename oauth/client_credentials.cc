#include "oauth/client_credentials.h"

#include <utility>

#include "oauth/new_credential.h"
#include "oauth/registration.h"

namespace oauth {
namespace {

std::unexpected<TokenError> misconfigured(mcp::Error error) {
  return std::unexpected(
      TokenError{.failure = TokenFailure::client_refused, .code = {}, .error = std::move(error), .retry_after = {}});
}

}  // namespace

mcp::Task<std::expected<Credential, TokenError>> request_client_credentials(
    Http& http, const ServerSettings& settings, const Discovery& discovery, Scopes scopes, mcp::Cancellation& cancellation) {
  auto client = configured_client(settings, discovery.server);
  if (!client) co_return misconfigured(std::move(client.error()));
  if (!*client || (*client)->authentication == ClientAuthentication::none) {
    co_return misconfigured({mcp::ErrorCode::config_invalid,
                             "client credentials are to be used, but the configuration names no client with a secret or a key.",
                             "Set the client's id, and its secret or its private key, in the server's \"oauth\".",
                             {}});
  }
  TokenRequest request;
  request.endpoint = discovery.server.token_endpoint;
  request.client = **client;
  request.private_key = settings.private_key;
  request.audience = discovery.server.issuer;
  request.form = {{"grant_type", "client_credentials"}, {"resource", discovery.resource}};
  if (!scopes.empty()) request.form.emplace_back("scope", join_scopes(scopes));
  const WallTime now = std::chrono::system_clock::now();
  auto tokens = co_await request_tokens(http, std::move(request), now, cancellation);
  if (!tokens) co_return std::unexpected(std::move(tokens.error()));
  // What comes beyond the access token is none of this grant's (RFC 6749, 4.4.3).
  tokens->refresh_token.clear();
  co_return make_credential(settings, discovery, std::move(**client), scopes, std::move(*tokens), now);
}

}  // namespace oauth
