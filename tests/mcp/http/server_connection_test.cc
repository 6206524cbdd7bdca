// The times of one connection, which the test lets pass: nothing here waits for them.
#include "mcp/http/server_connection.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <gtest/gtest.h>
#include <memory>
#include <string>

#include "mcp/http/server_state.h"
#include "tests/mcp/http/http_server_fixture.h"
#include "tests/support/loop_thread.h"

namespace mcp {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

class ServerConnectionTest : public testing::Test {
 protected:
  ~ServerConnectionTest() override {
    if (!connection_) return;
    loop_.run([this] { connection_->close(); });
    loop_.run([this] {
      connection_.reset();
      state_.reset();
    });
  }

  /// Accepts the client's connection, with a server of its own.
  void serve(RawClient& client, HttpHandler handler, HttpServerOptions options = {}) {
    options_ = options;
    auto acceptor = loop_.run([&] {
      state_ = std::make_shared<ServerState>(loop_.executor(), options_, std::move(handler));
      BufferPool::Buffer only = state_->buffers().borrow();
      its_buffer_ = only.get();
      state_->buffers().give_back(std::move(only));
      return tcp::acceptor(loop_.executor(), {asio::ip::address_v4::loopback(), 0});
    });
    client.connect(acceptor.local_endpoint().port());
    loop_.run([&] {
      tcp::endpoint remote;
      auto socket = acceptor.accept(remote);
      connection_ = std::make_shared<ServerConnection>(state_, std::move(socket), remote);
      asio::co_spawn(loop_.executor(), ServerConnection::run(connection_), asio::detached);
    });
  }

  void sweep(ServerState::TimePoint now) {
    loop_.run([&] { connection_->sweep(now); });
    loop_.run([] {});  // what was interrupted goes on in the turn after
  }

  ServerState::TimePoint now() {
    return loop_.run([this] { return state_->now(); });
  }

  bool its_buffer_is_free() {
    return loop_.run([this] {
      BufferPool::Buffer buffer = state_->buffers().borrow();
      const bool free = buffer.get() == its_buffer_;
      if (free) state_->buffers().give_back(std::move(buffer));
      return free;
    });
  }

  LoopThread loop_;
  HttpServerOptions options_;
  std::shared_ptr<ServerState> state_;
  std::shared_ptr<ServerConnection> connection_;
  const char* its_buffer_ = nullptr;  // the one that the pool holds when the connection comes
};

TEST_F(ServerConnectionTest, AnIdleOneGivesItsBufferBackAndServesAgain) {
  RawClient client;
  serve(client, echo);
  for (int i = 0; i < 2; ++i) {
    client.send(kGet);
    EXPECT_EQ(client.read_response().body, "GET / ");
    sweep(now() + std::chrono::seconds(1));
    EXPECT_TRUE(its_buffer_is_free());
  }
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_EQ(client.read_response().body, "POST / abc");
}

TEST_F(ServerConnectionTest, AnIdleOneIsClosedWhenItsTimeIsOverAndNotBefore) {
  RawClient client;
  serve(client, echo);
  for (int i = 0; i < 2; ++i) {
    const auto before = now();
    client.send(kGet);
    EXPECT_EQ(client.read_response().body, "GET / ");
    sweep(before + options_.idle_timeout);
  }
  sweep(now() + options_.idle_timeout + std::chrono::seconds(1));
  EXPECT_TRUE(client.at_end());
}

TEST_F(ServerConnectionTest, AReaderThatIsSlowButReadsIsNotGivenUp) {
  const std::string body(20'000'000, 'x');
  const std::size_t half = body.size() / 2;  // more than can be on its way
  HttpServerOptions options;
  options.head_timeout = std::chrono::milliseconds(20);  // the least of the times says how often the server looks at its clock
  RawClient client(65536);
  serve(
      client,
      [&](HttpExchange& exchange) {
        exchange.respond(200, "", body);
        return done();
      },
      options);
  client.send(kGet);
  EXPECT_EQ(client.read_head().status, 200);
  const auto limit = loop_.run([this] { return state_->deadline_in(options_.write_timeout); });
  for (const auto then = now(); now() == then;)
    std::this_thread::yield();
  client.read_exactly(half);
  sweep(limit);
  EXPECT_EQ(client.read_exactly(body.size() - half).size(), body.size() - half);
}

}  // namespace
}  // namespace mcp
