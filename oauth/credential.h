#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oauth {

using WallTime = std::chrono::system_clock::time_point;

/// Whose login it is: with which authorization server, for which protected resource, under which name of its user's choice. It
/// says nothing of how the configuration calls the server, so that a renamed one keeps its login.
struct CredentialKey {
  std::string issuer;    // as the metadata has it, byte by byte (RFC 8414, 3.3)
  std::string resource;  // as the protected resource's metadata has it, byte by byte (RFC 9728)
  std::string account;   // "" = the only one

  auto operator<=>(const CredentialKey&) const = default;
};

/// How we came to be a client of an authorization server (MCP 2025-11-25, "Client Registration Approaches").
enum class ClientSource { configured, metadata_document, dynamic };

/// How a client authenticates at the token endpoint (OpenID Connect Core, 9).
enum class ClientAuthentication { none, basic, post, private_key_jwt };

/// The client as which an authorization server knows us.
struct Client {
  ClientSource source = ClientSource::configured;
  std::string id;
  std::string secret;  // "" = none
  ClientAuthentication authentication = ClientAuthentication::none;
  std::string redirect_uri;                // the one it was registered with; "" where that does not matter
  std::optional<WallTime> secret_expires;  // {} = never
  std::vector<std::string> scopes;         // the ones it was registered to ask for; none where it was not registered by itself

  bool operator==(const Client&) const = default;
};

/// A login, and all it takes to keep it alive without asking anybody what the authorization server is like.
struct Credential {
  CredentialKey key;
  std::string server_url;  // of the MCP server, as the configuration had it at the login
  Client client;
  std::string token_endpoint;
  std::string revocation_endpoint;    // "" = none
  std::string login;                  // unguessable: another for each login, the same through all refreshes
  std::optional<WallTime> logged_in;  // when that was
  std::uint64_t generation = 0;       // grows by one with every change that is saved
  std::string access_token;           // "" = none
  std::optional<WallTime> issued;     // when we were given it
  std::optional<WallTime> expires;    // {} = unknown
  std::string refresh_token;          // "" = none
  std::vector<std::string> scopes;    // granted, as far as is known
  std::vector<std::string> asked;     // scopes asked for at the login
  std::vector<std::string> wanted;    // that the server has asked for since: the next login asks for them besides
  std::string subject;                // whom it is for, to be shown: an address, a name, an id; "" = unknown
  std::optional<WallTime> refreshed;  // the last refresh that succeeded
  std::string dead;                   // why no refresh is worth a try any more: an error code of OAuth; "" = alive

  bool operator==(const Credential&) const = default;
};

}  // namespace oauth
