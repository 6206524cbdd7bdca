#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "gateway/config/config.h"
#include "gateway/config/config_file.h"
#include "gateway/upstream/live_spec.h"
#include "gateway/upstream/server_login.h"
#include "mcp/http/http_client.h"
#include "mcp/process/unique_fd.h"
#include "oauth/http.h"
#include "oauth/login_store.h"

namespace boost::asio {
class thread_pool;  // NOLINT(readability-identifier-naming): Asio has named it
}

namespace oauth {
class Logins;
}

namespace gateway {

struct ServerLoginsOptions {
  mcp::Executor executor;
  std::shared_ptr<oauth::LoginStore> store;
  boost::asio::thread_pool* helpers = nullptr;  // for files and programs that hold tokens; outlives this
  Environment environment;                      // of such programs
  mcp::HttpClientOptions http;                  // what the connections to authorization servers share: resolver, tls, proxy
  std::function<double()> random;               // in [0, 1)
};

/// How the servers over HTTP are told who we are: from the logins of the store, the tokens of the configuration, or as a client of
/// our own. Loop thread only. Held by shared_ptr; close() before letting go.
class ServerLogins final : public std::enable_shared_from_this<ServerLogins> {
 public:
  explicit ServerLogins(ServerLoginsOptions options);
  ~ServerLogins();

  /// Called when somebody has logged in or out: login_of() may say something else; and when a status has changed.
  void listen(std::function<void()> logins_changed, std::function<void()> status_changed);

  /// Reads the store, the first time and whenever it may have changed. What cannot be read is logged.
  mcp::Task<void> read();

  /// For a runtime of that server. What it gives is a secret that `server` knows from then on (LiveSpec::learn).
  ServerAccess access(const std::shared_ptr<LiveSpec>& server);

  /// Names the login by which a server is reached, as part of its identity; "" where nobody has logged in, or nobody needs to.
  std::string login_of(const ServerSpec& spec) const;

  /// How authorization servers of that server are reached.
  std::shared_ptr<oauth::Http> http_for(const ServerSpec& spec) const;

  const std::shared_ptr<oauth::LoginStore>& store() const { return options_.store; }
  const std::shared_ptr<oauth::Logins>& logins() const { return logins_; }

  /// Programs that are to give tokens end, logins that are being renewed have `grace`.
  mcp::Task<void> close(std::chrono::milliseconds grace);

 private:
  ServerAccess login_access(const std::shared_ptr<LiveSpec>& server);
  ServerAccess client_access(const std::shared_ptr<LiveSpec>& server);
  ServerAccess token_access(const std::shared_ptr<LiveSpec>& server);

  ServerLoginsOptions options_;
  std::shared_ptr<oauth::Logins> logins_;
  std::shared_ptr<mcp::UniqueFd> stop_;  // readable from close() on
};

}  // namespace gateway
