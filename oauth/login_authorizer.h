#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "mcp/transport/authorizer.h"
#include "oauth/logins.h"
#include "oauth/settings.h"

namespace oauth {

/// Gives a server the token of the login that there is for it, whoever makes or renews it; nothing where there is none, so that a
/// server that wants none is left alone.
class LoginAuthorizer final : public mcp::Authorizer {
 public:
  /// `settings`: as they are at the moment.
  LoginAuthorizer(std::shared_ptr<Logins> logins, Logins::Reach reach, std::function<ServerSettings()> settings)
      : logins_(std::move(logins)), reach_(std::move(reach)), settings_(std::move(settings)) {}

  bool at_once(Header& header) override;
  mcp::Task<mcp::Result<Header>> obtain(mcp::Cancellation& cancellation) override;

  /// Errors: login_required (nobody has logged in), reauthentication_required (the login is over, or does not reach far enough),
  /// credential_refused, authorization_unavailable, or the cancellation's reason.
  mcp::Task<mcp::Result<>> refused(Refusal refusal, mcp::Cancellation& cancellation) override;

 private:
  const std::shared_ptr<TokenKeeper>& keeper();
  mcp::Error nobody(int status) const;

  std::shared_ptr<Logins> logins_;
  Logins::Reach reach_;
  std::function<ServerSettings()> settings_;
  KeeperUse keeper_;
  std::uint64_t revision_ = 0;  // of the logins, when keeper_ was found
};

}  // namespace oauth
