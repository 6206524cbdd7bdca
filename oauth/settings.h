#pragma once

#include <optional>
#include <string>
#include <vector>

#include "oauth/credential.h"

namespace oauth {

/// How access tokens for a server come about. A person's consent (authorization_code; on a machine without a browser, device), or
/// the gateway's own standing (client_credentials).
enum class Grant { authorization_code, client_credentials };

/// What the configuration says of the login to one server. Values are resolved.
struct ServerSettings {
  std::string server_url;
  std::string account;                             // CredentialKey::account
  std::optional<std::vector<std::string>> scopes;  // to ask for, even where that is none; {}: what the server says it wants
  Grant grant = Grant::authorization_code;
  std::string client_id;                                      // of a client registered by hand; "" = none
  std::string client_secret;                                  // "" = none
  std::optional<ClientAuthentication> client_authentication;  // {}: what client and authorization server have in common
  std::string private_key;                                    // PEM, for private_key_jwt; "" = none
  std::string client_metadata_url;                            // of our Client ID Metadata Document; "" = none
  std::string authorization_server;                           // issuer; "": what the server's own metadata names
  std::string callback_url;                                   // where the browser comes back to; "": any port of loopback
  bool private_addresses = false;  // authorization servers on private and link-local addresses may be asked

  bool operator==(const ServerSettings&) const = default;
};

}  // namespace oauth
