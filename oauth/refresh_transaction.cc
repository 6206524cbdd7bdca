// One attempt of a TokenKeeper: what is read, asked and written down, in which order, and what follows from each answer.
#include <utility>

#include "mcp/http/timed_cancellation.h"
#include "oauth/scopes.h"
#include "oauth/token_keeper.h"
#include "oauth/token_times.h"
#include "oauth/utc_text.h"

namespace oauth {

using mcp::Error;
using mcp::ErrorCode;
using mcp::Task;

namespace {

constexpr auto kConfigurationPause = std::chrono::minutes(5);

Error reauthentication(std::string message) {
  return {ErrorCode::reauthentication_required, std::move(message)};
}

/// What goes wrong here costs no login: it is told of, and the token in memory stays in force.
Error store_error(Error error) {
  error.code = ErrorCode::authorization_unavailable;
  return error;
}

}  // namespace

Task<void> TokenKeeper::transact(Need need) {
  if (need != Need::note && need != Need::save) attempted_ = dependencies_.now();
  look_at_settings();
  if (!lock_) {
    auto lock = co_await dependencies_.store->lock(key_, ending_, LoginStore::kRenewalWait);
    if (!lock) {
      if (need == Need::note) co_return;
      if (ending_.requested()) co_return settle(RefreshOutcome::cancelled);
      pause(patience({}, dependencies_.random()));
      co_return settle(RefreshOutcome::store_trouble, store_error(std::move(lock).error()));
    }
    lock_ = std::move(*lock);
  }
  const bool settled = co_await settled_by_store(need);
  if (settled) co_return;
  if (ending_.requested()) co_return settle(RefreshOutcome::cancelled);
  if (need == Need::refused_again) co_return co_await refused_again();
  if (settled_by_memory()) co_return;
  co_await ask();
}

/// Whether no more has to be asked once the store has been read again.
Task<bool> TokenKeeper::settled_by_store(Need need) {
  if (unsaved_) {
    // Nobody else can have changed what is locked: what is in memory counts.
    Credential kept = *credential_;
    kept.wanted = wanted_;
    co_await save(std::move(kept));
    co_return need == Need::save || need == Need::note;
  }
  auto stored = co_await dependencies_.store->load(key_);
  if (!stored && need == Need::note) co_return true;
  if (!stored) {
    pause(patience({}, dependencies_.random()));
    settle(RefreshOutcome::store_trouble, store_error(std::move(stored).error()));
    co_return true;
  }
  if (!*stored) {
    forget();
    settle(RefreshOutcome::never_logged_in);
    co_return true;
  }
  // Under the lock it is what counts, whatever the clocks said when it was written.
  const bool changed = !credential_ || (*stored)->login != credential_->login || (*stored)->generation > credential_->generation;
  if (changed) adopt(std::move(**stored));
  if (need == Need::note) {
    co_await note_wanted();
    co_return true;
  }
  const bool enough = usable() && (need != Need::due || !is_due());
  if (enough) settle(RefreshOutcome::adopted);
  co_return enough;
}

/// Whoever logs in next reads it. Where it cannot be written down, the server will say it again.
Task<void> TokenKeeper::note_wanted() {
  if (credential_->wanted == wanted_) co_return;
  Credential next = *credential_;
  next.wanted = wanted_;
  ++next.generation;
  const auto saved = co_await dependencies_.store->save(next);
  if (saved) credential_ = std::move(next);
}

/// Whether what is known of the login leaves nothing to ask.
bool TokenKeeper::settled_by_memory() {
  if (!credential_->dead.empty()) {
    // Whoever found that out in this process has said more of it.
    if (outcome_ && needs_person(*outcome_)) return true;
    settle(outcome_of_dead(credential_->dead),
           reauthentication("the login at " + key_.issuer + " is over (" + credential_->dead + ")"));
    return true;
  }
  if (!credential_->refresh_token.empty()) return false;
  if (outcome_ == RefreshOutcome::no_refresh_token && trouble_) return true;
  std::string message = "the login at " + key_.issuer + " came without a refresh token, and its access token ";
  const auto end = expiry(*credential_, dependencies_.now());
  message += credential_->access_token == rejected_ || !end ? "is refused" : "ran out at " + utc_text(*end);
  settle(RefreshOutcome::no_refresh_token, reauthentication(std::move(message)));
  return true;
}

TokenRequest TokenKeeper::refresh_request() const {
  const Credential& credential = *credential_;
  TokenRequest request{.endpoint = credential.token_endpoint, .client = credential.client, .audience = key_.issuer};
  // The configuration may have another secret by now, for this authorization server or for another one.
  const bool meant = settings_.authorization_server.empty() || settings_.authorization_server == key_.issuer;
  if (meant && credential.client.source == ClientSource::configured && settings_.client_id == credential.client.id) {
    if (!settings_.client_secret.empty()) request.client.secret = settings_.client_secret;
    ClientAuthentication& method = request.client.authentication;
    const bool by_key = method == ClientAuthentication::private_key_jwt;
    if (settings_.client_authentication) {
      method = *settings_.client_authentication;
    } else if (by_key && settings_.private_key.empty() && !settings_.client_secret.empty()) {
      method = ClientAuthentication::basic;
    } else if (!by_key && !settings_.private_key.empty() && settings_.client_secret.empty()) {
      method = ClientAuthentication::private_key_jwt;
    }
  }
  request.private_key = settings_.private_key;
  request.form = {{"grant_type", "refresh_token"}, {"refresh_token", credential.refresh_token}};
  if (!key_.resource.empty()) request.form.emplace_back("resource", key_.resource);
  return request;
}

Task<void> TokenKeeper::ask() {
  const WallTime asked = dependencies_.now();
  Error late{ErrorCode::timeout,
             key_.issuer + " did not answer within " +
                 std::to_string(std::chrono::duration_cast<std::chrono::seconds>(dependencies_.request_deadline).count()) + " s"};
  mcp::TimedCancellation limit(
      dependencies_.executor, &hurry_, mcp::Clock::now() + dependencies_.request_deadline, std::move(late));
  auto request = refresh_request();
  const auto http = dependencies_.http;
  auto answer = co_await request_tokens(*http, std::move(request), asked, limit.get());
  if (answer) {
    auto tokens = std::move(*answer);
    co_await take_tokens(std::move(tokens), asked);
  } else {
    auto error = std::move(answer).error();
    co_await take_refusal(std::move(error));
  }
}

Task<void> TokenKeeper::take_tokens(TokenAnswer answer, WallTime asked) {
  Credential next = *credential_;
  next.access_token = std::move(answer.access_token);
  next.issued = asked;
  next.expires = answer.lifetime ? std::optional(asked + *answer.lifetime) : std::nullopt;
  if (!answer.refresh_token.empty()) next.refresh_token = std::move(answer.refresh_token);
  if (answer.scopes) next.scopes = tidy_scopes(*answer.scopes);
  next.refreshed = asked;
  next.wanted = wanted_;
  next.dead.clear();
  ++next.generation;
  co_await save(std::move(next));
  if (!usable()) {
    // The one that the server refused, or one that was over before it was here.
    pause(patience({}, dependencies_.random()));
    co_return settle(
        RefreshOutcome::provider_error,
        Error{ErrorCode::authorization_unavailable,
              key_.issuer + " gave an access token that cannot be used: it is over already, or has just been refused"});
  }
  settle(RefreshOutcome::refreshed);
  if (answer.odd_lifetime && store_note_.empty())
    store_note_ = key_.issuer + " says nonsense of how long its tokens live: they are used until they are refused";
}

/// Writes the login down, and uses it: in that order, so that a crash between leaves no refresh token that nobody knows. Where it
/// cannot be written, it is used all the same, and the lock stays.
Task<void> TokenKeeper::save(Credential credential) {
  const auto saved = co_await dependencies_.store->save(credential);
  unsaved_ = !saved;
  store_note_ = saved ? "" : "the login is in memory alone: " + saved.error().text();
  adopt(std::move(credential));
}

Task<void> TokenKeeper::take_refusal(TokenError error) {
  RefreshOutcome outcome = outcome_of(error, credential_->client.source);
  switch (outcome) {
    case RefreshOutcome::provider_error: {
      const bool moved = co_await has_moved();
      if (moved) co_return;
      [[fallthrough]];
    }
    case RefreshOutcome::transient: {
      // An authorization server that does not come back may have been given up for another one.
      bool moved = false;
      if (error.failure == TokenFailure::transient && is_gone_for_long()) moved = co_await has_moved();
      if (moved) co_return;
      pause(patience(error.retry_after, dependencies_.random()));
      error.error.message = "the login at " + key_.issuer + " cannot be renewed just now: " + error.error.message;
      break;
    }
    case RefreshOutcome::client_refused:
      error.error.code = ErrorCode::credential_refused;
      pause(kConfigurationPause);
      if (credential_->client.source == ClientSource::configured || error.code.empty()) break;
      // Nobody can correct anything in the configuration; another login begins anew.
      outcome = RefreshOutcome::consent;
      error.error.code = ErrorCode::reauthentication_required;
      error.error.remedy.clear();
      break;
    case RefreshOutcome::registration_lost: {
      error.error = reauthentication(key_.issuer + " does not know us any more as a client (" + error.code + ")");
      auto issuer = key_.issuer;
      const bool registered = co_await register_with(std::move(issuer));
      if (registered) error.error.message += "; there is another one for the next login";
      co_await mark_dead(error.code);
      break;
    }
    case RefreshOutcome::consent:
    case RefreshOutcome::refresh_dead:
      error.error.code = ErrorCode::reauthentication_required;
      error.error.message = "the login at " + key_.issuer + " is over: " + error.error.message;
      error.error.remedy.clear();
      co_await mark_dead(error.code);
      break;
    default:
      break;
  }
  settle(outcome, std::move(error.error));
}

/// So that no process, and no later life of this one, asks with it again. Where that cannot be written down, each finds out by
/// itself.
Task<void> TokenKeeper::mark_dead(std::string code) {
  Credential next = *credential_;
  next.dead = code.empty() ? "refused" : std::move(code);
  next.wanted = wanted_;
  ++next.generation;
  const auto saved = co_await dependencies_.store->save(next);
  store_note_ = saved ? "" : saved.error().text();
  // What another process may write next is newer than what nobody has read.
  if (!saved) --next.generation;
  credential_ = std::move(next);
}

/// The server refuses what the authorization server gave a moment ago. Whether it will be otherwise later, time tells.
Task<void> TokenKeeper::refused_again() {
  const bool moved = co_await has_moved();
  if (moved) co_return;
  pause(patience({}, dependencies_.random()));
  settle(RefreshOutcome::consent,
         reauthentication("the server refuses an access token that " + key_.issuer + " gave a moment ago"));
}

/// There is no token to be tried, and it is not the first time that nobody answers.
bool TokenKeeper::is_gone_for_long() const {
  return !usable() && outcome_ == RefreshOutcome::transient;
}

/// Whether the server has another authorization server by now. Then there is nothing to be had from the one before.
Task<bool> TokenKeeper::has_moved() {
  if (!dependencies_.registrar) co_return false;
  Error late{ErrorCode::timeout, "the server's metadata did not come in time"};
  mcp::TimedCancellation limit(
      dependencies_.executor, &hurry_, mcp::Clock::now() + dependencies_.request_deadline, std::move(late));
  const auto registrar = dependencies_.registrar;
  const auto issuer = co_await registrar->issuer_now(*credential_, limit.get());
  if (!issuer || *issuer == key_.issuer) co_return false;
  std::string other = *issuer;
  const bool registered = co_await register_with(std::move(other));
  std::string message = "the server has another authorization server now: " + *issuer + ", not " + key_.issuer;
  if (registered) message += "; there is a client for the next login";
  pause(kConfigurationPause);
  settle(RefreshOutcome::issuer_moved, reauthentication(std::move(message)));
  co_return true;
}

/// Once for each login; not where somebody else has done so meanwhile, for another server's login. True: there is a client for the
/// next login.
Task<bool> TokenKeeper::register_with(std::string issuer) {
  const std::string once = credential_->login + ' ' + issuer;
  if (!dependencies_.registrar || registered_for_ == once) co_return false;
  registered_for_ = once;
  const auto known = co_await dependencies_.store->load_client(issuer);
  if (known && *known && (*known)->id != credential_->client.id) co_return true;
  Error late{ErrorCode::timeout, "the registration was not answered in time"};
  mcp::TimedCancellation limit(
      dependencies_.executor, &hurry_, mcp::Clock::now() + dependencies_.request_deadline, std::move(late));
  const auto registrar = dependencies_.registrar;
  auto client = co_await registrar->register_again(*credential_, issuer, limit.get());
  if (!client) co_return false;
  auto made = std::move(*client);
  const auto saved = co_await dependencies_.store->save_client(std::move(issuer), std::move(made));
  co_return saved.has_value();
}

void TokenKeeper::settle(RefreshOutcome outcome, std::optional<Error> trouble) {
  outcome_ = outcome;
  ++attempts_[outcome];
  trouble_ = std::move(trouble);
}

}  // namespace oauth
