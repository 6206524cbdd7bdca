#include "gateway/host/login_session.h"

#include <algorithm>
#include <utility>

#include "gateway/config/jsonc.h"
#include "mcp/base/ascii.h"
#include "oauth/logins.h"
#include "oauth/revocation.h"
#include "oauth/scopes.h"
#include "oauth/stored_clients.h"

namespace gateway {

using mcp::ErrorCode;
using mcp::fail;
using mcp::Result;
using mcp::Task;

namespace {

/// The lock on a login, to replace or remove it: also where our own keeper has it because it could not save what that makes
/// obsolete.
class LoginLock {
 public:
  static Task<Result<LoginLock>> take(std::shared_ptr<ServerLogins> logins,
                                      oauth::CredentialKey key,
                                      mcp::Cancellation& cancellation) {
    LoginLock taken;
    taken.keeper_ = logins->logins()->keeper_in_use(key);
    if (taken.keeper_) taken.lock_ = taken.keeper_->surrender_lock();
    if (taken.lock_) {
      taken.unsaved_ = taken.keeper_->unsaved();
      co_return Result<LoginLock>(std::move(taken));
    }
    taken.keeper_.reset();
    auto lock = co_await logins->store()->lock(std::move(key), cancellation, oauth::LoginStore::kLoginWait);
    if (!lock) co_return std::unexpected(std::move(lock).error());
    taken.lock_ = std::move(*lock);
    co_return Result<LoginLock>(std::move(taken));
  }

  /// What is newer than the store.
  const std::optional<oauth::Credential>& unsaved() const { return unsaved_; }

  /// `done`: what the keeper could not save is obsolete.
  void release(bool done) {
    if (keeper_ && done) keeper_->give_up_unsaved();
    if (keeper_ && !done) keeper_->take_back(std::move(lock_));
    lock_.reset();
  }

 private:
  std::unique_ptr<oauth::StoreLock> lock_;
  std::shared_ptr<oauth::TokenKeeper> keeper_;  // whose lock it was; else null
  std::optional<oauth::Credential> unsaved_;
};

}  // namespace

LoginSession::LoginSession(mcp::Executor executor,
                           std::shared_ptr<ServerLogins> logins,
                           ServerSpec spec,
                           LoginSessionOptions options)
    : executor_(std::move(executor)), logins_(std::move(logins)), spec_(std::move(spec)), options_(std::move(options)) {
  if (options_.scopes) spec_.oauth.scopes = options_.scopes;
  auto* http = std::get_if<HttpSpec>(&spec_.transport);
  if (http != nullptr && options_.account) http->access.account = *options_.account;
}

LoginSession::~LoginSession() = default;

/// Where a login would not be used, nobody should be sent to make one.
Result<> LoginSession::check() const {
  const std::string server = "the server " + quoted(spec_.name.str());
  const auto* http = std::get_if<HttpSpec>(&spec_.transport);
  if (http == nullptr)
    return fail(ErrorCode::config_invalid, server + " is a program: it has what its entry gives it, and no login here.");
  const bool header =
      std::ranges::any_of(http->headers, [](const auto& each) { return mcp::equals_ignoring_case(each.first, "authorization"); });
  std::string why;
  if (http->access.bearer.any()) why = "takes its token from \"bearer\"";
  if (header) why = "has an Authorization under \"headers\"";
  if (!http->access.login) why = "has \"oauth\": false";
  if (http->access.grant == oauth::Grant::client_credentials) why = "has the grant \"client_credentials\", which needs nobody";
  if (why.empty()) return {};
  return fail(
      ErrorCode::config_invalid, server + " " + why + ", so a login would not be used.", "Take that out of its entry first.");
}

/// Where the login is there already and does not reach far enough: what it asked for (or was given, where it asked for nothing),
/// and what is missing. A refusal of a moment ago is known to the keeper alone, one of another process's to the store.
Task<oauth::Scopes> LoginSession::scopes_to_add() {
  const auto settings = login_settings(spec_);
  const auto key = logins_->logins()->key_of(settings.server_url, settings.account);
  if (!key) co_return oauth::Scopes();
  auto stored = co_await logins_->store()->load(*key);
  if (!stored || !*stored) co_return oauth::Scopes();
  const oauth::Credential& login = **stored;
  wanted_ = login.wanted;
  if (const auto keeper = logins_->logins()->keeper_in_use(*key)) wanted_ = oauth::unite_scopes(wanted_, keeper->status().wanted);
  if (wanted_.empty()) co_return oauth::Scopes();
  co_return oauth::unite_scopes(login.asked.empty() ? login.scopes : login.asked, wanted_);
}

/// What the server has asked for since the login began is for the next one.
void LoginSession::carry_wishes(oauth::Credential& credential, const std::optional<oauth::Credential>& before) const {
  oauth::Scopes since = before ? before->wanted : oauth::Scopes();
  if (const auto keeper = logins_->logins()->keeper_in_use(credential.key))
    since = oauth::unite_scopes(since, keeper->status().wanted);
  const auto settled = oauth::unite_scopes(wanted_, oauth::unite_scopes(credential.scopes, credential.asked));
  credential.wanted = oauth::missing_scopes(since, settled);
}

Task<Result<LoginOutcome>> LoginSession::run(mcp::Cancellation& cancellation) {
  if (auto usable = check(); !usable) co_return std::unexpected(std::move(usable).error());
  oauth::LoginOptions options;
  options.settings = login_settings(spec_);
  options.more = co_await scopes_to_add();
  options.device = options_.device;
  options.pasted = options_.pasted;
  options.forgets_after_silence = options_.person_is_here;
  options.client_version = SWITCHYARD_VERSION;
  options.on_url = options_.on_url;
  options.on_code = options_.on_code;
  login_ = std::make_unique<oauth::Login>(
      executor_, logins_->http_for(spec_), oauth::make_stored_clients(*logins_->store()), std::move(options));
  auto credential = co_await login_->run(cancellation);
  if (!credential) co_return std::unexpected(std::move(credential).error());
  if (!*credential) co_return LoginOutcome{.wanted = false};
  oauth::Credential made = std::move(**credential);
  LoginOutcome outcome{.login = made.login,
                       .account = made.key.account,
                       .subject = made.subject,
                       .issuer = made.key.issuer,
                       .scopes = made.scopes,
                       .expires = made.expires,
                       .renewable = !made.refresh_token.empty()};
  outcome.not_given = oauth::missing_scopes(wanted_, made.scopes);
  auto kept = co_await keep(std::move(made), cancellation);
  if (!kept) co_return std::unexpected(std::move(kept).error());
  co_return outcome;
}

Task<Result<>> LoginSession::keep(oauth::Credential credential, mcp::Cancellation& cancellation) {
  auto key = credential.key;
  auto lock = co_await LoginLock::take(logins_, std::move(key), cancellation);
  if (!lock) co_return std::unexpected(std::move(lock).error());
  auto before = co_await logins_->store()->load(credential.key);
  // One that cannot be read is replaced all the same.
  if (before && *before) credential.generation = (*before)->generation + 1;
  carry_wishes(credential, before ? *before : std::nullopt);
  if (lock->unsaved()) credential.generation = std::max(credential.generation, lock->unsaved()->generation + 1);
  auto saved = co_await logins_->store()->save(std::move(credential));
  lock->release(saved.has_value());
  co_await logins_->read();
  co_return saved;
}

Result<> LoginSession::paste(std::string_view text) {
  if (!login_) return fail(ErrorCode::invalid_request, "the login has not come so far yet", "Try again in a moment.");
  return login_->paste(text);
}

std::optional<oauth::CallbackPage> LoginSession::come_back(std::string_view query) {
  return login_ ? login_->come_back(query) : std::nullopt;
}

Task<Result<LogoutOutcome>> log_out(std::shared_ptr<ServerLogins> logins,
                                    ServerSpec spec,
                                    std::optional<std::string> account,
                                    mcp::Cancellation& cancellation) {
  const auto settings = login_settings(spec);
  const std::string name = account.value_or(settings.account);
  LogoutOutcome outcome{.account = name};
  // One that cannot be read may be the one.
  const auto& unreadable = logins->logins()->unreadable();
  if (!unreadable.empty() && !logins->logins()->key_of(settings.server_url, name)) co_return std::unexpected(unreadable.front());
  // There may be one for each authorization server that the server has had.
  std::optional<oauth::CredentialKey> last;
  while (const auto key = logins->logins()->key_of(settings.server_url, name)) {
    if (std::exchange(last, key) == key) break;
    auto wanted = *key;
    auto lock = co_await LoginLock::take(logins, std::move(wanted), cancellation);
    if (!lock) co_return std::unexpected(std::move(lock).error());
    auto stored = co_await logins->store()->load(*key);
    if (lock->unsaved()) stored = lock->unsaved();
    // Out of the store first: whatever the authorization server says, nobody uses it any more.
    auto removed = co_await logins->store()->remove(*key);
    lock->release(removed.has_value());
    if (!removed) co_return std::unexpected(std::move(removed).error());
    outcome.was_logged_in = true;
    outcome.issuer = key->issuer;
    if (stored && *stored) {
      oauth::Credential gone = std::move(**stored);
      auto http = logins->http_for(spec);
      std::string private_key = settings.private_key;
      const auto revoked = co_await oauth::revoke(*http, std::move(gone), std::move(private_key), cancellation);
      outcome.revoked = revoked.outcome == oauth::Revocation::Outcome::revoked;
      outcome.revocation = revoked.text;
    }
    co_await logins->read();
  }
  co_return outcome;
}

}  // namespace gateway
