#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/config/jsonc.h"
#include "gateway/import/sources.h"

namespace gateway {

/// What another client knows of the login to a server, in its words.
struct ClientLogin {
  std::string client_id, client_secret;  // "": none; no secret without an id
  std::string authorization_server;      // that the secret is for; "": the client does not say
  std::vector<std::string> scopes;
  std::optional<int> callback_port;

  bool empty() const { return client_id.empty() && authorization_server.empty() && scopes.empty() && !callback_port; }
};

/// An entry with the keys that foreign files can have here (server_fields.h); what only its client says is taken out and stands
/// beside it.
struct PlainEntry {
  JsonNode entry;
  std::vector<std::pair<std::string, std::string>> env, headers;  // to be added, in our words
  ClientLogin login;
  std::vector<std::string> left_out;  // keys that say nothing here: "oauth.issuer"
  std::string problem;                // why it cannot be taken over; "": it can
};

/// bearer_token and bearer_token_env_var of whoever has them; Codex's env_http_headers, env_vars, startup_timeout_ms, scopes and
/// its approvals of tools; Cursor's "auth"; VS Code's sandbox; the "oauth" of all.
PlainEntry plain_entry(const JsonNode& entry, ImportClient client);

}  // namespace gateway
