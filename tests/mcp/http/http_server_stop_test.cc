#include <future>
#include <gtest/gtest.h>
#include <memory>
#include <string>

#include "tests/mcp/http/http_server_fixture.h"

namespace mcp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const std::string kWait = "POST /wait HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n";

/// A handler that says when it began, answers when `release` is set, and says whether its answer was taken.
struct Gate {
  explicit Gate(const Executor& executor) : release(executor) {}

  Event release;
  std::promise<void> began;
  std::promise<bool> taken;
};

Task<void> wait_at(HttpExchange& exchange, std::shared_ptr<Gate> gate) {
  if (exchange.path() != "/wait") {
    co_await echo(exchange);
    co_return;
  }
  gate->began.set_value();
  co_await gate->release.wait();
  gate->taken.set_value(exchange.respond(200, "", "late"));
}

class HttpServerStopTest : public testing::Test {
 protected:
  HttpServerStopTest() : server_([this](HttpExchange& exchange) { return wait_at(exchange, gate_); }) {
    server_.on_loop([this] { gate_ = std::make_shared<Gate>(server_.executor()); });
  }

  ~HttpServerStopTest() override {
    release();
    gate_.reset();
  }

  void release() {
    server_.on_loop([this] { gate_->release.set(); });
  }

  void begin(RawClient& client) {
    auto began = gate_->began.get_future();
    client.send(kWait);
    wait_for(began);
  }

  std::shared_ptr<Gate> gate_;  // lives on the server's loop, so no longer than it
  ServerUnderTest server_;
};

TEST_F(HttpServerStopTest, ClosesIdleConnectionsAndRefusesNewOnes) {
  RawClient fresh = server_.client();
  RawClient used = server_.client();
  used.send(kGet);
  EXPECT_EQ(used.read_response().status, 200);
  RawClient half = server_.client();
  half.send("GET / HT");
  auto stopped = server_.stop(kPatience);
  wait_for(stopped);
  EXPECT_TRUE(fresh.at_end());
  EXPECT_TRUE(used.at_end());
  EXPECT_TRUE(half.at_end());
  EXPECT_THROW(server_.client(), std::system_error);
  server_.on_loop([] {});  // the coroutines of what was closed end in the turn after
  EXPECT_EQ(server_.connections(), 0U);
}

TEST_F(HttpServerStopTest, LetsARequestFinish) {
  RawClient client = server_.client();
  begin(client);
  auto stopped = server_.stop(kPatience);
  server_.on_loop([] {});
  EXPECT_EQ(stopped.wait_for(seconds(0)), std::future_status::timeout);
  release();
  const RawResponse response = client.read_response();
  EXPECT_EQ(response.body, "late");
  EXPECT_EQ(response.header("Connection"), "close");
  EXPECT_TRUE(client.at_end());
  wait_for(stopped);
}

TEST_F(HttpServerStopTest, LetsABodyComeIn) {
  RawClient client = server_.client();
  client.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(client.read_response().status, 100);
  auto stopped = server_.stop(kPatience);
  server_.on_loop([] {});
  client.send("hello");
  EXPECT_EQ(client.read_response().body, "POST / hello");
  wait_for(stopped);
}

TEST_F(HttpServerStopTest, DeadlineCutsOffAndTheHandlerMayGoOn) {
  auto taken = gate_->taken.get_future();
  RawClient client = server_.client();
  begin(client);
  auto stopped = server_.stop(milliseconds(20));
  wait_for(stopped);
  EXPECT_TRUE(client.at_end());
  release();
  EXPECT_FALSE(wait_for(taken));
}

TEST_F(HttpServerStopTest, SecondStopReturnsToo) {
  RawClient client = server_.client();
  begin(client);
  auto first = server_.stop(kPatience);
  auto second = server_.stop(kPatience);
  release();
  EXPECT_EQ(client.read_response().body, "late");
  wait_for(first);
  wait_for(second);
}

Task<void> stream_until_told(HttpExchange& exchange) {
  Event over(co_await boost::asio::this_coro::executor);
  exchange.begin_stream();
  exchange.on_stream_end([&over] { over.set(); });
  co_await over.wait();
  exchange.write("bye");
  co_await exchange.end_stream();
}

TEST(HttpServerStopStreamTest, StreamsEndProperly) {
  ServerUnderTest server(stream_until_told);
  RawClient client = server.client();
  client.send(kGet);
  client.read_head();
  auto stopped = server.stop(kPatience);
  EXPECT_EQ(client.read_chunk(), "bye");
  EXPECT_EQ(client.read_chunk(), "");
  EXPECT_TRUE(client.at_end());
  wait_for(stopped);
}

/// The server goes while the handler still waits; the loop goes first, then the handler.
TEST(HttpServerLifetimeTest, LoopMayEndWithRequestsInFlight) {
  auto gate = std::shared_ptr<Gate>();
  RawClient client;
  {
    ServerUnderTest server([&](HttpExchange& exchange) { return wait_at(exchange, gate); });
    server.on_loop([&] { gate = std::make_shared<Gate>(server.executor()); });
    client.connect(server.port());
    auto began = gate->began.get_future();
    client.send(kWait);
    wait_for(began);
    gate.reset();
  }
  EXPECT_TRUE(client.at_end());
}

}  // namespace
}  // namespace mcp
