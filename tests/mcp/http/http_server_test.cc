#include "mcp/http/http_server.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <future>
#include <gtest/gtest.h>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/mcp/http/http_server_fixture.h"
#include "tests/support/descriptor_limit.h"

namespace mcp {
namespace {

const std::string kGetQuery = "GET /a?b HTTP/1.1\r\nHost: h\r\n\r\n";

std::string post(std::string_view body, std::string_view headers = {}) {
  return "POST /mcp HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + std::string(headers) +
         "\r\n" + std::string(body);
}

TEST(HttpServerTest, KeepsTheConnection) {
  ServerUnderTest server(echo);
  RawClient client = server.client();
  for (int i = 0; i < 3; ++i) {
    client.send(post("hello"));
    const RawResponse response = client.read_response();
    EXPECT_EQ(response.head, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 15");
    EXPECT_EQ(response.body, "POST /mcp hello");
  }
  EXPECT_EQ(server.connections(), 1U);
}

TEST(HttpServerTest, FragmentsOfAnySize) {
  ServerUnderTest server(echo);
  RawClient client = server.client();
  const std::string wire =
      post("hello") + "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" + kGetQuery;
  for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}, std::size_t{64}, wire.size()}) {
    client.send_in_pieces(wire, piece);
    EXPECT_EQ(client.read_response().body, "POST /mcp hello");
    EXPECT_EQ(client.read_response().body, "POST /c abc");
    EXPECT_EQ(client.read_response().body, "GET /a?b ");
  }
}

TEST(HttpServerTest, AnswersPipelinedRequestsInOrder) {
  ServerUnderTest server(echo);
  RawClient client = server.client();
  std::string wire;
  constexpr int kCount = 3000;  // more than one read buffer holds
  for (int i = 0; i < kCount; ++i)
    wire += post(std::to_string(i));
  client.send(wire);
  for (int i = 0; i < kCount; ++i)
    ASSERT_EQ(client.read_response().body, "POST /mcp " + std::to_string(i));
}

TEST(HttpServerTest, LargeBodiesBothWays) {
  ServerUnderTest server(echo);
  RawClient client = server.client();
  std::string body(3'000'000, 'x');
  for (std::size_t i = 0; i < body.size(); i += 1000)
    body[i] = static_cast<char>('a' + i / 1000 % 26);
  for (int i = 0; i < 2; ++i) {
    client.send(post(body));
    EXPECT_EQ(client.read_response().body, "POST /mcp " + body);
  }
}

TEST(HttpServerTest, HeadersInAndOut) {
  std::promise<std::string> remote;
  auto remote_address = remote.get_future();
  ServerUnderTest server([&](HttpExchange& exchange) -> Task<void> {
    remote.set_value(std::string(exchange.remote_address()));
    const std::vector<std::pair<std::string_view, std::string_view>> headers = {
        {"Mcp-Session-Id", exchange.header("MCP-SESSION-ID")},
        {"X-Absent", exchange.header("absent")},
        {"X-Split", "a\r\nX-Evil: b"}};
    exchange.respond(202, "", "", headers);
    return done();
  });
  RawClient client = server.client();
  client.send("GET / HTTP/1.1\r\nHost: h\r\nmcp-session-id:\t s 1 \r\n\r\n");
  EXPECT_EQ(client.read_response().head, "HTTP/1.1 202 Accepted\r\nMcp-Session-Id: s 1\r\nX-Absent: \r\nContent-Length: 0");
  EXPECT_EQ(wait_for(remote_address), client.local_address());
}

TEST(HttpServerTest, HeadHasNoBody) {
  ServerUnderTest server(echo);
  RawClient client = server.client();
  client.send("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n" + kGetQuery);
  EXPECT_EQ(client.read_response(true).header("Content-Length"), "8");
  EXPECT_EQ(client.read_response().body, "GET /a?b ");
}

TEST(HttpServerTest, NoContentHasNoLength) {
  ServerUnderTest server([](HttpExchange& exchange) -> Task<void> {
    exchange.respond(204, "", "");
    return done();
  });
  RawClient client = server.client();
  client.send(kGetQuery + kGetQuery);
  EXPECT_EQ(client.read_response().head, "HTTP/1.1 204 No Content");
  EXPECT_EQ(client.read_response().status, 204);
}

TEST(HttpServerTest, ClosesWhenAsked) {
  ServerUnderTest server(echo);
  for (const std::string wire :
       {"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"}) {
    RawClient client = server.client();
    client.send(wire + kGetQuery);
    EXPECT_EQ(client.read_response().header("Connection"), "close");
    EXPECT_TRUE(client.at_end());
  }
}

TEST(HttpServerTest, AnswersAClientThatSendsNoMore) {
  ServerUnderTest server(echo);
  RawClient client = server.client();
  client.send(kGetQuery);
  client.shutdown_send();
  EXPECT_EQ(client.read_response().body, "GET /a?b ");
  EXPECT_TRUE(client.at_end());
}

TEST(HttpServerTest, HundredContinue) {
  ServerUnderTest server(echo);
  RawClient client = server.client();
  const std::vector<std::pair<std::string, std::string>> cases = {{"Content-Length: 5\r\n", "hello"},
                                                                  {"Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"}};
  for (const auto& [framing, body] : cases) {
    client.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\n" + framing + "\r\n");
    EXPECT_EQ(client.read_response().head, "HTTP/1.1 100 Continue");
    client.send(body);
    EXPECT_EQ(client.read_response().body, "POST / hello");
  }
  client.send(post("hello", "Expect: 100-continue\r\n"));
  EXPECT_EQ(client.read_response().status, 200) << "nobody waits for the body that is there";
}

TEST(HttpServerTest, FailedHandlerIsAnInternalError) {
  ServerUnderTest server([](HttpExchange& exchange) -> Task<void> {
    if (exchange.path() == "/throw") throw std::runtime_error("secret");
    co_return;
  });
  RawClient client = server.client();
  for (const std::string path : {"/throw", "/silent"}) {
    client.send("GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n");
    const RawResponse response = client.read_response();
    EXPECT_EQ(response.status, 500);
    EXPECT_EQ(response.body, R"({"error":"internal error"})");
  }
}

TEST(HttpServerTest, SecondAnswerIsRefused) {
  std::promise<bool> second;
  auto taken = second.get_future();
  ServerUnderTest server([&](HttpExchange& exchange) -> Task<void> {
    exchange.respond(200, "", "one");
    second.set_value(exchange.respond(200, "", "two"));
    return done();
  });
  RawClient client = server.client();
  client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.read_response().body, "one");
  EXPECT_TRUE(client.at_end());
  EXPECT_FALSE(wait_for(taken));
}

TEST(HttpServerTest, ListenErrorsNameTheAddress) {
  ServerUnderTest server(echo);
  server.on_loop([&] {
    const auto taken = server.server().listen("127.0.0.1", server.port());
    ASSERT_FALSE(taken.has_value());
    EXPECT_EQ(taken.error().code, ErrorCode::io_error);
    EXPECT_EQ(taken.error().message, "cannot listen on 127.0.0.1:" + std::to_string(server.port()) + ": address already in use");
    EXPECT_FALSE(taken.error().remedy.empty());
    const auto bad = server.server().listen("nowhere.example", 0);
    ASSERT_FALSE(bad.has_value());
    EXPECT_EQ(bad.error().message, "cannot listen on \"nowhere.example\": not an address");
    const auto other = server.server().listen("192.0.2.1", 0);
    ASSERT_FALSE(other.has_value());
    EXPECT_NE(other.error().message.find("192.0.2.1"), std::string::npos);
  });
}

TEST(HttpServerTest, ListensOnLocalhostToo) {
  ServerUnderTest server(echo);
  std::uint16_t port = 0;
  server.on_loop([&] { port = server.server().listen("localhost", 0).value_or(0); });
  RawClient client = RawClient::to(port);
  client.send(kGetQuery);
  EXPECT_EQ(client.read_response().status, 200);
}

TEST(HttpServerTest, StopAcceptingLeavesConnectionsAlone) {
  ServerUnderTest server(echo);
  RawClient client = server.client();
  client.send(kGetQuery);
  EXPECT_EQ(client.read_response().status, 200);
  server.on_loop([&] { server.server().stop_accepting(); });
  EXPECT_THROW(server.client(), std::system_error);
  client.send(kGetQuery);
  EXPECT_EQ(client.read_response().status, 200);
}

/// Ports of 127.0.0.1 that this socket is bound to, 0 for what is no socket.
std::uint16_t local_port(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0 || address.sin_family != AF_INET) return 0;
  return ntohs(address.sin_port);
}

TEST(HttpServerTest, SocketsAreNotInherited) {
  ServerUnderTest server(echo);
  RawClient client = server.client();
  client.send(kGetQuery);
  EXPECT_EQ(client.read_response().status, 200);
  int sockets = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const int fd = std::stoi(entry.path().filename());
    if (local_port(fd) != server.port()) continue;
    ++sockets;
    EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  }
  EXPECT_EQ(sockets, 2) << "the listening one and the client's";
}

TEST(HttpServerTest, FullServerLetsTheNextClientWait) {
  HttpServerOptions options;
  options.max_connections = 2;
  ServerUnderTest server(echo, options);
  RawClient one = server.client();
  RawClient two = server.client();
  RawClient three = server.client();
  three.send(kGetQuery);
  for (RawClient* client : {&one, &two}) {
    client->send(kGetQuery);
    EXPECT_EQ(client->read_response().status, 200);
  }
  EXPECT_EQ(server.connections(), 2U);
  one.close();
  EXPECT_EQ(three.read_response().status, 200);
}

/// Greets whoever asks for "/me" like somebody it knows.
Task<void> greet(HttpExchange& exchange) {
  if (exchange.path() == "/me") exchange.recognise();
  exchange.respond(200, "text/plain", "hello");
  return done();
}

TEST(HttpServerTest, AStrangersConnectionMakesRoomForAnother) {
  ServerUnderTest server(greet, {.max_connections = 3, .wary = true});
  RawClient stranger = server.client(), known = server.client(), asking = server.client();
  known.send("GET /me HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(known.read_response().status, 200);
  asking.send(kGet);
  EXPECT_EQ(asking.read_response().status, 200);
  RawClient next = server.client();
  next.send("GET /me HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(next.read_response().status, 200);
  EXPECT_EQ(stranger.read_to_end(), "");
  RawClient last = server.client();
  last.send(kGet);
  EXPECT_EQ(last.read_response().status, 200);
  EXPECT_EQ(asking.read_to_end(), "");
  known.send(kGet);
  EXPECT_EQ(known.read_response().status, 200);
}

TEST(HttpServerTest, AStrangersConnectionIsNotIdleForLong) {
  ServerUnderTest server(greet, {.head_timeout = std::chrono::milliseconds(50), .wary = true});
  RawClient stranger = server.client(), known = server.client();
  known.send("GET /me HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(known.read_response().status, 200);
  stranger.send(kGet);
  EXPECT_EQ(stranger.read_response().status, 200);
  EXPECT_EQ(stranger.read_to_end(), "");
  known.send(kGet);
  EXPECT_EQ(known.read_response().status, 200);
}

TEST(HttpServerTest, SurvivesALackOfDescriptors) {
  ServerUnderTest server(echo);
  RawClient client;
  {
    const DescriptorLimit none;
    client.connect(server.port());
    client.send(kGetQuery);
    EXPECT_EQ(server.connections(), 0U);
    EXPECT_EQ(server.connections(), 0U);
  }
  EXPECT_EQ(client.read_response().status, 200);
}

TEST(HttpServerTest, ManyClientsComeAndGo) {
  ServerUnderTest server(echo);
  for (int round = 0; round < 20; ++round) {
    std::vector<RawClient> clients;
    for (int i = 0; i < 20; ++i) {
      clients.push_back(server.client());
      clients.back().send(kGetQuery);
    }
    for (int i = 0; i < 20; ++i) {
      if (i % 3 == 0) {
        clients[static_cast<std::size_t>(i)].reset();
      } else {
        EXPECT_EQ(clients[static_cast<std::size_t>(i)].read_response().status, 200);
      }
    }
  }
}

}  // namespace
}  // namespace mcp
