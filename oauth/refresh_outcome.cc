#include "oauth/refresh_outcome.h"

namespace oauth {

namespace {

constexpr std::string_view kUnauthorized = "unauthorized_client";

}  // namespace

std::string_view to_string(RefreshOutcome outcome) {
  switch (outcome) {
    case RefreshOutcome::refreshed:
      return "refreshed";
    case RefreshOutcome::adopted:
      return "adopted";
    case RefreshOutcome::transient:
      return "transient";
    case RefreshOutcome::refresh_dead:
      return "refresh_token_dead";
    case RefreshOutcome::registration_lost:
      return "registration_lost";
    case RefreshOutcome::consent:
      return "consent_or_scope";
    case RefreshOutcome::no_refresh_token:
      return "no_refresh_token";
    case RefreshOutcome::never_logged_in:
      return "never_logged_in";
    case RefreshOutcome::client_refused:
      return "client_refused";
    case RefreshOutcome::provider_error:
      return "provider_error";
    case RefreshOutcome::issuer_moved:
      return "issuer_moved";
    case RefreshOutcome::store_trouble:
      return "store_trouble";
    case RefreshOutcome::cancelled:
      return "cancelled";
  }
  return "provider_error";
}

bool needs_person(RefreshOutcome outcome) {
  switch (outcome) {
    case RefreshOutcome::refresh_dead:
    case RefreshOutcome::registration_lost:
    case RefreshOutcome::consent:
    case RefreshOutcome::no_refresh_token:
    case RefreshOutcome::issuer_moved:
      return true;
    default:
      return false;
  }
}

RefreshOutcome outcome_of(const TokenError& error, ClientSource client) {
  switch (error.failure) {
    case TokenFailure::transient:
      return RefreshOutcome::transient;
    case TokenFailure::refresh_dead:
    case TokenFailure::expired:
      return RefreshOutcome::refresh_dead;
    case TokenFailure::client_unknown:
      return client == ClientSource::dynamic ? RefreshOutcome::registration_lost : RefreshOutcome::client_refused;
    case TokenFailure::client_refused:
      // Another word for a client that is not known any more.
      if (client == ClientSource::dynamic && error.code == kUnauthorized) return RefreshOutcome::registration_lost;
      return RefreshOutcome::client_refused;
    case TokenFailure::consent:
      return RefreshOutcome::consent;
    case TokenFailure::provider:
    case TokenFailure::pending:
    case TokenFailure::slow_down:
      return RefreshOutcome::provider_error;
    case TokenFailure::cancelled:
      return RefreshOutcome::cancelled;
  }
  return RefreshOutcome::provider_error;
}

RefreshOutcome outcome_of_dead(std::string_view code) {
  if (code == "invalid_client" || code == kUnauthorized) return RefreshOutcome::registration_lost;
  return failure_of(code) == TokenFailure::consent ? RefreshOutcome::consent : RefreshOutcome::refresh_dead;
}

}  // namespace oauth
