#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oauth/credential.h"
#include "oauth/http.h"
#include "oauth/metadata.h"
#include "oauth/settings.h"

namespace oauth {

/// The clients that authorization servers registered for us, one for each issuer, and never used with another (MCP 2025-11-25).
/// What cannot be read or kept is the implementation's to tell: a login goes on without. Loop thread only.
class KnownClients {
 public:
  virtual ~KnownClients() = default;
  virtual mcp::Task<std::optional<Client>> find(std::string issuer) = 0;
  virtual mcp::Task<void> keep(std::string issuer, Client client) = 0;
  virtual mcp::Task<void> forget(std::string issuer) = 0;
};

/// The client that the configuration names, {} where it names none. Error config_invalid: it lacks what its way to authenticate
/// needs.
mcp::Result<std::optional<Client>> configured_client(const ServerSettings& settings, const ServerMetadata& server);

/// The client that our Client ID Metadata Document describes, where both the configuration and the authorization server know of
/// such. Error config_invalid: its URL is none that an authorization server may fetch.
mcp::Result<std::optional<Client>> document_client(const ServerSettings& settings, const ServerMetadata& server);

/// That document (draft-ietf-oauth-client-id-metadata-document), to be served at `url`. Authorization servers let a port of
/// loopback differ (RFC 8252, 7.3), so it names none. `callbacks`: configured ones, besides.
std::string client_metadata_document(std::string_view url, const std::vector<std::string>& callbacks = {});

/// How a client that is registered by itself is to authenticate: like one that can keep no secret, where that is allowed.
ClientAuthentication authentication_to_ask(const ServerMetadata& server);

/// A native client's, without the port: for registrations of which no browser comes back.
inline constexpr std::string_view kLoopbackRedirect = "http://127.0.0.1/callback";

struct Registration {
  std::string redirect_uri;
  Scopes scopes;
  bool device = false;  // for the device flow
};

/// Registers a client (RFC 7591, 3), as a native one; without the scopes where the authorization server does not like those.
/// Errors: credential_refused (the authorization server's own words; or it registers nobody), authorization_unavailable (worth
/// another try), invalid_request (its answer is none), or the cancellation's reason.
mcp::Task<mcp::Result<Client>> register_client(Http& http,
                                               const ServerMetadata& server,
                                               Registration registration,
                                               mcp::Cancellation& cancellation);

/// Whether a secret of the client's is over, or so soon that no login would see its end.
bool secret_is_over(const Client& client, WallTime now);

}  // namespace oauth
