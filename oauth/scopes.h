#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oauth {

using Scopes = std::vector<std::string>;

/// Whether RFC 6749, 3.3 allows it.
bool is_scope(std::string_view text);

/// The scopes of a text (RFC 6749, 3.3), each once, in their order; what is no scope is left out, and what comes after 256 of them.
Scopes parse_scopes(std::string_view text);

/// The same for a list, whose members may hold blanks around them.
Scopes tidy_scopes(const Scopes& scopes);

std::string join_scopes(const Scopes& scopes);

/// All of `first`, then what `second` has besides.
Scopes unite_scopes(const Scopes& first, const Scopes& second);

/// Those of `scopes` that are not in `there`.
Scopes missing_scopes(const Scopes& scopes, const Scopes& there);

/// What a login may ask for, by who says so; {} where that one says nothing.
struct ScopeSources {
  std::optional<Scopes> configured;
  std::optional<Scopes> challenge;  // of the server's 401
  std::optional<Scopes> resource;   // scopes_supported of the resource's metadata
  Scopes server;                    // scopes_supported of the authorization server's
  Scopes more;                      // for a step-up: asked for before, and missing now
};

/// MCP 2025-11-25, "Scope Selection Strategy": the configuration's, else the challenge's, else all that the resource has, else
/// none; with those of a step-up, and offline_access where the authorization server knows it, since without it some give no refresh
/// token. An empty list asks for what the authorization server thinks right, so nothing is added to it.
/// What the configuration says is never added to but for a step-up.
Scopes choose_scopes(const ScopeSources& sources);

}  // namespace oauth
