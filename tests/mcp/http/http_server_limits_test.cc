// What a server refuses, and the times it keeps: seen from the wire.
#include <future>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "tests/mcp/http/http_server_fixture.h"

namespace mcp {
namespace {

using std::chrono::milliseconds;

HttpServerOptions small() {
  HttpServerOptions options;
  options.max_head = 1024;
  options.max_body = 1024;
  return options;
}

struct RefusedCase {
  std::string wire;
  int status;
  std::string body;
};

TEST(HttpServerLimitsTest, RefusalsSayWhyAndClose) {
  ServerUnderTest server(echo, small());
  const std::vector<RefusedCase> cases = {
      {"nonsense\r\n\r\n", 400, R"({"error":"malformed request"})"},
      {"GET / HTTP/1.1\r\n\r\n", 400, R"({"error":"the Host header is missing"})"},
      {"GET / HTTP/1.1\r\nX: " + std::string(2000, 'x'), 431, R"({"error":"the request's head is too large"})"},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1025\r\n\r\n", 413, R"({"error":"the body is too large"})"},
      {"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1025\r\n\r\n",
       413,
       R"({"error":"the body is too large"})"},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n401\r\n", 413, R"({"error":"the body is too large"})"},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n",
       501,
       R"({"error":"no Transfer-Encoding but chunked is understood"})"},
      {"GET / HTTP/3.0\r\n\r\n", 505, R"({"error":"only HTTP/1.0 and HTTP/1.1 are spoken here"})"},
  };
  for (const RefusedCase& c : cases) {
    SCOPED_TRACE(c.wire);
    RawClient client = server.client();
    client.send(kGet + c.wire);
    EXPECT_EQ(client.read_response().status, 200);
    const RawResponse response = client.read_response();
    EXPECT_EQ(response.status, c.status);
    EXPECT_EQ(response.body, c.body);
    EXPECT_EQ(response.header("Content-Type"), "application/json");
    EXPECT_EQ(response.header("Connection"), "close");
    EXPECT_TRUE(client.at_end());
  }
}

TEST(HttpServerLimitsTest, ClientThatKeepsSendingReadsTheRefusal) {
  ServerUnderTest server(echo, small());
  RawClient client = server.client();
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 50000000\r\n\r\n");
  client.send(std::string(20'000'000, 'x'));
  EXPECT_EQ(client.read_response().status, 413);
  EXPECT_TRUE(client.at_end());
}

TEST(HttpServerLimitsTest, AllBodiesTogetherHaveABudget) {
  HttpServerOptions options;
  options.max_bodies = 1'000'000;
  ServerUnderTest server(echo, options);
  const auto head = [](std::size_t length) {
    return "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n";
  };
  const auto ask = [&](std::size_t length) {
    RawClient client = server.client();
    client.send(head(length) + std::string(length, 'x'));
    return client.read_response();
  };
  RawClient slow = server.client();
  slow.send(head(600'000) + std::string(599'999, 'x'));
  RawResponse refused = ask(500'000);
  while (refused.status == 200)
    refused = ask(500'000);  // until the server has read what the slow one sent
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.body, R"({"error":"too many large requests at once: try again later"})");
  EXPECT_EQ(refused.header("Connection"), "close");
  EXPECT_EQ(ask(1000).status, 200);
  slow.send("x");
  EXPECT_EQ(slow.read_response().status, 200);
  EXPECT_EQ(ask(500'000).status, 200);
}

TEST(HttpServerLimitsTest, SlowHeadAndBodyAreCutOff) {
  HttpServerOptions options;
  options.head_timeout = milliseconds(40);
  options.body_timeout = milliseconds(40);
  ServerUnderTest server(echo, options);
  for (const std::string wire : {"GET / HTTP",
                                 "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhel",
                                 "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe"}) {
    SCOPED_TRACE(wire);
    RawClient client = server.client();
    client.send(kGet + wire);
    EXPECT_EQ(client.read_response().status, 200);
    const RawResponse response = client.read_response();
    EXPECT_EQ(response.status, 408);
    EXPECT_EQ(response.body, R"({"error":"the request did not come in time"})");
    EXPECT_TRUE(client.at_end());
  }
}

TEST(HttpServerLimitsTest, DripDoesNotExtendTheTime) {
  HttpServerOptions options;
  options.head_timeout = milliseconds(40);
  ServerUnderTest server(echo, options);
  RawClient client = server.client();
  client.set_patience(milliseconds(5));
  std::string answer;
  std::string drip = "GET / HTTP/1.1\r\nHost: h\r\nX: ";
  for (int i = 0; i < 1000 && answer.empty(); ++i) {
    client.try_send(drip);
    drip.assign(1, 'x');
    try {
      answer = client.read_until("\r\n");
    } catch (const std::runtime_error&) {
      continue;
    }
  }
  EXPECT_EQ(answer, "HTTP/1.1 408 Request Timeout\r\n");
}

TEST(HttpServerLimitsTest, IdleConnectionIsClosedWithoutAWord) {
  HttpServerOptions options;
  options.idle_timeout = milliseconds(40);
  ServerUnderTest server(echo, options);
  RawClient fresh = server.client();
  RawClient used = server.client_with(kGet);
  EXPECT_EQ(used.read_response().status, 200);
  EXPECT_TRUE(fresh.at_end());
  EXPECT_TRUE(used.at_end());
}

TEST(HttpServerLimitsTest, SlowHandlerIsNotCutOff) {
  HttpServerOptions options;
  options.head_timeout = options.body_timeout = options.idle_timeout = options.write_timeout = milliseconds(40);
  ServerUnderTest server(
      [&](HttpExchange& exchange) -> Task<void> {
        co_await outlast_idle_connection(server.port());
        co_await echo(exchange);
      },
      options);
  RawClient client = server.client_with("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_EQ(client.read_response().body, "POST / abc");
}

TEST(HttpServerLimitsTest, ClientThatDoesNotReadIsGivenUp) {
  HttpServerOptions options;
  options.write_timeout = milliseconds(40);
  const std::string body(50'000'000, 'x');
  std::promise<bool> taken;
  auto answered = taken.get_future();
  ServerUnderTest server(
      [&](HttpExchange& exchange) -> Task<void> {
        taken.set_value(exchange.respond(200, "", body));
        return done();
      },
      options);
  RawClient client(4096);
  client.connect(server.port());
  client.send(kGet);
  EXPECT_TRUE(wait_for(answered));
  // Nothing but its own time limit ends the answer.
  auto stopped = server.stop(std::chrono::minutes(1));
  wait_for(stopped);
  EXPECT_EQ(server.connections(), 0U);
}

}  // namespace
}  // namespace mcp
