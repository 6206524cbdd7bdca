#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gateway {

/// Whether a variable or header of that name usually holds a secret: GITHUB_TOKEN, Authorization, x-api-key; not TOKEN_URL,
/// MAX_TOKENS.
bool names_secret(std::string_view key);

/// Whether a value has the shape of a known kind of secret: ghp_…, sk-…, "Bearer …", a JWT, a PEM key, …
bool looks_secret(std::string_view value);

/// What of a value stands in the file: nothing of "${VAR}", "Bearer ${secret:NAME}" and others with references in them, but the
/// default of "${VAR:-default}". A view into the value.
std::string_view written_out(std::string_view value);

/// Where an argument holds what seems to be a secret.
struct ArgumentSecret {
  std::string_view name;   // of the option, variable or header it belongs to; "" where none is known
  std::string_view value;  // the secret, a part of the argument
};

/// The secret in `argument`, which stands after `before`: "--api-key" "VALUE", "--token=VALUE", "API_KEY=VALUE",
/// "Authorization: VALUE", or a value that has the shape of one. Views into the two; the value may be, or have in it, a reference.
std::optional<ArgumentSecret> secret_in_argument(std::string_view before, std::string_view argument);

/// A part of a URL that is, or may be, a secret. Views into the text.
struct UrlSecret {
  std::string_view key = {};        // of the query; "" elsewhere
  std::string_view value = {};      // the password, the key's value, or the part of the path
  std::string_view user_info = {};  // with a password: "user:password"
  bool in_path = false;
};

/// The passwords and the values of queries in every URL that `text` holds: "postgres://user:password@host/db?sslmode=require"; of
/// its path those parts between two slashes that are secrets by their form: "https://host/s/sk-…/mcp", or long and random.
std::vector<UrlSecret> secrets_in_urls(std::string_view text);

/// What to say about a value that is written out in the file although it seems to be a secret, or to have one inside: how to move
/// it into the environment. Nothing when it does not seem to be one, or is a reference. The value is never repeated.
std::optional<std::string> literal_env_secret(std::string_view key, std::string_view value);
std::optional<std::string> literal_header_secret(std::string_view server, std::string_view key, std::string_view value);
std::optional<std::string> literal_argument_secret(std::string_view server, std::string_view before, std::string_view argument);
std::optional<std::string> literal_url_secret(std::string_view server, std::string_view url);

/// A secret that is written out in a value, and what to call it elsewhere: "GITHUB_TOKEN", "TICKETS_PASSWORD".
struct LiteralSecret {
  std::size_t at = 0, length = 0;  // bytes of the value
  std::string name;                // of A-Z 0-9 _
};

// Those that literal_…_secret() warn of, in the order of the value, but for defaults of references: these cannot stand elsewhere.
// None overlaps another. A variable's value is a secret as a whole, unless it has references in it.
std::vector<LiteralSecret> find_env_secrets(std::string_view server, std::string_view key, std::string_view value);
std::vector<LiteralSecret> find_header_secrets(std::string_view server, std::string_view key, std::string_view value);
std::vector<LiteralSecret> find_argument_secrets(std::string_view server, std::string_view before, std::string_view argument);
std::vector<LiteralSecret> find_url_secrets(std::string_view server, std::string_view url);

/// "apiKey", "X-Api-Key" as the name of a variable: "API_KEY".
std::string variable_name(std::string_view text);

/// "apiKey" of server "tickets" as the name of a variable: "TICKETS_API_KEY".
std::string secret_name(std::string_view server, std::string_view key);

}  // namespace gateway
