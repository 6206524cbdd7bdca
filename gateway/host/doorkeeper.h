#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gateway/config/config_file.h"
#include "gateway/downstream/http_endpoint.h"
#include "mcp/base/task.h"

namespace boost::asio {
class thread_pool;  // NOLINT(readability-identifier-naming): Asio has named it
}

namespace gateway {

/// What is amiss with something that can be used all the same.
struct AccessWarning {
  std::string message, remedy;
};

/// What "access" of a configuration comes to, read from where it points.
struct LoadedAccess {
  AccessTable table;
  std::shared_ptr<const mcp::TlsServerContext> tls;  // null: plain
  std::vector<AccessWarning> warnings;               // about TLS
};

/// Reads tokens, certificate and key. Reads files; any thread. Errors: those of read_tokens() and TlsServerContext::make().
mcp::Result<LoadedAccess> load_access(const AccessSpec& access, const Environment& environment, const std::string& local_token);

/// Keeps what the MCP listener asks for in step with the configuration, and with the files that it names. Loop thread only, but for
/// the reading.
class Doorkeeper {
 public:
  /// The helpers outlive the coroutines it began. `local_token`: the gateway's own, for its user's commands.
  Doorkeeper(boost::asio::thread_pool& helpers, Environment environment, std::string local_token);

  const std::string& local_token() const { return local_token_; }

  /// Of the tokens in force that clients have.
  std::vector<std::string> names() const { return loaded_.table.names(); }

  /// Reads what the configuration names, for the listener that is to be opened. Call once, before open().
  mcp::Task<mcp::Result<>> start(AccessSpec access);

  /// Puts what was read into the options of a listener; again for another try.
  void furnish(HttpEndpointOptions& options) const;

  /// Whether a configuration could be put in force at the listener as it was opened at `address`.
  mcp::Task<mcp::Result<>> check(AccessSpec access, ListenAddress address);

  /// Reads what a new configuration names; apply() then puts it in force. An error leaves things as they are.
  mcp::Task<mcp::Result<>> prepare(AccessSpec access, ListenAddress address);

  /// Tokens, and the certificate of a listener that speaks TLS; whether it does stays as it was opened.
  void apply(HttpEndpoint& endpoint);

 private:
  mcp::Task<mcp::Result<LoadedAccess>> load(AccessSpec access);

  boost::asio::thread_pool& helpers_;
  const Environment environment_;
  const std::string local_token_;
  AccessSpec opened_;  // what was in force when the listener was opened
  LoadedAccess loaded_;
};

}  // namespace gateway
