#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "mcp/base/boot_clock.h"
#include "mcp/base/task.h"
#include "mcp/http/tls_client.h"

namespace mcp {

/// One TCP connection to the origin, over TLS or not. read() and write() never wait; wait() does. Plain and TLS connections so
/// share all code above, and the plain way costs one system call and one branch. Loop thread only.
class ClientConnection {
 public:
  explicit ClientConnection(boost::asio::ip::tcp::socket socket) : socket_(std::move(socket)) {}

  ~ClientConnection();
  ClientConnection(const ClientConnection&) = delete;
  ClientConnection& operator=(const ClientConnection&) = delete;

  boost::asio::ip::tcp::socket& socket() { return socket_; }

  void set_tls(std::unique_ptr<TlsStream> tls) { tls_ = std::move(tls); }

  TlsStream* tls() { return tls_.get(); }

  IoResult read(char* to, std::size_t size);

  /// Writes some of `head_rest`, then of `body`, in one system call (over TLS: of the first that is not empty).
  IoResult write(std::string_view head_rest, std::string_view body);

  /// Waits until the socket is ready for what `want` (want_read or want_write) says, or interrupt().
  Task<void> wait(IoState want);

  /// What a read of the socket by Asio comes to, on a plain connection; want_read after interrupt().
  static IoResult outcome_of_read(const boost::system::error_code& error, std::size_t bytes);

  void interrupt();

  /// False when the peer closed an idle connection, or sent something nobody asked for.
  bool idle_alive();

  std::string head;                  // the request's head, formatted here
  BootClock::time_point idle_until;  // while in the pool

 private:
  boost::asio::ip::tcp::socket socket_;
  std::unique_ptr<TlsStream> tls_;
};

}  // namespace mcp
