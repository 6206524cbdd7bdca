#pragma once

#include <expected>

#include "oauth/credential.h"
#include "oauth/discovery.h"
#include "oauth/settings.h"
#include "oauth/token_endpoint.h"

namespace oauth {

/// A token for the configured client itself (RFC 6749, 4.4), without a person: by its secret, or by its private key (RFC 7523).
/// There is no refresh token; once it is over, another one is asked for in the same way. `scopes` as choose_scopes() has them. The
/// arguments must outlive the task; its time is the caller's to limit.
mcp::Task<std::expected<Credential, TokenError>> request_client_credentials(
    Http& http, const ServerSettings& settings, const Discovery& discovery, Scopes scopes, mcp::Cancellation& cancellation);

}  // namespace oauth
