// What the client asks of its sockets, and what it does where it gets none.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/post.hpp>
#include <gmock/gmock.h>

#include "tests/mcp/http/http_client_test.h"
#include "tests/support/descriptor_limit.h"

namespace mcp {
namespace {

using testing::HasSubstr;

/// A descriptor of this process that is connected to that port; -1 where there is none.
int connected_to(std::uint16_t port) {
  for (int descriptor = 0; descriptor < 1024; ++descriptor) {
    sockaddr_in peer = {};
    socklen_t size = sizeof peer;
    if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &size) != 0) continue;
    if (peer.sin_family == AF_INET && ntohs(peer.sin_port) == port) return descriptor;
  }
  return -1;
}

int option_of(int descriptor, int level, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  EXPECT_EQ(::getsockopt(descriptor, level, option, &value, &size), 0);
  return value;
}

TEST_F(HttpClientTest, NoticesAPeerThatVanishes) {
  ScriptedServer server([](ScriptedServer::Peer& peer) {
    while (!peer.request().empty())
      peer.send(http_answer(200, "", ""));
  });
  auto http = client(server.url());
  ASSERT_TRUE(post(*http));
  const int descriptor = connected_to(server.port());
  ASSERT_GE(descriptor, 0);
  EXPECT_EQ(option_of(descriptor, SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(option_of(descriptor, IPPROTO_TCP, TCP_KEEPIDLE), 30);
  EXPECT_EQ(option_of(descriptor, IPPROTO_TCP, TCP_KEEPINTVL), 10);
  EXPECT_EQ(option_of(descriptor, IPPROTO_TCP, TCP_KEEPCNT), 3);
  EXPECT_EQ(option_of(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT), 45'000);
  EXPECT_EQ(option_of(descriptor, IPPROTO_TCP, TCP_NODELAY), 1);
}

TEST_F(HttpClientTest, NoSocketLeftIsNotTheServersFault) {
  auto http = client("http://localhost:1/");
  const DescriptorLimit none;
  const auto answer = post(*http);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::overloaded);
  EXPECT_THAT(answer.error().message, HasSubstr("Too many open files"));
}

TEST_F(HttpClientTest, AFloodLeavesTheLoopToOthers) {
  const std::string wire = http_answer(200, "", std::string(std::size_t{60} << 20, 'x'));
  ScriptedServer server([&](ScriptedServer::Peer& peer) {
    peer.request();
    peer.send(wire);
    peer.wait_for_end();
  });
  auto http = client(server.url());
  Cancellation cancellation;
  const auto read = [&]() -> Task<Result<std::string>> {
    HttpClientRequest request{"GET", "", {}, ""};
    auto response = co_await http->send(request, cancellation);
    if (!response) co_return std::unexpected(response.error());
    boost::asio::post(loop_, [&] { cancellation.request({ErrorCode::cancelled, "enough"}); });
    co_return co_await (*response)->read_all(cancellation);
  };
  const auto body = run_task(loop_, read());
  ASSERT_FALSE(body);
  EXPECT_EQ(body.error().message, "enough");
}

}  // namespace
}  // namespace mcp
