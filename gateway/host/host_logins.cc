#include "gateway/host/host_logins.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <chrono>
#include <utility>

#include "gateway/host/random_source.h"
#include "gateway/host/stored_secrets.h"
#include "mcp/http/proxy_settings.h"
#include "mcp/http/resolver.h"
#include "mcp/http/tls_contexts.h"
#include "oauth/file_credential_store.h"
#include "oauth/store_access.h"

namespace gateway {

namespace asio = boost::asio;
using mcp::Task;

namespace {

constexpr auto kGrace = std::chrono::seconds(5);        // for tokens that are being renewed at the end
constexpr auto kQuiet = std::chrono::milliseconds(20);  // after a change of the store, until it is read

}  // namespace

mcp::HttpClientOptions shared_http_options(const Environment& environment) {
  mcp::HttpClientOptions options;
  options.resolver = std::make_shared<mcp::Resolver>();
  options.tls = std::make_shared<mcp::TlsContexts>();
  options.proxy = std::make_shared<mcp::ProxySettings>(environment);
  return options;
}

HostLogins::HostLogins(HostLoginsOptions options) : options_(std::move(options)), http_(shared_http_options(options_.environment)) {
  auto store = open_credential_store(options_.state_dir, options_.environment);
  servers_ =
      std::make_shared<ServerLogins>(ServerLoginsOptions{.executor = options_.executor,
                                                         .store = std::make_shared<oauth::StoreAccess>(std::move(store), helpers_),
                                                         .helpers = &programs_,
                                                         .environment = options_.environment,
                                                         .http = http_,
                                                         .random = make_random_source()});
}

HostLogins::~HostLogins() = default;

Task<void> HostLogins::start() {
  co_await servers_->read();
}

void HostLogins::watch() {
  const std::string folder = oauth::credentials_folder(options_.state_dir);
  watch_ = make_file_watch(options_.executor, kQuiet, [executor = options_.executor, servers = servers_] {
    asio::co_spawn(executor, servers->read(), asio::detached);
  });
  // The folder's own time tells; a file in it has the folder itself looked at.
  watch_->watch({folder, folder + "/key"});
  asio::co_spawn(options_.executor, servers_->read(), asio::detached);
}

Task<void> HostLogins::close() {
  watch_.reset();
  co_await servers_->close(kGrace);
}

}  // namespace gateway
