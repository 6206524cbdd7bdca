#include "mcp/http/client_connect.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "mcp/base/clock.h"
#include "mcp/http/address_rules.h"
#include "mcp/http/proxy_tunnel.h"
#include "mcp/http/timed_cancellation.h"

namespace mcp {

namespace asio = boost::asio;
using asio::ip::tcp;
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

std::string show(const tcp::endpoint& endpoint) {
  auto address = endpoint.address().to_string();
  if (endpoint.address().is_v6()) address = "[" + address + "]";
  return address + ":" + std::to_string(endpoint.port());
}

// A peer that vanishes without a word (a NAT that forgot us, a machine that slept) shows only where something is sent. A silent
// connection is asked every 30 s; three questions 10 s apart without an answer end it.
constexpr int kKeepAliveIdle = 30;
constexpr int kKeepAliveInterval = 10;
constexpr int kKeepAliveProbes = 3;
// What we sent may be unacknowledged this long. It decides over the questions, too: shorter than 40 s, a single one that got lost
// would end a healthy connection, and the calls on it.
constexpr int kUserTimeoutMs = 45'000;

void set(int descriptor, int level, int option, int value) {
  // A system without the option is no worse than one without a peer that vanishes.
  static_cast<void>(::setsockopt(descriptor, level, option, &value, sizeof value));
}

boost::system::error_code open_socket(tcp::socket& socket, const tcp& protocol) {
  boost::system::error_code error;
  // Asio's own open() would let the children we start inherit the descriptor.
  const int descriptor = ::socket(protocol.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return {errno, boost::system::system_category()};
  set(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
  set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdle);
  set(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveInterval);
  set(descriptor, IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveProbes);
  set(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, kUserTimeoutMs);
  socket.assign(protocol, descriptor, error);
  if (error) {
    ::close(descriptor);
    return error;
  }
  boost::system::error_code ignored;
  socket.non_blocking(true, ignored);
  return {};
}

/// Whether it is this machine that has no more to give, rather than that the address cannot be reached.
bool is_shortage(const boost::system::error_code& error) {
  return error.value() == EMFILE || error.value() == ENFILE || error.value() == ENOBUFS || error.value() == ENOMEM;
}

/// Connects to one address. The Error's message is the reason alone; overloaded where we have no socket for it.
Task<Result<>> connect_one(tcp::socket& socket, const tcp::endpoint& endpoint, Cancellation& cancellation) {
  if (cancellation.requested()) co_return std::unexpected(cancellation.reason());
  if (auto error = open_socket(socket, endpoint.protocol())) {
    co_return fail(is_shortage(error) ? ErrorCode::overloaded : ErrorCode::connect_failed, error.message());
  }
  Cancellation::Callback on_cancel(cancellation, [&socket] {
    boost::system::error_code ignored;
    socket.close(ignored);
  });
  auto [error] = co_await socket.async_connect(endpoint, kAwait);
  if (cancellation.requested()) co_return std::unexpected(cancellation.reason());
  if (error) co_return fail(ErrorCode::connect_failed, error.message());
  co_return Result<>();
}

std::string remedy_for(const ClientConnectSpec& spec) {
  if (spec.proxy != nullptr) return "Check " + spec.proxy->variable + ", the network and the proxy.";
  return is_loopback_host(spec.url.host) ? "Is the server running, and is the port in \"url\" right?"
                                         : "Check \"url\", the network and the server.";
}

/// "https://host", "the proxy http://proxy:3128, which leads to https://host".
std::string goal_of(const ClientConnectSpec& spec) {
  const std::string origin = spec.url.origin();
  return spec.proxy == nullptr ? origin : "the proxy " + spec.proxy->origin() + ", which leads to " + origin;
}

Error not_allowed(const ClientConnectSpec& spec) {
  return {ErrorCode::connect_failed,
          "the host " + spec.url.host + " leads to a private address, where it may not be reached.",
          "If that is the right server, allow private addresses for it."};
}

/// Where a proxy finds the address, the name has to tell.
bool may_ask_proxy(const ClientConnectSpec& spec) {
  if (spec.proxy == nullptr || !spec.allows) return true;
  boost::system::error_code error;
  const auto literal = asio::ip::make_address(spec.url.host, error);
  return error ? name_may_be_public(spec.url.host) : spec.allows(literal);
}

/// Leaves those of the host's addresses that may be connected to.
void keep_allowed(const ClientConnectSpec& spec, std::vector<asio::ip::address>& addresses) {
  if (spec.proxy == nullptr && spec.allows) std::erase_if(addresses, std::not_fn(spec.allows));
}

Task<Result<tcp::socket>> connect_any(const ClientConnectSpec& spec,
                                      const std::vector<asio::ip::address>& addresses,
                                      Cancellation& cancellation,
                                      Clock::time_point deadline) {
  auto executor = co_await asio::this_coro::executor;
  const std::uint16_t port = spec.proxy != nullptr ? spec.proxy->url.port : spec.url.port;
  std::string tried;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    tcp::endpoint endpoint(addresses[i], port);
    // One address that swallows packets must leave time for the others.
    auto now = Clock::now();
    auto share = (deadline - now) / static_cast<std::int64_t>(addresses.size() - i);
    Error silent{ErrorCode::timeout, "no answer"};
    TimedCancellation scope(executor, &cancellation, now + share, std::move(silent));
    tcp::socket socket(executor);
    auto connected = co_await connect_one(socket, endpoint, scope.get());
    if (connected) co_return socket;
    if (cancellation.requested()) co_return std::unexpected(cancellation.reason());
    if (connected.error().code == ErrorCode::overloaded) {
      co_return fail(ErrorCode::overloaded,
                     "there is no socket to connect to " + goal_of(spec) + ": " + connected.error().message + ".",
                     "Raise the limit of open files (ulimit -n), or have fewer connections open.");
    }
    if (!tried.empty()) tried += "; ";
    tried += show(endpoint) + ": " + connected.error().message;
  }
  co_return fail(ErrorCode::connect_failed, "cannot connect to " + goal_of(spec) + " (" + tried + ").", remedy_for(spec));
}

/// Of a proxy's name it is the variable that is to be corrected.
Error unresolved(const ClientConnectSpec& spec, Error error) {
  if (spec.proxy == nullptr || error.code != ErrorCode::connect_failed) return error;
  error.message = "the proxy that leads to " + spec.url.origin() + " cannot be found: " + error.message;
  error.remedy = remedy_for(spec);
  return error;
}

Task<Result<>> start_tls(ClientConnection& connection, const ClientConnectSpec& spec, Cancellation& cancellation) {
  auto tls = TlsStream::make(*spec.tls, connection.socket().native_handle(), spec.url.host);
  if (!tls) co_return std::unexpected(std::move(tls.error()));
  connection.set_tls(std::move(*tls));
  Cancellation::Callback on_cancel(cancellation, [&connection] { connection.interrupt(); });
  for (;;) {
    if (cancellation.requested()) co_return std::unexpected(cancellation.reason());
    auto state = connection.tls()->handshake();
    if (state == IoState::done) co_return Result<>();
    if (state != IoState::want_read && state != IoState::want_write) {
      co_return std::unexpected(connection.tls()->handshake_error());
    }
    co_await connection.wait(state);
  }
}

}  // namespace

Task<Result<std::unique_ptr<ClientConnection>>> connect_client(const ClientConnectSpec& spec, Cancellation& cancellation) {
  auto executor = co_await asio::this_coro::executor;
  auto deadline = Clock::now() + spec.timeout;
  Error too_late{ErrorCode::connect_failed,
                 "no connection to " + goal_of(spec) + " within " +
                     std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(spec.timeout).count()) + " ms.",
                 remedy_for(spec)};
  TimedCancellation scope(executor, &cancellation, deadline, std::move(too_late));
  if (!may_ask_proxy(spec)) co_return std::unexpected(not_allowed(spec));
  const std::string host = spec.proxy != nullptr ? spec.proxy->url.host : spec.url.host;
  auto addresses = co_await spec.resolver.resolve(host, scope.get());
  if (!addresses && scope.get().requested()) co_return std::unexpected(std::move(addresses.error()));
  if (!addresses) co_return std::unexpected(unresolved(spec, std::move(addresses.error())));
  keep_allowed(spec, *addresses);
  if (addresses->empty()) co_return std::unexpected(not_allowed(spec));
  auto socket = co_await connect_any(spec, *addresses, scope.get(), deadline);
  if (!socket) co_return std::unexpected(std::move(socket.error()));
  auto connection = std::make_unique<ClientConnection>(std::move(*socket));
  if (spec.tls != nullptr && spec.proxy != nullptr) {
    auto open = co_await open_tunnel(*connection, *spec.proxy, spec.url, scope.get());
    if (!open) co_return std::unexpected(std::move(open.error()));
  }
  if (spec.tls != nullptr) {
    auto secured = co_await start_tls(*connection, spec, scope.get());
    if (!secured) co_return std::unexpected(std::move(secured.error()));
  }
  co_return connection;
}

}  // namespace mcp
