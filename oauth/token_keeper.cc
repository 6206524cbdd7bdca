#include "oauth/token_keeper.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "mcp/http/timed_cancellation.h"
#include "oauth/scopes.h"
#include "oauth/shown_text.h"
#include "oauth/token_times.h"
#include "oauth/utc_text.h"

namespace oauth {

namespace asio = boost::asio;
using mcp::Error;
using mcp::ErrorCode;
using mcp::Result;
using mcp::Task;

namespace {

constexpr auto kSaveAgain = std::chrono::seconds(5);
constexpr auto kLeastPause = std::chrono::seconds(1);  // between two refreshes ahead of time, however short tokens live

bool same_token(const TokenKeeper::Header& left, const TokenKeeper::Header& right) {
  return left == right || (left && right && *left == *right);
}

}  // namespace

std::shared_ptr<TokenKeeper> TokenKeeper::create(TokenKeeperDependencies dependencies, CredentialKey key) {
  return std::shared_ptr<TokenKeeper>(new TokenKeeper(std::move(dependencies), std::move(key)));
}

TokenKeeper::TokenKeeper(TokenKeeperDependencies dependencies, CredentialKey key)
    : dependencies_(std::move(dependencies)),
      key_(std::move(key)),
      attempt_(dependencies_.executor),
      timer_(dependencies_.executor) {}

TokenKeeper::~TokenKeeper() = default;

TokenKeeper::Place TokenKeeper::join(Settings settings) {
  const auto place = users_.insert(users_.end(), std::move(settings));
  look_at_settings();
  if (std::exchange(abandoned_, false)) arm();
  return place;
}

void TokenKeeper::leave(Place place) {
  users_.erase(place);
  if (!users_.empty()) return;
  abandoned_ = true;
  arm();
}

void TokenKeeper::begin(Credential credential) {
  adopt(std::move(credential));
  arm();
}

void TokenKeeper::look_at_settings() {
  if (users_.empty()) return;
  ServerSettings now = users_.back()();
  if (now == settings_) return;
  settings_ = std::move(now);
  if (outcome_ == RefreshOutcome::client_refused) throttle_.clear();
}

void TokenKeeper::pause(std::chrono::milliseconds time) {
  throttle_.set(dependencies_.now(), time);
}

void TokenKeeper::reach(std::shared_ptr<Http> http, std::shared_ptr<Registrar> registrar) {
  dependencies_.http = std::move(http);
  dependencies_.registrar = std::move(registrar);
}

bool TokenKeeper::usable() const {
  return credential_ && credential_->access_token != rejected_ && is_fresh(*credential_, dependencies_.now());
}

/// Whether the authorization server may be asked now.
bool TokenKeeper::may_try() const {
  return !attempt_.running() && !ending_.requested() && !surrendered_ && !throttle_.until(dependencies_.now());
}

/// Whether the token is to be renewed though it can be used.
bool TokenKeeper::is_due() const {
  if (!credential_ || credential_->refresh_token.empty() || !credential_->dead.empty()) return false;
  const auto due = refresh_due(*credential_, dependencies_.now());
  return due && dependencies_.now() >= *due;
}

bool TokenKeeper::at_once(Header& header) {
  if (!usable()) return false;
  header = header_;
  const WallTime now = dependencies_.now();
  const bool paused = attempted_ && now >= *attempted_ && now < *attempted_ + kLeastPause;
  if (!paused && is_due() && may_try()) attempt(Need::due);
  return true;
}

Task<Result<TokenKeeper::Header>> TokenKeeper::obtain(mcp::Cancellation& cancellation) {
  const auto self = shared_from_this();
  look_at_settings();
  // The attempt that is under way may be one that does not concern this: then comes one that does.
  for (int rounds = 0; rounds < 2; ++rounds) {
    Header header;
    if (at_once(header)) co_return header;
    if (!attempt_.running() && (!credential_ || !may_try())) co_return std::unexpected(failure());
    const bool refused = credential_ && credential_->access_token == rejected_;
    attempt(refused ? Need::rejected : Need::expired);
    co_await attempt_.wait(cancellation);
    if (cancellation.requested()) co_return std::unexpected(cancellation.reason());
  }
  Header header;
  if (at_once(header)) co_return header;
  co_return std::unexpected(failure());
}

Task<Result<>> TokenKeeper::rejected(Header sent, int tries, mcp::Cancellation& cancellation) {
  const auto self = shared_from_this();
  if (!credential_) co_return std::unexpected(failure());
  if (!same_token(sent, header_)) {
    // It has been replaced meanwhile. A new one that has run out, or was refused itself, is obtain()'s business.
    if (usable()) co_return Result<>();
    auto header = co_await obtain(cancellation);
    if (!header) co_return std::unexpected(std::move(header).error());
    co_return Result<>();
  }
  if (rejected_ != credential_->access_token) {
    rejected_ = credential_->access_token;
    throttle_.clear();
  }
  look_at_settings();
  if (attempt_.running()) co_await attempt_.wait(cancellation);
  if (!usable() && !cancellation.requested() && may_try()) {
    attempt(tries > 1 ? Need::refused_again : Need::rejected);
    co_await attempt_.wait(cancellation);
  }
  if (usable()) co_return Result<>();
  if (cancellation.requested()) co_return std::unexpected(cancellation.reason());
  co_return std::unexpected(failure());
}

bool TokenKeeper::is_current(const Header& sent) const {
  return same_token(sent, header_);
}

Error TokenKeeper::wants_scopes(const std::vector<std::string>& scopes) {
  const std::string names = join_scopes(tidy_scopes(scopes));
  auto all = unite_scopes(wanted_, scopes);
  if (all != wanted_) {
    wanted_ = std::move(all);
    tell();
  }
  // For the next login, whichever process makes it. Where an attempt is under way, that writes it down.
  if (credential_ && credential_->wanted != wanted_) attempt(Need::note);
  std::string message = "the login at " + key_.issuer + " does not reach far enough: the server wants " +
                        (names.empty() ? "more than was allowed" : "the scope " + shown_text(names, {}));
  const bool asked = credential_ && !scopes.empty() && unite_scopes(credential_->asked, scopes) == credential_->asked;
  if (asked && unite_scopes(credential_->scopes, scopes) != credential_->scopes)
    message += ", which was asked for at the last login and not given";
  return {ErrorCode::reauthentication_required, std::move(message), ""};
}

Task<void> TokenKeeper::rest(mcp::Cancellation& cancellation) {
  const auto self = shared_from_this();
  co_await attempt_.wait(cancellation);
}

void TokenKeeper::look_again() {
  if (ending_.requested()) return;
  look_again_ = true;
  if (std::exchange(looking_, true)) return;
  asio::co_spawn(dependencies_.executor, look(shared_from_this()), asio::detached);
}

/// One reading after the other, so that none is overtaken by an older one.
Task<void> TokenKeeper::look(std::shared_ptr<TokenKeeper> self) {
  while (std::exchange(self->look_again_, false)) {
    auto stored = co_await self->dependencies_.store->load(self->key_);
    if (stored) self->see(std::move(*stored));
  }
  self->looking_ = false;
}

void TokenKeeper::see(std::optional<Credential> stored) {
  // An attempt reads for itself, under the lock; what could not be saved is newer than what is there.
  if (unsaved_ || attempt_.running() || ending_.requested()) return;
  if (!stored) {
    if (!credential_) return;
    forget();
  } else if (is_newer(*stored)) {
    adopt(std::move(*stored));
  } else {
    return;
  }
  arm();
  tell();
}

/// Whether what was read without the lock is a change of what is known: the reading may have begun before what is known was made.
bool TokenKeeper::is_newer(const Credential& stored) const {
  if (!credential_ || stored.generation > credential_->generation) return true;
  if (stored.login == credential_->login) return false;
  return !stored.logged_in || !credential_->logged_in || *stored.logged_in >= *credential_->logged_in;
}

void TokenKeeper::attempt(Need need) {
  if (ending_.requested() || surrendered_ || !attempt_.begin()) return;
  timer_.cancel();
  asio::co_spawn(dependencies_.executor, run(shared_from_this(), need), asio::detached);
}

Task<void> TokenKeeper::run(std::shared_ptr<TokenKeeper> self, Need need) {
  co_await self->transact(need);
  if (!self->unsaved_) self->lock_.reset();
  self->attempt_.end();
  self->arm();
  self->tell();
}

/// Why there is no token to be tried.
Error TokenKeeper::failure() const {
  if (!credential_) return {ErrorCode::login_required, "nobody has logged in at " + key_.issuer + " for " + key_.resource + " yet"};
  if (!trouble_) return {ErrorCode::authorization_unavailable, "the access token for " + key_.resource + " is being renewed"};
  Error error = *trouble_;
  const auto until = throttle_.until(dependencies_.now());
  const bool waits = outcome_ && !needs_person(*outcome_) && until;
  if (waits && error.code == ErrorCode::authorization_unavailable) error.remedy = "Try again at " + utc_text(*until) + ".";
  return error;
}

/// When to look at the token, or for a place to write it down, next; {} where time alone changes nothing.
std::optional<WallTime> TokenKeeper::next_look() const {
  const WallTime now = dependencies_.now();
  if (unsaved_) return now + kSaveAgain;
  if (abandoned_ || !credential_ || !credential_->dead.empty()) return std::nullopt;
  const bool refused = credential_->access_token == rejected_;
  auto at = refused ? std::optional(now) : refresh_due(*credential_, now);
  // Without a refresh token its end is told, once.
  if (credential_->refresh_token.empty())
    at = outcome_ == RefreshOutcome::no_refresh_token ? std::nullopt : expiry(*credential_, now);
  if (!at) return std::nullopt;
  if (const auto until = throttle_.until(now)) at = std::max(*at, *until);
  if (attempted_ && *attempted_ <= now) at = std::max(*at, *attempted_ + kLeastPause);
  return at;
}

void TokenKeeper::arm() {
  const auto at = ending_.requested() || attempt_.running() || surrendered_ ? std::nullopt : next_look();
  if (!at) {
    timer_.cancel();
    return;
  }
  // Longer waits end early, for the clock that people set may be set again meanwhile.
  const auto wait =
      std::clamp<WallTime::duration>(*at - dependencies_.now(), std::chrono::milliseconds(1), std::chrono::minutes(1));
  timer_.expires_after(std::chrono::duration_cast<mcp::Clock::duration>(wait));
  timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    const auto self = weak.lock();
    if (!error && self) self->on_time();
  });
}

void TokenKeeper::on_time() {
  if (unsaved_) return attempt(Need::save);
  look_at_settings();
  const auto at = next_look();
  if (!at || *at > dependencies_.now() || !may_try()) return arm();
  attempt(usable() ? Need::due : Need::expired);
}

void TokenKeeper::adopt(Credential credential) {
  const bool other = !credential_ || credential_->login != credential.login;
  const bool newer = other || credential.access_token != credential_->access_token;
  credential_ = std::move(credential);
  wanted_ = other ? credential_->wanted : unite_scopes(wanted_, credential_->wanted);
  if (!newer) return;
  const std::string& token = credential_->access_token;
  header_ = token.empty() ? nullptr : std::make_shared<const std::string>("Bearer " + token);
  throttle_.clear();
  trouble_.reset();
  outcome_.reset();
}

void TokenKeeper::forget() {
  credential_.reset();
  header_.reset();
  rejected_.clear();
  wanted_.clear();
  throttle_.clear();
  trouble_.reset();
  outcome_.reset();
}

void TokenKeeper::tell() const {
  if (dependencies_.changed) dependencies_.changed();
}

LoginStatus TokenKeeper::status() const {
  LoginStatus status{.key = key_, .wanted = wanted_};
  status.attempts = attempts_;
  status.outcome = outcome_;
  status.attempted = attempted_;
  const WallTime now = dependencies_.now();
  status.next_try = throttle_.until(now);
  status.trouble = trouble_;
  status.note = store_note_;
  if (!credential_) return status;
  status.subject = credential_->subject;
  status.scopes = credential_->scopes;
  status.login = credential_->login;
  status.usable = usable();
  status.expires = expiry(*credential_, now);
  status.refreshed = credential_->refreshed;
  const bool no_way_on = credential_->refresh_token.empty() && !usable();
  status.needs_person = !credential_->dead.empty() || no_way_on || (outcome_ && needs_person(*outcome_));
  if (status.note.empty() && has_odd_times(*credential_, now))
    status.note = "the clock of this machine, or the login's times, make no sense: the token is used until it is refused";
  return status;
}

void TokenKeeper::end() {
  ending_.request({ErrorCode::shutting_down, "the program is ending"});
  timer_.cancel();
}

Task<void> TokenKeeper::close(std::chrono::milliseconds grace) {
  const auto self = shared_from_this();
  end();
  if (attempt_.running()) {
    mcp::TimedCancellation patience(
        dependencies_.executor, nullptr, mcp::Clock::now() + grace, {ErrorCode::timeout, "it takes too long"});
    co_await attempt_.wait(patience.get());
    hurry_.request(ending_.reason());
    mcp::Cancellation never;
    co_await attempt_.wait(never);
  }
  // The disk may have room again.
  if (unsaved_ && credential_ && !surrendered_) co_await save(*credential_);
  lock_.reset();
}

std::unique_ptr<StoreLock> TokenKeeper::surrender_lock() {
  if (attempt_.running() || !lock_) return nullptr;
  surrendered_ = true;
  timer_.cancel();
  return std::move(lock_);
}

void TokenKeeper::take_back(std::unique_ptr<StoreLock> lock) {
  lock_ = std::move(lock);
  surrendered_ = false;
  arm();
}

void TokenKeeper::give_up_unsaved() {
  unsaved_ = false;
  surrendered_ = false;
  store_note_.clear();
  arm();
}

}  // namespace oauth
