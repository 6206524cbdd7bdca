// Requests that go through an HTTP proxy.
#include <gmock/gmock.h>
#include <mutex>
#include <vector>

#include "mcp/http/proxy_settings.h"
#include "mcp/http/resolver.h"
#include "tests/mcp/http/http_client_test.h"
#include "tests/support/certificates.h"
#include "tests/support/temp_folder.h"

namespace mcp {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;
using Peer = ScriptedServer::Peer;

constexpr const char* kEstablished = "HTTP/1.1 200 Connection established\r\n\r\n";

/// Lines that several threads write down.
class Notes {
 public:
  void add(std::string text) {
    const std::lock_guard lock(mutex_);
    texts_.push_back(std::move(text));
  }

  std::vector<std::string> all() const {
    const std::lock_guard lock(mutex_);
    return texts_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> texts_;
};

class HttpClientProxyTest : public HttpClientTest {
 protected:
  HttpClientProxyTest() {
    options_.ca_file = folder_.write("ca.pem", authority_.pem());
    options_.resolver =
        std::make_shared<Resolver>([this](const std::string& host) -> Result<std::vector<boost::asio::ip::address>> {
          looked_up_.add(host);
          return fail(
              ErrorCode::connect_failed, "the host name " + host + " cannot be resolved.", "Check the spelling in \"url\".");
        });
  }

  /// The server behind the proxy, over TLS or not.
  std::unique_ptr<ScriptedServer> server(ssl_ctx_st* tls) {
    return std::make_unique<ScriptedServer>(
        [this](Peer& peer) {
          for (auto request = peer.request(); !request.empty(); request = peer.request()) {
            served_.add(request);
            peer.send(http_answer(200, "text/plain", "hello"));
          }
        },
        tls);
  }

  /// A proxy that leads everywhere to that port of this machine.
  std::unique_ptr<ScriptedServer> proxy_to(std::uint16_t port) {
    return std::make_unique<ScriptedServer>([this, port](Peer& peer) {
      const auto request = peer.request();
      asked_.add(request);
      if (request.starts_with("CONNECT ")) {
        if (peer.send(kEstablished)) peer.pass_on_to(port);
      } else {
        peer.pass_on_to(port, request);
      }
    });
  }

  /// All requests go to the proxy at this port from now on.
  void use(std::uint16_t port, const std::string& user = "") {
    set({{"ALL_PROXY", "http://" + user + "127.0.0.1:" + std::to_string(port)}});
  }

  void set(std::vector<std::pair<std::string, std::string>> values) {
    options_.proxy = std::make_shared<ProxySettings>([values = std::move(values)](std::string_view name) {
      std::optional<std::string> found;
      for (const auto& [each, value] : values) {
        if (each == name) found = value;
      }
      return found;
    });
  }

  /// What comes of a request to an https server behind a proxy that plays this.
  Error error_with(const ScriptedServer::Script& play, const std::string& user = "") {
    ScriptedServer proxy([&](Peer& peer) {
      asked_.add(peer.request());
      play(peer);
    });
    use(proxy.port(), user);
    const auto http = client("https://mcp.example.test/mcp");
    const auto answer = post(*http);
    EXPECT_FALSE(answer);
    const Error error = answer ? Error{} : answer.error();
    EXPECT_THAT(error.message, HasSubstr("proxy http://127.0.0.1:" + std::to_string(proxy.port())));
    EXPECT_THAT(error.message, HasSubstr("https://mcp.example.test"));
    EXPECT_THAT(error.text(), Not(HasSubstr("hush")));
    return error;
  }

  TempFolder folder_;
  TestAuthority authority_;
  Notes asked_, served_, looked_up_;
};

TEST_F(HttpClientProxyTest, HttpsGoesThroughATunnel) {
  const auto behind = server(authority_.server({"x", "DNS:mcp.example.test"}));
  const auto proxy = proxy_to(behind->port());
  use(proxy->port(), "ana:hush@");
  const auto http = client("https://mcp.example.test/mcp?key=1");
  for (int i = 0; i < 2; ++i) {
    const auto answer = post(*http);
    ASSERT_TRUE(answer) << answer.error().text();
    EXPECT_EQ(answer->body, "hello");
  }
  ASSERT_THAT(asked_.all(), SizeIs(1));
  EXPECT_THAT(asked_.all()[0],
              AllOf(StartsWith("CONNECT mcp.example.test:443 HTTP/1.1\r\nHost: mcp.example.test:443\r\n"),
                    HasSubstr("\r\nProxy-Authorization: Basic YW5hOmh1c2g=\r\n"),
                    Not(HasSubstr("key=1"))));
  ASSERT_THAT(served_.all(), SizeIs(2));
  EXPECT_THAT(served_.all()[0], StartsWith("POST /mcp?key=1 HTTP/1.1\r\nHost: mcp.example.test\r\n"));
  EXPECT_THAT(served_.all()[0], Not(HasSubstr("Proxy")));
  EXPECT_THAT(looked_up_.all(), IsEmpty());
}

TEST_F(HttpClientProxyTest, TheCertificateIsThatOfTheServerBehind) {
  const auto behind = server(authority_.server({"x", "DNS:other.example.test"}));
  const auto proxy = proxy_to(behind->port());
  use(proxy->port());
  const auto http = client("https://mcp.example.test/");
  const auto answer = post(*http);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::tls_failed);
  options_.ca_file.clear();
  const auto without_authority = client("https://other.example.test/");
  EXPECT_EQ(post(*without_authority).error().code, ErrorCode::tls_failed);
  EXPECT_THAT(served_.all(), IsEmpty());
}

TEST_F(HttpClientProxyTest, AnAddressIsWrittenAsOne) {
  const auto behind = server(authority_.server({"x", "IP:2001:db8::1"}));
  const auto proxy = proxy_to(behind->port());
  use(proxy->port());
  const auto http = client("https://[2001:db8::1]:8443/");
  ASSERT_TRUE(post(*http));
  EXPECT_THAT(asked_.all()[0], StartsWith("CONNECT [2001:db8::1]:8443 HTTP/1.1\r\nHost: [2001:db8::1]:8443\r\n"));
}

TEST_F(HttpClientProxyTest, HttpIsPassedOn) {
  const auto behind = server(nullptr);
  const auto proxy = proxy_to(behind->port());
  use(proxy->port(), "ana:hush@");
  const auto http = client("http://mcp.example.test:8080/mcp");
  for (int i = 0; i < 2; ++i) {
    const auto answer = post(*http);
    ASSERT_TRUE(answer) << answer.error().text();
    EXPECT_EQ(answer->body, "hello");
  }
  ASSERT_THAT(served_.all(), SizeIs(2));
  for (const auto& each : served_.all()) {
    EXPECT_THAT(each, StartsWith("POST http://mcp.example.test:8080/mcp HTTP/1.1\r\nHost: mcp.example.test:8080\r\n"));
    EXPECT_THAT(each, HasSubstr("\r\nProxy-Authorization: Basic YW5hOmh1c2g=\r\n"));
  }
  EXPECT_EQ(proxy->connections(), 1);
  EXPECT_THAT(looked_up_.all(), IsEmpty());
}

TEST_F(HttpClientProxyTest, WhatIsExceptedIsReachedDirectly) {
  const auto here = server(nullptr);
  set({{"ALL_PROXY", "http://127.0.0.1:1"}});
  const auto http = client(here->url());
  ASSERT_TRUE(post(*http));
  EXPECT_THAT(served_.all()[0], StartsWith("POST /mcp HTTP/1.1\r\n"));
  set({{"ALL_PROXY", "http://127.0.0.1:1"}, {"NO_PROXY", "direct.example.test"}});
  const auto excepted = client("http://direct.example.test/");
  EXPECT_THAT(post(*excepted).error().message, StartsWith("the host name direct.example.test cannot"));
}

TEST_F(HttpClientProxyTest, AProxyThatRefusesIsNamed) {
  const struct {
    const char *answer, *user, *message, *remedy;
  } cases[] = {
      {"407 Proxy Authentication Required", "", "wants a user name and a password (HTTP 407)", "ALL_PROXY: http://USER:PASSWORD@"},
      {"407 No", "ana:hush@", "refuses the user name and the password in ALL_PROXY (HTTP 407)", "Correct"},
      {"403 Forbidden", "", "does not lead to https://mcp.example.test (HTTP 403)", "NO_PROXY"},
      {"502 Bad Gateway", "", "(HTTP 502)", "NO_PROXY"},
      {"301 Moved\r\nLocation: http://evil.test/", "", "(HTTP 301)", "NO_PROXY"},
  };
  for (const auto& [answer, user, message, remedy] : cases) {
    SCOPED_TRACE(answer);
    const auto error = error_with(
        [&](Peer& peer) { peer.send(std::string("HTTP/1.1 ") + answer + "\r\nContent-Length: 5\r\n\r\nsorry", 1); }, user);
    EXPECT_EQ(error.code, ErrorCode::connect_failed);
    EXPECT_THAT(error.message, HasSubstr(message));
    EXPECT_THAT(error.remedy, HasSubstr(remedy));
  }
}

TEST_F(HttpClientProxyTest, AProxyThatIsNoneIsNamed) {
  std::string interim;
  for (int i = 0; i < 100; ++i)
    interim += "HTTP/1.1 103 Wait\r\n\r\n";
  const std::pair<std::string, const char*> cases[] = {
      {"SSH-2.0-OpenSSH\r\n\r\n", "does not answer in HTTP/1.1"},
      {"\x15\x03\x01", "closed the connection"},
      {"", "closed the connection"},
      {"HTTP/1.1 200 OK\r\nX: ", "closed the connection"},
      {std::string(kEstablished) + "220 smtp.example.test\r\n", "sends more than its answer"},
      {"HTTP/1.1 200 OK\r\nX: " + std::string(50'000, 'x'), "says too much"},
      {interim, "says too much"},
  };
  for (const auto& [answer, why] : cases) {
    SCOPED_TRACE(answer.substr(0, 60));
    const auto error = error_with([&text = answer](Peer& peer) {
      peer.send(text);
      peer.end();
      peer.wait_for_end();
    });
    EXPECT_EQ(error.code, ErrorCode::connect_failed);
    EXPECT_THAT(error.message, HasSubstr(why));
    EXPECT_THAT(error.remedy, HasSubstr("ALL_PROXY"));
  }
}

TEST_F(HttpClientProxyTest, AnAnswerInPiecesBehindOthersIsUnderstood) {
  const auto behind = server(authority_.server({"x", "DNS:mcp.example.test"}));
  ScriptedServer proxy([&](Peer& peer) {
    peer.request();
    peer.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\nContent-Length: 0\r\nVia: x\r\n\r\n", 1);
    peer.pass_on_to(behind->port());
  });
  use(proxy.port());
  const auto http = client("https://mcp.example.test/");
  const auto answer = post(*http);
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->body, "hello");
}

TEST_F(HttpClientProxyTest, ALoginThatTheProxyWantsIsNotTheServers) {
  ScriptedServer proxy([](Peer& peer) {
    while (!peer.request().empty())
      peer.send(http_answer(407, "text/html", "<html>", "Proxy-Authenticate: Basic\r\n"));
  });
  use(proxy.port());
  const auto http = client("http://mcp.example.test/mcp");
  const auto answer = post(*http);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::connect_failed);
  EXPECT_THAT(answer.error().message, HasSubstr("wants a user name and a password (HTTP 407)"));
}

TEST_F(HttpClientProxyTest, AProxyThatDoesNotAnswerIsNotWaitedForForever) {
  options_.connect_timeout = std::chrono::milliseconds(50);
  const auto error = error_with([](Peer& peer) { peer.wait_for_end(); });
  EXPECT_EQ(error.code, ErrorCode::connect_failed);
  EXPECT_THAT(error.message, HasSubstr("within 50 ms"));
  EXPECT_THAT(error.remedy, HasSubstr("ALL_PROXY"));
}

TEST_F(HttpClientProxyTest, CancellationEndsTheWaitForTheProxy) {
  ScriptedServer proxy([this](Peer& peer) {
    peer.request();
    boost::asio::post(loop_, [this] { cancellation_.request({ErrorCode::cancelled, "enough"}); });
    peer.wait_for_end();
  });
  use(proxy.port());
  const auto http = client("https://mcp.example.test/");
  EXPECT_EQ(post(*http).error().code, ErrorCode::cancelled);
}

TEST_F(HttpClientProxyTest, AProxyThatIsNotThereIsNamed) {
  set({{"HTTPS_PROXY", "http://ana:hush@127.0.0.1:1"}, {"http_proxy", "http://ana:hush@proxy.example.test:3128"}});
  const auto https = client("https://mcp.example.test/");
  const auto refused = post(*https).error();
  EXPECT_EQ(refused.code, ErrorCode::connect_failed);
  EXPECT_THAT(refused.message,
              StartsWith("cannot connect to the proxy http://127.0.0.1:1, which leads to https://mcp.example.test (127.0.0.1:1: "));
  EXPECT_THAT(refused.remedy, HasSubstr("HTTPS_PROXY"));
  const auto http = client("http://mcp.example.test/");
  const auto unknown = post(*http).error();
  EXPECT_EQ(unknown.code, ErrorCode::connect_failed);
  EXPECT_THAT(unknown.message, StartsWith("the proxy that leads to http://mcp.example.test cannot be found: the host name proxy."));
  EXPECT_THAT(unknown.remedy, HasSubstr("http_proxy"));
  EXPECT_THAT(refused.text() + unknown.text(), Not(HasSubstr("hush")));
}

TEST_F(HttpClientProxyTest, AVariableThatNamesNoProxyIsSaid) {
  set({{"ALL_PROXY", "socks5://ana:hush@127.0.0.1:1"}});
  const auto http = client("https://mcp.example.test/");
  const auto error = post(*http).error();
  EXPECT_EQ(error.code, ErrorCode::config_invalid);
  EXPECT_THAT(error.message, HasSubstr("ALL_PROXY"));
  EXPECT_THAT(error.text(), Not(HasSubstr("hush")));
}

}  // namespace
}  // namespace mcp
