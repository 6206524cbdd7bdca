#include "mcp/http/server_listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <system_error>
#include <utility>

#include "mcp/base/log.h"
#include "mcp/http/server_connection.h"
#include "mcp/http/server_endpoint.h"

namespace mcp {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr int kBacklog = 4096;
constexpr int kAcceptsPerTurn = 64;
constexpr std::chrono::milliseconds kPause(100);

std::string text_of(int error) {
  return std::generic_category().message(error);
}

std::unexpected<Error> cannot_listen(const tcp::endpoint& endpoint, int error) {
  const std::string message = "cannot listen on " + endpoint_text(endpoint) + ": ";
  switch (error) {
    case EADDRINUSE:
      return fail(
          ErrorCode::io_error, message + "address already in use", "Stop the program that listens there, or use another port.");
    case EACCES:
      return fail(ErrorCode::io_error, message + "permission denied", "Use a port above 1023.");
    case EADDRNOTAVAIL:
      return fail(
          ErrorCode::io_error, message + "not an address of this machine", "Use 127.0.0.1 or another address of this machine.");
    default:
      return fail(ErrorCode::io_error, message + text_of(error));
  }
}

/// A listening socket, or -1 and errno.
int open_socket(const tcp::endpoint& endpoint) {
  const int fd = ::socket(endpoint.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  const int on = 1;
  const bool ready = ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                     ::bind(fd, endpoint.data(), static_cast<socklen_t>(endpoint.size())) == 0 && ::listen(fd, kBacklog) == 0;
  if (ready) return fd;
  const int error = errno;
  ::close(fd);
  errno = error;
  return -1;
}

}  // namespace

ServerListener::ServerListener(std::shared_ptr<ServerState> state, Wire wire)
    : state_(std::move(state)), wire_(wire), acceptor_(state_->executor()), pause_(state_->executor()) {}

Result<std::uint16_t> ServerListener::open(const std::string& host, std::uint16_t port) {
  boost::system::error_code error;
  const asio::ip::address address = asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, error);
  if (error) {
    return fail(ErrorCode::io_error,
                "cannot listen on \"" + host + "\": not an address",
                "Use an address literal such as 127.0.0.1 or ::1, or \"localhost\".");
  }
  const tcp::endpoint endpoint(address, port);
  const int fd = open_socket(endpoint);
  if (fd < 0) return cannot_listen(endpoint, errno);
  acceptor_.assign(endpoint.protocol(), fd, error);
  if (error) {
    ::close(fd);
    return cannot_listen(endpoint, error.value());
  }
  const tcp::endpoint bound = acceptor_.local_endpoint(error);
  if (error) return cannot_listen(endpoint, error.value());
  return bound.port();
}

Task<void> ServerListener::run(std::shared_ptr<ServerListener> self) {
  ServerListener& listener = *self;
  while (listener.acceptor_.is_open()) {
    auto [error] = co_await listener.acceptor_.async_wait(tcp::acceptor::wait_read, asio::as_tuple(asio::use_awaitable));
    if (!error && listener.state_->full()) {
      co_await listener.state_->wait_for_room();
      continue;
    }
    Outcome outcome = error ? Outcome::exhausted : Outcome::accepted;
    for (int i = 0; i < kAcceptsPerTurn && outcome == Outcome::accepted && !listener.state_->full(); ++i) {
      outcome = listener.accept_one();
    }
    if (outcome == Outcome::exhausted && listener.acceptor_.is_open()) co_await listener.back_off();
  }
}

ServerListener::Outcome ServerListener::accept_one() {
  tcp::endpoint remote;
  auto size = static_cast<socklen_t>(remote.capacity());
  const int fd = ::accept4(acceptor_.native_handle(), remote.data(), &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) {
    if (errno == EAGAIN) {
      complained_ = false;
      return Outcome::nothing_more;
    }
    // The client has given up already; the next one may be fine.
    if (errno == ECONNABORTED || errno == EINTR || errno == EPROTO) return Outcome::accepted;
    if (!std::exchange(complained_, true)) log_warn("http", "cannot accept connections", {{"error", text_of(errno)}});
    return Outcome::exhausted;
  }
  remote.resize(size);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  tcp::socket socket(state_->executor());
  boost::system::error_code error;
  socket.assign(remote.protocol(), fd, error);
  if (error) {
    ::close(fd);
    return Outcome::exhausted;
  }
  std::unique_ptr<TlsServerSession> tls;
  if (wire_ == Wire::tls) {
    tls = state_->accept_tls(fd);
    if (!tls) return Outcome::exhausted;
  }
  auto connection = std::make_shared<ServerConnection>(state_, std::move(socket), remote, std::move(tls));
  asio::co_spawn(state_->executor(), ServerConnection::run(std::move(connection)), asio::detached);
  return Outcome::accepted;
}

Task<void> ServerListener::back_off() {
  pause_.expires_after(kPause);
  co_await pause_.async_wait(asio::as_tuple(asio::use_awaitable));
}

void ServerListener::close() {
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
}

}  // namespace mcp
