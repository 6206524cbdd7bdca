#include "tests/mcp/http/http_server_fixture.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace mcp {

namespace asio = boost::asio;

namespace {

Task<void> run_stop(HttpServer& server, std::chrono::steady_clock::time_point deadline, std::shared_ptr<std::promise<void>> done) {
  co_await server.stop(deadline);
  done->set_value();
}

}  // namespace

ServerUnderTest::ServerUnderTest(HttpHandler handler, HttpServerOptions options)
    : server_(make_http_server(io_.get_executor(), options, std::move(handler))) {
  run(server_->listen("127.0.0.1", 0));
}

ServerUnderTest::ServerUnderTest(HttpHandler handler, HttpServerOptions options, std::shared_ptr<const TlsServerContext> tls)
    : server_(make_http_server(io_.get_executor(), options, std::move(handler))) {
  server_->set_tls(std::move(tls));
  run(server_->listen_tls("127.0.0.1", 0));
}

void ServerUnderTest::run(const Result<std::uint16_t>& port) {
  if (!port) throw std::runtime_error(port.error().text());
  port_ = *port;
  thread_ = std::thread([this] {
    const auto work = asio::make_work_guard(io_);
    io_.run();
  });
}

ServerUnderTest::~ServerUnderTest() {
  auto stopped = stop(std::chrono::milliseconds(0));
  stopped.wait_for(kPatience);
  on_loop([this] { server_.reset(); });
  io_.stop();
  thread_.join();
}

void ServerUnderTest::on_loop(const std::function<void()>& work) {
  std::promise<void> done;
  auto future = done.get_future();
  asio::post(io_, [&] {
    work();
    done.set_value();
  });
  wait_for(future);
}

std::future<void> ServerUnderTest::stop(std::chrono::steady_clock::duration patience) {
  auto done = std::make_shared<std::promise<void>>();
  auto future = done->get_future();
  asio::co_spawn(io_, run_stop(*server_, std::chrono::steady_clock::now() + patience, std::move(done)), asio::detached);
  return future;
}

RawClient ServerUnderTest::client_with(std::string_view bytes) {
  RawClient client;
  on_loop([&] {
    client.connect(port_);
    client.send(bytes);
  });
  return client;
}

std::size_t ServerUnderTest::connections() {
  std::size_t count = 0;
  on_loop([&] { count = server_->connections(); });
  return count;
}

Task<void> outlast_idle_connection(std::uint16_t port) {
  asio::ip::tcp::socket socket(co_await asio::this_coro::executor);
  const asio::ip::tcp::endpoint server(asio::ip::address_v4::loopback(), port);
  co_await socket.async_connect(server, asio::use_awaitable);
  char byte = 0;
  co_await socket.async_read_some(asio::buffer(&byte, 1), asio::as_tuple(asio::use_awaitable));
}

Task<void> echo(HttpExchange& exchange) {
  std::string text(exchange.method());
  text.append(" ").append(exchange.path());
  if (!exchange.query().empty()) text.append("?").append(exchange.query());
  text.append(" ").append(exchange.take_body());
  exchange.respond(200, "text/plain", text);
  co_return;
}

}  // namespace mcp
