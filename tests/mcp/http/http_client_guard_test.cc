// Which addresses may be connected to.
#include <gmock/gmock.h>

#include "mcp/http/address_rules.h"
#include "mcp/http/proxy_settings.h"
#include "mcp/http/resolver.h"
#include "tests/mcp/http/http_client_test.h"

namespace mcp {
namespace {

using boost::asio::ip::make_address;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class HttpClientGuardTest : public HttpClientTest {
 protected:
  HttpClientGuardTest()
      : server_([](ScriptedServer::Peer& peer) {
          while (!peer.request().empty())
            peer.send(http_answer(200, "", "hello"));
        }) {
    options_.allows = is_public_address;
  }

  std::string port() const { return std::to_string(server_.port()); }

  /// Every name leads to these.
  void resolve_to(std::vector<std::string> addresses) {
    options_.resolver = std::make_shared<Resolver>([addresses = std::move(addresses)](const std::string&) {
      std::vector<boost::asio::ip::address> out;
      for (const auto& each : addresses)
        out.push_back(make_address(each));
      return Result<std::vector<boost::asio::ip::address>>(out);
    });
  }

  void expect_refused(const std::string& url, const std::string& host) {
    SCOPED_TRACE(url);
    const auto http = client(url);
    const auto answer = post(*http);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::connect_failed);
    EXPECT_THAT(answer.error().message, HasSubstr("the host " + host + " leads to a private address"));
    EXPECT_FALSE(answer.error().remedy.empty());
    EXPECT_EQ(server_.connections(), 0);
  }

  ScriptedServer server_;
};

TEST_F(HttpClientGuardTest, AnAddressThatIsNotAllowedIsNotConnectedTo) {
  expect_refused("http://127.0.0.1:" + port() + "/", "127.0.0.1");
  expect_refused("http://[::ffff:127.0.0.1]:" + port() + "/", "::ffff:127.0.0.1");
  expect_refused("http://localhost:" + port() + "/", "localhost");
  resolve_to({"127.0.0.1", "10.0.0.1", "::1", "fd00::1"});
  expect_refused("http://rebound.example.test:" + port() + "/", "rebound.example.test");
}

TEST_F(HttpClientGuardTest, TheAddressesThatAreAllowedAreTheOnesConnectedTo) {
  resolve_to({"127.0.0.2", "127.0.0.1", "10.0.0.1"});
  std::vector<std::string> asked;
  options_.allows = [&asked](const boost::asio::ip::address& address) {
    asked.push_back(address.to_string());
    return address == make_address("127.0.0.1");
  };
  const auto http = client("http://mcp.example.test:" + port() + "/");
  ASSERT_TRUE(post(*http));
  EXPECT_THAT(asked, ElementsAre("127.0.0.2", "127.0.0.1", "10.0.0.1"));
  ASSERT_TRUE(post(*http));
  EXPECT_THAT(asked, SizeIs(3)) << "a connection that is kept leads where it did";
}

TEST_F(HttpClientGuardTest, BehindAProxyTheNameHasToTell) {
  const std::string proxy = "http://127.0.0.1:" + port();
  options_.proxy = std::make_shared<ProxySettings>(
      [proxy](std::string_view name) { return name == "ALL_PROXY" ? std::optional(proxy) : std::nullopt; });
  for (const auto* host : {"10.0.0.1", "169.254.169.254", "metadata.google.internal", "printer.local", "intranet"})
    expect_refused(std::string("http://") + host + "/", host);
  expect_refused("http://[fd00::1]/", "fd00::1");
  expect_refused("https://192.168.1.1/", "192.168.1.1");
  // The proxy's own address is whatever it is.
  const auto http = client("http://mcp.example.test/");
  ASSERT_TRUE(post(*http));
  options_.allows = [](const boost::asio::ip::address& address) { return address == make_address("10.0.0.1"); };
  const auto allowed = client("http://10.0.0.1/");
  EXPECT_TRUE(post(*allowed));
}

}  // namespace
}  // namespace mcp
