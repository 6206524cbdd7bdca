#pragma once

#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "mcp/base/clock.h"
#include "mcp/transport/authorizer.h"
#include "oauth/single_flight.h"

namespace oauth {

/// Gives a server a token that comes from elsewhere: a variable, a file, a program. It is asked for when it is first wanted, kept,
/// and asked for again when the server refuses it; where it is the same again, that is the end of it.
class BearerAuthorizer final : public mcp::Authorizer, public std::enable_shared_from_this<BearerAuthorizer> {
 public:
  /// Blocks; runs on `helpers`. Its Error goes to whoever wanted the token. What it gives is checked here.
  using Source = std::function<mcp::Result<std::string>()>;

  /// `origin`: what people call it: "the variable TOKEN", "the file /x/token", "the program pass". `helpers` outlives it.
  BearerAuthorizer(const mcp::Executor& executor, boost::asio::thread_pool& helpers, std::string origin, Source source);

  bool at_once(Header& header) override;

  /// Errors: the source's; credential_refused where it gives what no header can hold.
  mcp::Task<mcp::Result<Header>> obtain(mcp::Cancellation& cancellation) override;

  /// Error credential_refused: there is no other token to be had.
  mcp::Task<mcp::Result<>> refused(Refusal refusal, mcp::Cancellation& cancellation) override;

 private:
  static mcp::Task<void> run(std::shared_ptr<BearerAuthorizer> self);

  mcp::Executor executor_;
  boost::asio::thread_pool& helpers_;
  std::string origin_;
  Source source_;
  Header header_;  // null: has to be asked for
  mcp::Error trouble_;
  std::optional<mcp::Clock::time_point> last_refusal_;  // for good
  SingleFlight flight_;
};

}  // namespace oauth
