#include "oauth/login_authorizer.h"

#include <utility>
#include <vector>

#include "mcp/base/clock.h"
#include "mcp/base/login_reason.h"
#include "mcp/http/timed_cancellation.h"
#include "mcp/http/url.h"
#include "oauth/challenge.h"

namespace oauth {

using mcp::Error;
using mcp::ErrorCode;
using mcp::Result;
using mcp::Task;

namespace {

constexpr auto kPatience = std::chrono::seconds(2);  // with what is to be written down

}  // namespace

const std::shared_ptr<TokenKeeper>& LoginAuthorizer::keeper() {
  if (revision_ != logins_->revision()) {
    revision_ = logins_->revision();
    keeper_ = KeeperUse(logins_->keeper(settings_(), reach_), settings_);
  }
  return keeper_.get();
}

bool LoginAuthorizer::at_once(Header& header) {
  if (const auto& found = keeper()) return found->at_once(header);
  header.reset();
  return true;
}

Task<Result<mcp::Authorizer::Header>> LoginAuthorizer::obtain(mcp::Cancellation& cancellation) {
  const auto keeper_now = keeper();
  if (!keeper_now) co_return Header();
  co_return co_await keeper_now->obtain(cancellation);
}

Error LoginAuthorizer::nobody(int status) const {
  // Whether somebody has logged in cannot be told.
  if (const auto& trouble = logins_->trouble())
    return {ErrorCode::authorization_unavailable, "the logins cannot be read: " + trouble->message, trouble->remedy};
  const auto url = mcp::Url::parse(settings_().server_url);
  std::string message = (url ? url->origin() : "the server") + " wants a login (HTTP " + std::to_string(status) + ").";
  // It may be the one that is missed.
  if (!logins_->unreadable().empty()) message += " A login that is there cannot be read: " + logins_->unreadable().front().message;
  return {ErrorCode::login_required, std::move(message), std::string(mcp::kLoginRemedy)};
}

Task<Result<>> LoginAuthorizer::refused(Refusal refusal, mcp::Cancellation& cancellation) {
  const auto keeper_now = keeper();
  if (!keeper_now) co_return std::unexpected(nobody(refusal.status));
  if (refusal.status == 403) {
    // Another one may reach further.
    Header now;
    if (!keeper_now->is_current(refusal.sent) && keeper_now->at_once(now)) co_return Result<>();
    const auto challenge = find_bearer_challenge(refusal.challenge);
    const auto scopes = challenge && challenge->scopes ? *challenge->scopes : std::vector<std::string>();
    Error error = keeper_now->wants_scopes(scopes);
    // Whoever hears of it may log in the very next moment, from another process.
    mcp::TimedCancellation patience(
        logins_->dependencies().executor, &cancellation, mcp::Clock::now() + kPatience, {ErrorCode::timeout, "it takes longer"});
    co_await keeper_now->rest(patience.get());
    co_return std::unexpected(std::move(error));
  }
  auto sent = refusal.sent;
  co_return co_await keeper_now->rejected(std::move(sent), refusal.tries, cancellation);
}

}  // namespace oauth
