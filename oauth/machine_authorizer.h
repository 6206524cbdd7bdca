#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "mcp/transport/authorizer.h"
#include "oauth/discovery.h"
#include "oauth/http.h"
#include "oauth/settings.h"
#include "oauth/single_flight.h"
#include "oauth/token_endpoint.h"

namespace oauth {

struct MachineDependencies {
  mcp::Executor executor;
  std::shared_ptr<Http> http;
  std::function<WallTime()> now;
  std::function<double()> random;
  std::chrono::milliseconds request_deadline = std::chrono::seconds(45);
};

/// Gives a server tokens that the gateway has as a client of its own (client_credentials): asked for when they are first wanted,
/// and again a fifth of their life before their end, or when one was refused. They are kept in memory alone.
class MachineAuthorizer final : public mcp::Authorizer, public std::enable_shared_from_this<MachineAuthorizer> {
 public:
  /// `settings`: as they are at the moment; where they change, so does the token.
  MachineAuthorizer(MachineDependencies dependencies, std::function<ServerSettings()> settings);

  bool at_once(Header& header) override;

  /// Errors: credential_refused (naming the setting), authorization_unavailable, those of discover(), or the cancellation's reason.
  mcp::Task<mcp::Result<Header>> obtain(mcp::Cancellation& cancellation) override;

  /// A token that lacks a scope is replaced by one with that scope besides, three times at most for one request.
  mcp::Task<mcp::Result<>> refused(Refusal refusal, mcp::Cancellation& cancellation) override;

  /// When the present token is over; {} where there is none, or nobody knows.
  std::optional<WallTime> expires() const;
  const std::vector<std::string>& scopes() const { return granted_; }
  const std::optional<mcp::Error>& trouble() const { return trouble_; }
  std::optional<WallTime> next_try() const { return next_try_; }

 private:
  bool fresh();
  void fetch();
  static mcp::Task<void> run(std::shared_ptr<MachineAuthorizer> self);
  mcp::Task<void> ask(mcp::Cancellation& cancellation);
  void fail(mcp::Error error, std::optional<std::chrono::seconds> retry_after);

  MachineDependencies dependencies_;
  std::function<ServerSettings()> settings_;
  ServerSettings used_;  // for the token that there is
  std::string challenge_;
  std::optional<Discovery> discovery_;
  Header header_;
  std::optional<WallTime> issued_, expires_;
  std::vector<std::string> granted_, more_;
  std::optional<mcp::Error> trouble_;
  std::optional<WallTime> next_try_;
  bool refused_for_good_ = false;  // trouble_ is the server's, which refuses whatever it is given
  SingleFlight flight_;
};

}  // namespace oauth
