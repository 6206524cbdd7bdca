#include "oauth/machine_authorizer.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "mcp/base/clock.h"
#include "mcp/http/timed_cancellation.h"
#include "mcp/http/url.h"
#include "oauth/challenge.h"
#include "oauth/client_credentials.h"
#include "oauth/probe.h"
#include "oauth/shown_text.h"
#include "oauth/utc_text.h"

namespace oauth {

using mcp::Error;
using mcp::ErrorCode;
using mcp::Result;
using mcp::Task;

namespace {

constexpr int kMostTries = 3;
constexpr std::chrono::milliseconds kConfigurationPause = std::chrono::minutes(5);
constexpr std::string_view kCheckClient =
    "Check \"clientId\" and \"scopes\" under \"oauth\" of the server, and what the authorization server allows the client.";

std::string origin_of(const std::string& url) {
  const auto parsed = mcp::Url::parse(url);
  return parsed ? parsed->origin() : "the server";
}

bool overlap(const Scopes& left, const Scopes& right) {
  return missing_scopes(left, right).size() < left.size();
}

}  // namespace

MachineAuthorizer::MachineAuthorizer(MachineDependencies dependencies, std::function<ServerSettings()> settings)
    : dependencies_(std::move(dependencies)), settings_(std::move(settings)), used_(settings_()), flight_(dependencies_.executor) {}

std::optional<WallTime> MachineAuthorizer::expires() const {
  return header_ ? expires_ : std::nullopt;
}

bool MachineAuthorizer::fresh() {
  if (ServerSettings now = settings_(); now != used_) {
    used_ = std::move(now);
    discovery_.reset();
    header_.reset();
    throttle_.clear();
    more_.clear();
    denied_.clear();
  }
  return header_ && (!expires_ || dependencies_.now() < *expires_);
}

bool MachineAuthorizer::at_once(Header& header) {
  if (!fresh()) return false;
  header = header_;
  const WallTime now = dependencies_.now();
  const bool due = expires_ && issued_ && now >= *expires_ - (*expires_ - *issued_) / 5;
  if (due && !throttle_.until(now)) fetch();
  return true;
}

void MachineAuthorizer::fetch() {
  if (!flight_.begin()) return;
  boost::asio::co_spawn(dependencies_.executor, run(shared_from_this()), boost::asio::detached);
}

Task<void> MachineAuthorizer::run(std::shared_ptr<MachineAuthorizer> self) {
  Error late{ErrorCode::timeout, "the authorization server did not answer in time"};
  mcp::TimedCancellation limit(
      self->dependencies_.executor, nullptr, mcp::Clock::now() + self->dependencies_.request_deadline, std::move(late));
  co_await self->ask(limit.get());
  self->flight_.end();
}

/// Where the tokens are to be had, and with which scopes. The server is asked first: some say it in the refusal alone.
Task<Result<>> MachineAuthorizer::find_out(const ServerSettings& settings, mcp::Cancellation& cancellation) {
  std::string url = settings.server_url;
  std::string version = dependencies_.client_version;
  const auto probed = co_await probe_server(*dependencies_.http, std::move(url), std::move(version), cancellation);
  if (!probed) co_return std::unexpected(probed.error());
  const auto challenge = find_bearer_challenge(probed->challenge);
  auto found = co_await discover(*dependencies_.http, settings, challenge, cancellation);
  if (!found) co_return std::unexpected(std::move(found).error());
  if (settings != used_) co_return Result<>();
  ScopeSources sources{.configured = settings.scopes, .resource = found->scopes};
  if (challenge) sources.challenge = challenge->scopes;
  base_ = scopes_ = choose_scopes(sources);
  discovery_ = std::move(*found);
  co_return Result<>();
}

Task<void> MachineAuthorizer::ask(mcp::Cancellation& cancellation) {
  const ServerSettings settings = used_;
  if (!discovery_) {
    const auto found = co_await find_out(settings, cancellation);
    // The configuration may say something else by now.
    if (settings != used_) co_return;
    if (!found) co_return fail(found.error(), std::nullopt);
  }
  const Scopes more = std::exchange(more_, {});
  // Where nothing was asked for, what was given is what there is to be kept.
  const Scopes wanted = more.empty() ? scopes_ : unite_scopes(scopes_.empty() ? granted_ : scopes_, more);
  // Another configuration lets go of what was discovered for this one.
  const Discovery discovery = *discovery_;
  WallTime asked = dependencies_.now();
  Scopes scopes = wanted;
  auto given = co_await request_client_credentials(*dependencies_.http, settings, discovery, std::move(scopes), cancellation);
  while (settings == used_ && more.empty() && !given && given.error().code == "invalid_scope" && want_less()) {
    asked = dependencies_.now();
    Scopes fewer = scopes_;
    given = co_await request_client_credentials(*dependencies_.http, settings, discovery, std::move(fewer), cancellation);
  }
  if (settings != used_) co_return;
  if (given) {
    take(std::move(*given), asked);
    if (more.empty()) co_return;
    deny(missing_scopes(more, granted_));
    scopes_ = missing_scopes(wanted, denied_);
    co_return;
  }
  refuse(std::move(given).error(), more);
}

/// What was given once besides need not be any more, and scopes that nobody but the server itself wants may be unknown there. False
/// where nothing can be left out.
bool MachineAuthorizer::want_less() {
  if (scopes_ != base_) {
    deny(missing_scopes(scopes_, base_));
    scopes_ = base_;
    return true;
  }
  if (used_.scopes || scopes_.empty()) return false;
  scopes_.clear();
  base_.clear();
  return true;
}

/// `more`: what was asked for besides.
void MachineAuthorizer::refuse(TokenError refusal, const Scopes& more) {
  // Where the endpoints have moved, they are found again.
  if (refusal.failure == TokenFailure::provider) discovery_.reset();
  if (!more.empty() && refusal.failure == TokenFailure::consent) return deny(more);
  if (refusal.failure == TokenFailure::client_unknown || refusal.failure == TokenFailure::client_refused ||
      refusal.failure == TokenFailure::consent || refusal.failure == TokenFailure::refresh_dead) {
    refusal.error.code = ErrorCode::credential_refused;
    refusal.error.remedy = std::string(kCheckClient);
  }
  fail(std::move(refusal.error), refusal.retry_after);
}

void MachineAuthorizer::take(Credential given, WallTime asked) {
  header_ = std::make_shared<const std::string>("Bearer " + given.access_token);
  issued_ = asked;
  expires_.reset();
  if (given.expires && given.issued) expires_ = asked + (*given.expires - *given.issued);
  granted_ = std::move(given.scopes);
  trouble_.reset();
  throttle_.clear();
}

/// They are not asked for again for a while: not with every request that wants them.
void MachineAuthorizer::deny(const Scopes& scopes) {
  denied_ = unite_scopes(denied_, scopes);
  denial_.set(dependencies_.now(), kConfigurationPause);
}

void MachineAuthorizer::fail(Error error, std::optional<std::chrono::seconds> retry_after) {
  const WallTime now = dependencies_.now();
  const bool configuration = error.code == ErrorCode::credential_refused || error.code == ErrorCode::config_invalid;
  throttle_.set(now, configuration ? kConfigurationPause : patience(retry_after, dependencies_.random()));
  if (error.code == ErrorCode::authorization_unavailable) error.remedy = "Try again at " + utc_text(*throttle_.until(now)) + ".";
  trouble_ = std::move(error);
}

Task<Result<mcp::Authorizer::Header>> MachineAuthorizer::obtain(mcp::Cancellation& cancellation) {
  const auto self = shared_from_this();
  if (!fresh() && !flight_.running() && throttle_.until(dependencies_.now()) && trouble_) co_return std::unexpected(*trouble_);
  // What is under way may be an attempt at more, which leaves nothing behind.
  for (int rounds = 0; rounds < 2 && !fresh() && !cancellation.requested(); ++rounds) {
    fetch();
    co_await flight_.wait(cancellation);
    if (trouble_) break;
  }
  if (cancellation.requested()) co_return std::unexpected(cancellation.reason());
  if (fresh()) co_return header_;
  co_return std::unexpected(trouble_.value_or(Error{ErrorCode::authorization_unavailable, "there is no token yet"}));
}

Task<Result<>> MachineAuthorizer::refused(Refusal refusal, mcp::Cancellation& cancellation) {
  const auto self = shared_from_this();
  const bool current = refusal.sent && header_ && *refusal.sent == *header_;
  if (!current && fresh()) co_return Result<>();
  // One that comes late, after it was found out that another token is of no use either.
  if (!current && trouble_ && throttle_.until(dependencies_.now())) co_return std::unexpected(*trouble_);
  if (refusal.status == 403) co_return co_await widen(std::move(refusal), cancellation);
  if (refusal.tries >= 2) {
    // Whether it will be otherwise later, time tells; until then no call asks anew.
    header_.reset();
    trouble_ =
        Error{ErrorCode::credential_refused,
              origin_of(used_.server_url) + " refuses the token that the client " + used_.client_id + " was given a moment ago",
              std::string(kCheckClient)};
    throttle_.set(dependencies_.now(), patience({}, dependencies_.random()));
    co_return std::unexpected(*trouble_);
  }
  header_.reset();
  throttle_.clear();
  trouble_.reset();
  auto header = co_await obtain(cancellation);
  if (!header) co_return std::unexpected(std::move(header).error());
  co_return Result<>();
}

Error MachineAuthorizer::out_of_reach(const Scopes& scopes) const {
  const std::string names = join_scopes(scopes);
  const std::string what = names.empty() ? "more" : "the scope " + shown_text(names, {});
  const bool given = !scopes.empty() && missing_scopes(scopes, granted_).empty();
  return {ErrorCode::credential_refused,
          given
              ? origin_of(used_.server_url) + " refuses that, though the client " + used_.client_id + " has " + what
              : origin_of(used_.server_url) + " wants " + what + " for that, which the client " + used_.client_id + " is not given",
          std::string(kCheckClient)};
}

/// The token that there is stays in force until there is one that reaches further.
Task<Result<>> MachineAuthorizer::widen(Refusal refusal, mcp::Cancellation& cancellation) {
  const auto challenge = find_bearer_challenge(refusal.challenge);
  const Scopes scopes = challenge && challenge->scopes ? tidy_scopes(*challenge->scopes) : Scopes();
  if (!denial_.until(dependencies_.now())) denied_.clear();
  const Scopes missing = missing_scopes(scopes, granted_);
  if (missing.empty() || refusal.tries >= kMostTries || overlap(missing, denied_)) co_return std::unexpected(out_of_reach(scopes));
  if (throttle_.until(dependencies_.now()) && trouble_) co_return std::unexpected(*trouble_);
  more_ = unite_scopes(more_, missing);
  // What is under way may have begun before that.
  for (int rounds = 0; rounds < 2 && !more_.empty() && !cancellation.requested(); ++rounds) {
    if (flight_.running()) co_await flight_.wait(cancellation);
    if (!more_.empty()) fetch();
    co_await flight_.wait(cancellation);
  }
  more_ = missing_scopes(more_, missing);
  if (cancellation.requested()) co_return std::unexpected(cancellation.reason());
  if (overlap(missing, denied_)) co_return std::unexpected(out_of_reach(scopes));
  if (fresh() && (!refusal.sent || *header_ != *refusal.sent)) co_return Result<>();
  co_return std::unexpected(trouble_.value_or(out_of_reach(scopes)));
}

}  // namespace oauth
