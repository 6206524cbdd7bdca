#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "mcp/base/result.h"
#include "mcp/base/task.h"
#include "mcp/http/server_state.h"

namespace mcp {

/// One listening socket. Accepts until it is closed: a lack of descriptors or memory is waited out. Every socket is close-on-exec
/// from its birth, because other threads start processes. Loop thread only.
class ServerListener {
 public:
  enum class Wire { plain, tls };

  ServerListener(std::shared_ptr<ServerState> state, Wire wire);

  /// As HttpServer::listen.
  Result<std::uint16_t> open(const std::string& host, std::uint16_t port);

  static Task<void> run(std::shared_ptr<ServerListener> self);

  void close();

 private:
  enum class Outcome { accepted, nothing_more, exhausted };

  Outcome accept_one();
  Task<void> back_off();

  const std::shared_ptr<ServerState> state_;
  const Wire wire_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  bool complained_ = false;
};

}  // namespace mcp
