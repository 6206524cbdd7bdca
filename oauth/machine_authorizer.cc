#include "oauth/machine_authorizer.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "mcp/base/clock.h"
#include "mcp/http/timed_cancellation.h"
#include "mcp/http/url.h"
#include "oauth/client_credentials.h"
#include "oauth/scopes.h"
#include "oauth/token_times.h"
#include "oauth/utc_text.h"

namespace oauth {

using mcp::Error;
using mcp::ErrorCode;
using mcp::Result;
using mcp::Task;

namespace {

constexpr int kMostTries = 3;
constexpr auto kConfigurationPause = std::chrono::minutes(5);

std::string origin_of(const std::string& url) {
  const auto parsed = mcp::Url::parse(url);
  return parsed ? parsed->origin() : "the server";
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
    next_try_.reset();
    refused_for_good_ = false;
    more_.clear();
  }
  return header_ && (!expires_ || dependencies_.now() < *expires_);
}

bool MachineAuthorizer::at_once(Header& header) {
  if (!fresh()) return false;
  header = header_;
  const WallTime now = dependencies_.now();
  const bool due = expires_ && issued_ && now >= *expires_ - (*expires_ - *issued_) / 5;
  if (due && (!next_try_ || now >= *next_try_)) fetch();
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

Task<void> MachineAuthorizer::ask(mcp::Cancellation& cancellation) {
  const ServerSettings settings = used_;
  if (!discovery_) {
    const auto challenge = find_bearer_challenge(challenge_);
    auto found = co_await discover(*dependencies_.http, settings, challenge, cancellation);
    if (settings != used_) co_return;
    if (!found) co_return fail(std::move(found).error(), std::nullopt);
    discovery_ = std::move(*found);
  }
  const auto challenge = find_bearer_challenge(challenge_);
  ScopeSources sources{.configured = settings.scopes, .resource = discovery_->scopes, .more = more_};
  if (challenge) sources.challenge = challenge->scopes;
  auto scopes = choose_scopes(sources);
  const WallTime asked = dependencies_.now();
  // Another configuration lets go of what was discovered for this one.
  const Discovery discovery = *discovery_;
  auto given = co_await request_client_credentials(*dependencies_.http, settings, discovery, std::move(scopes), cancellation);
  // The configuration may say something else by now.
  if (settings != used_) co_return;
  if (!given) {
    auto refusal = std::move(given).error();
    // Where the endpoints have moved, they are found again.
    if (refusal.failure == TokenFailure::provider) discovery_.reset();
    if (refusal.failure == TokenFailure::client_unknown || refusal.failure == TokenFailure::client_refused ||
        refusal.failure == TokenFailure::consent || refusal.failure == TokenFailure::refresh_dead)
      refusal.error.code = ErrorCode::credential_refused;
    co_return fail(std::move(refusal.error), refusal.retry_after);
  }
  header_ = std::make_shared<const std::string>("Bearer " + given->access_token);
  issued_ = asked;
  expires_ = given->expires;
  granted_ = given->scopes;
  trouble_.reset();
  next_try_.reset();
}

void MachineAuthorizer::fail(Error error, std::optional<std::chrono::seconds> retry_after) {
  const bool configuration = error.code == ErrorCode::credential_refused || error.code == ErrorCode::config_invalid;
  const auto pause = configuration ? std::chrono::milliseconds(kConfigurationPause) : patience(retry_after, dependencies_.random());
  next_try_ = dependencies_.now() + pause;
  if (error.code == ErrorCode::authorization_unavailable) error.remedy = "Try again at " + utc_text(*next_try_) + ".";
  trouble_ = std::move(error);
}

Task<Result<mcp::Authorizer::Header>> MachineAuthorizer::obtain(mcp::Cancellation& cancellation) {
  const auto self = shared_from_this();
  if (!fresh() && !flight_.running() && next_try_ && dependencies_.now() < *next_try_ && trouble_)
    co_return std::unexpected(*trouble_);
  if (!fresh()) {
    fetch();
    co_await flight_.wait(cancellation);
  }
  if (cancellation.requested()) co_return std::unexpected(cancellation.reason());
  if (fresh()) co_return header_;
  co_return std::unexpected(trouble_.value_or(Error{ErrorCode::authorization_unavailable, "there is no token yet"}));
}

Task<Result<>> MachineAuthorizer::refused(Refusal refusal, mcp::Cancellation& cancellation) {
  const auto self = shared_from_this();
  challenge_ = refusal.challenge;
  const auto challenge = find_bearer_challenge(refusal.challenge);
  const bool scope = refusal.status == 403;
  if (scope && challenge && challenge->scopes) more_ = unite_scopes(more_, *challenge->scopes);
  if (trouble_ && refused_for_good_ && next_try_ && dependencies_.now() < *next_try_) co_return std::unexpected(*trouble_);
  refused_for_good_ = false;
  const bool current = refusal.sent && header_ && *refusal.sent == *header_;
  if (!current && fresh()) co_return Result<>();
  if (refusal.tries >= (scope ? kMostTries : 2)) {
    const std::string what = scope ? "wants a scope that the client " + used_.client_id + " is not given"
                                   : "refuses the token that the client " + used_.client_id + " was given a moment ago";
    // Not with every call anew.
    refused_for_good_ = true;
    fail({ErrorCode::credential_refused,
          origin_of(used_.server_url) + " " + what,
          "Check \"clientId\" and \"scopes\" under \"oauth\" of the server, and what the client is allowed."},
         std::nullopt);
    co_return std::unexpected(*trouble_);
  }
  header_.reset();
  next_try_.reset();
  auto header = co_await obtain(cancellation);
  if (!header) co_return std::unexpected(std::move(header).error());
  co_return Result<>();
}

}  // namespace oauth
