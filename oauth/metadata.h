#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mcp/base/result.h"
#include "oauth/credential.h"
#include "oauth/scopes.h"

namespace oauth {

/// Protected resource metadata (RFC 9728, 2), as far as a client needs it.
struct ResourceMetadata {
  std::string url;  // of the document
  std::string resource;
  std::vector<std::string> authorization_servers;  // issuers, unchecked
  std::optional<Scopes> scopes_supported;
};

/// Authorization server metadata (RFC 8414, 2; OpenID Connect Discovery, 3). Members are "" or empty where they were not given.
struct ServerMetadata {
  std::string url;  // of the document; "" for the defaults of MCP 2025-03-26
  std::string issuer;
  std::string authorization_endpoint;
  std::string token_endpoint;
  std::string registration_endpoint;
  std::string revocation_endpoint;
  std::string device_authorization_endpoint;
  Scopes scopes_supported;
  std::optional<std::vector<std::string>> grant_types;
  std::optional<std::vector<std::string>> token_authentication;  // as registered, known to us or not
  std::vector<std::string> code_challenge_methods;
  bool iss_parameter = false;             // authorization_response_iss_parameter_supported (RFC 9207)
  bool client_metadata_document = false;  // client_id_metadata_document_supported
};

/// Both read a document that `url` answered with. Endpoints are https, or anything on loopback, and have no fragment (MCP
/// 2025-11-25, "Communication Security"). Errors name the document and the member: parse_error (no JSON, or too deep),
/// invalid_request (a member is missing, of another type, or out of bounds).
mcp::Result<ResourceMetadata> parse_resource_metadata(std::string_view url, std::string_view text);
mcp::Result<ServerMetadata> parse_server_metadata(std::string_view url, std::string_view text);

/// Checks the URL of an endpoint, a client metadata document or an issuer: https, or loopback; no fragment, no user name. Error
/// invalid_request, in which `what` names it.
mcp::Result<> check_secure_url(std::string_view text, const std::string& what);

/// What MCP 2025-03-26 assumes of a server that publishes nothing ("Fallbacks for Servers without Metadata Discovery").
ServerMetadata default_metadata(std::string_view origin);

/// Whether codes can be protected by PKCE with S256 there. Error invalid_request: the authorization code grant must not be used
/// (MCP 2025-11-25, "Authorization Code Protection"). The defaults say nothing, and pass.
mcp::Result<> check_pkce(const ServerMetadata& server);

}  // namespace oauth
