#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gateway {

/// Whether a variable or header of that name usually holds a secret: GITHUB_TOKEN, Authorization, x-api-key; not TOKEN_URL,
/// MAX_TOKENS.
bool names_secret(std::string_view key);

/// Whether a value has the shape of a known kind of secret: ghp_…, sk-…, "Bearer …", a JWT, a PEM key, …
bool looks_secret(std::string_view value);

/// What to say about an environment value or a header that is written out in the file although it seems to be a secret: how to move
/// it into the environment. Nothing when it does not seem to be one. The value is never repeated.
std::optional<std::string> literal_env_secret(std::string_view key, std::string_view value);
std::optional<std::string> literal_header_secret(std::string_view server, std::string_view key, std::string_view value);

}  // namespace gateway
