#pragma once

#include <optional>
#include <string_view>

#include "oauth/credential.h"
#include "oauth/token_endpoint.h"

namespace oauth {

/// What became of an attempt to have a token that works: a closed set, each with one consequence (TokenKeeper).
enum class RefreshOutcome {
  refreshed,          // go on with the new token
  adopted,            // another process has one: go on with that
  transient,          // the authorization server is not there just now: the token stays while it is valid
  refresh_dead,       // the refresh token is over: somebody has to log in again
  registration_lost,  // the authorization server has forgotten the client it registered: likewise, with another registration
  consent,            // the scopes, or the consent to them, do not do any more: likewise
  no_refresh_token,   // the login came without one: likewise, once the token is over
  never_logged_in,    // there is no login
  client_refused,     // what the configuration says of the client is wrong
  provider_error,     // the authorization server answered with nonsense: as transient
  issuer_moved,       // the server has another authorization server now: somebody has to log in there
  store_trouble,      // the store cannot be read, written or locked: the token in memory stays in force
  cancelled,          // the program ends
};

/// "refreshed", "refresh_token_dead", …: as status and the admin API show it.
std::string_view to_string(RefreshOutcome outcome);

/// Whether somebody has to log in again.
bool needs_person(RefreshOutcome outcome);

/// What a refusal of a refresh means for a client that came about in this way.
RefreshOutcome outcome_of(const TokenError& error, ClientSource client);

/// Why a login is over that was marked as such (Credential::dead).
RefreshOutcome outcome_of_dead(std::string_view code);

}  // namespace oauth
