#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "mcp/transport/authorizer.h"
#include "oauth/discovery.h"
#include "oauth/http.h"
#include "oauth/scopes.h"
#include "oauth/settings.h"
#include "oauth/single_flight.h"
#include "oauth/token_endpoint.h"
#include "oauth/token_times.h"

namespace oauth {

struct MachineDependencies {
  mcp::Executor executor;
  std::shared_ptr<Http> http;
  std::function<WallTime()> now;
  std::function<double()> random;
  std::string client_version;
  std::chrono::milliseconds request_deadline = std::chrono::seconds(45);
};

/// Gives a server tokens that the gateway has as a client of its own (client_credentials): asked for when they are first wanted,
/// and again a fifth of their life before their end, or when one was refused. They are kept in memory alone.
///
/// A request that lacks a scope (403) has a token asked for with that scope besides those that were asked for before, three times
/// at most. Where that is not given, the request hears so, and no other: the token that there is stays.
class MachineAuthorizer final : public mcp::Authorizer, public std::enable_shared_from_this<MachineAuthorizer> {
 public:
  /// `settings`: as they are at the moment; where they change, so does the token.
  MachineAuthorizer(MachineDependencies dependencies, std::function<ServerSettings()> settings);

  bool at_once(Header& header) override;

  /// Errors: credential_refused (naming the setting), authorization_unavailable, those of discover(), or the cancellation's reason.
  mcp::Task<mcp::Result<Header>> obtain(mcp::Cancellation& cancellation) override;
  mcp::Task<mcp::Result<>> refused(Refusal refusal, mcp::Cancellation& cancellation) override;

  /// When the present token is over; {} where there is none, or nobody knows.
  std::optional<WallTime> expires() const;
  const Scopes& scopes() const { return granted_; }
  const std::optional<mcp::Error>& trouble() const { return trouble_; }
  std::optional<WallTime> next_try() const { return throttle_.until(dependencies_.now()); }

 private:
  bool fresh();
  void fetch();
  static mcp::Task<void> run(std::shared_ptr<MachineAuthorizer> self);
  mcp::Task<void> ask(mcp::Cancellation& cancellation);
  mcp::Task<mcp::Result<>> find_out(const ServerSettings& settings, mcp::Cancellation& cancellation);
  bool want_less();
  void take(Credential given, WallTime asked);
  void refuse(TokenError refusal, const Scopes& more);
  void deny(const Scopes& scopes);
  void fail(mcp::Error error, std::optional<std::chrono::seconds> retry_after);
  mcp::Task<mcp::Result<>> widen(Refusal refusal, mcp::Cancellation& cancellation);
  mcp::Error out_of_reach(const Scopes& scopes) const;

  MachineDependencies dependencies_;
  std::function<ServerSettings()> settings_;
  ServerSettings used_;  // for the token that there is
  std::optional<Discovery> discovery_;
  Scopes base_;    // to ask for, as the configuration or the server says
  Scopes scopes_;  // to ask for, with what was given besides
  Scopes more_;    // besides, with the next request
  Scopes denied_;  // that were not given when they were asked for
  Header header_;
  std::optional<WallTime> issued_, expires_;
  Scopes granted_;
  std::optional<mcp::Error> trouble_;
  Throttle throttle_;
  Throttle denial_;  // how long denied_ counts
  SingleFlight flight_;
};

}  // namespace oauth
