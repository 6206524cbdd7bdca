#pragma once

#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <string>

#include "gateway/config/config_file.h"
#include "gateway/host/file_watch.h"
#include "gateway/upstream/server_logins.h"
#include "mcp/http/http_client.h"

namespace gateway {

struct HostLoginsOptions {
  mcp::Executor executor;
  std::string state_dir;
  Environment environment;
};

/// What all HTTP clients of a process share: names, TLS settings, proxies.
mcp::HttpClientOptions shared_http_options(const Environment& environment);

/// The logins of a state folder, with what they need of this process: the store, threads for what blocks, a watch for what other
/// processes do. Loop thread only; close() before it is destroyed, and the loop must run until then.
class HostLogins {
 public:
  explicit HostLogins(HostLoginsOptions options);
  HostLogins(const HostLogins&) = delete;
  HostLogins& operator=(const HostLogins&) = delete;
  ~HostLogins();

  /// Reads the store.
  mcp::Task<void> start();

  /// From here on a login or a logout of any process is seen at once.
  void watch();

  const std::shared_ptr<ServerLogins>& servers() const { return servers_; }

  /// What all connections of this process share.
  const mcp::HttpClientOptions& http() const { return http_; }

  /// Lets what is under way come to its end.
  mcp::Task<void> close();

 private:
  HostLoginsOptions options_;
  mcp::HttpClientOptions http_;
  boost::asio::thread_pool helpers_{2};
  boost::asio::thread_pool programs_{2};  // that give tokens, and may take their time
  std::shared_ptr<ServerLogins> servers_;
  std::shared_ptr<FileWatch> watch_;
};

}  // namespace gateway
