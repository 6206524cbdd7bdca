#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "mcp/base/event.h"
#include "mcp/http/http_server.h"
#include "tests/support/raw_client.h"

namespace mcp {

constexpr std::chrono::seconds kPatience(10);

/// The shortest request.
inline const std::string kGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

/// An HttpServer on a loop thread of its own. The handler's object lives as long as the loop, so it may be a capturing lambda.
class ServerUnderTest {
 public:
  explicit ServerUnderTest(HttpHandler handler, HttpServerOptions options = {});
  /// The same over TLS.
  ServerUnderTest(HttpHandler handler, HttpServerOptions options, std::shared_ptr<const TlsServerContext> tls);
  ~ServerUnderTest();

  std::uint16_t port() const { return port_; }
  HttpServer& server() { return *server_; }
  Executor executor() { return io_.get_executor(); }

  RawClient client() const { return RawClient::to(port_); }

  /// A client that has sent these bytes before the server comes to see its connection: no time of the server's runs meanwhile.
  RawClient client_with(std::string_view bytes);

  /// Runs `work` on the loop and waits for it.
  void on_loop(const std::function<void()>& work);
  /// Starts stop(); the future is ready when it returned.
  std::future<void> stop(std::chrono::steady_clock::duration patience);
  std::size_t connections();

 private:
  void run(const Result<std::uint16_t>& port);

  boost::asio::io_context io_{1};
  std::unique_ptr<HttpServer> server_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

/// Answers 200 with "METHOD path?query body".
Task<void> echo(HttpExchange& exchange);

/// Connects to this port and says nothing, until the server closes the connection for that: every time as long as the idle time
/// that began before is over then.
Task<void> outlast_idle_connection(std::uint16_t port);

/// Waits for a value from the loop; a missing one fails the test by exception.
template <class T>
T wait_for(std::future<T>& future) {
  if (future.wait_for(kPatience) != std::future_status::ready) throw std::runtime_error("the awaited event did not happen");
  return future.get();
}

}  // namespace mcp
