#include "oauth/http_client.h"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "mcp/http/resolver.h"
#include "mcp/http/timed_cancellation.h"
#include "tests/support/run_task.h"
#include "tests/support/scripted_server.h"

namespace oauth {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class HttpClientTest : public testing::Test {
 protected:
  mcp::Result<HttpAnswer> ask(Http& http, const std::string& url, const std::string& method = "GET", const std::string& body = "") {
    HttpRequest request;
    request.method = method;
    request.url = url;
    request.body = body;
    request.headers = {{"X-Test", "here"}};
    return mcp::run_task(loop, http.send(std::move(request), cancellation));
  }

  std::shared_ptr<Http> http_for(const std::string& server, bool private_addresses = false) {
    return make_http(loop.get_executor(), {.server_url = server, .private_addresses = private_addresses}, {});
  }

  boost::asio::io_context loop;
  mcp::Cancellation cancellation;
};

TEST_F(HttpClientTest, TheEntrysHeadersGoToTheServerAlone) {
  std::string own, other;
  mcp::ScriptedServer server([&own](mcp::ScriptedServer::Peer& peer) {
    own = peer.request();
    peer.send(mcp::http_answer(200, "application/json", "{}"));
  });
  mcp::ScriptedServer elsewhere([&other](mcp::ScriptedServer::Peer& peer) {
    other = peer.request();
    peer.send(mcp::http_answer(200, "application/json", "{}"));
  });
  const auto http = make_http(loop.get_executor(),
                              {.server_url = server.url(),
                               .server_headers = {{"X-Tenant", "seven"}, {"x-test", "not this"}, {"authorization", "nor this"}}},
                              {});
  ASSERT_TRUE(ask(*http, server.url() + "/.well-known/x"));
  ASSERT_TRUE(ask(*http, elsewhere.url() + "/token"));
  EXPECT_THAT(
      own, AllOf(HasSubstr("X-Tenant: seven"), HasSubstr("X-Test: here"), Not(HasSubstr("not this")), Not(HasSubstr("nor this"))));
  EXPECT_THAT(other, Not(HasSubstr("seven")));
}

TEST_F(HttpClientTest, ARequestAndItsWholeAnswer) {
  std::vector<std::string> requests;
  mcp::ScriptedServer server([&requests](mcp::ScriptedServer::Peer& peer) {
    for (std::string request = peer.request(); !request.empty(); request = peer.request()) {
      requests.push_back(request);
      peer.send(mcp::http_answer(401,
                                 "application/json",
                                 "{\"a\":1}",
                                 "WWW-Authenticate: Bearer a=b\r\nWWW-Authenticate: Basic\r\nLocation: /x\r\nRetry-After: 7\r\n"));
    }
  });
  const auto http = http_for(server.url());
  const std::string url = server.url() + "/token?x=1";
  auto answer = ask(*http, url, "POST", "a=b");
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->status, 401);
  EXPECT_EQ(answer->body, "{\"a\":1}");
  EXPECT_EQ(answer->content_type, "application/json");
  EXPECT_EQ(answer->challenge, "Bearer a=b, Basic");
  EXPECT_EQ(answer->location, "/x");
  EXPECT_EQ(answer->retry_after, "7");
  ASSERT_TRUE(ask(*http, url));
  EXPECT_EQ(server.connections(), 1) << "the connection is kept";
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_THAT(
      requests[0],
      AllOf(StartsWith("POST /mcp/token?x=1 HTTP/1.1\r\n"), HasSubstr("X-Test: here\r\n"), testing::EndsWith("\r\n\r\na=b")));
}

TEST_F(HttpClientTest, AnAnswerHasAnEnd) {
  mcp::ScriptedServer server([](mcp::ScriptedServer::Peer& peer) {
    static_cast<void>(peer.request());
    peer.send(mcp::http_answer(200, "application/json", std::string(std::size_t{2} << 20, 'x')));
  });
  EXPECT_EQ(ask(*http_for(server.url()), server.url()).error().code, mcp::ErrorCode::too_large);
}

TEST_F(HttpClientTest, AStreamThatHasNoEndIsAnAnswer) {
  mcp::ScriptedServer server([](mcp::ScriptedServer::Peer& peer) {
    static_cast<void>(peer.request());
    peer.send("HTTP/1.1 200 OK\r\nContent-Type: Text/Event-Stream; charset=utf-8\r\n\r\ndata: {}\n\n");
    peer.wait_for_end();
  });
  const auto answer = ask(*http_for(server.url()), server.url(), "POST", "{}");
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "");
}

TEST_F(HttpClientTest, SilenceEndsWithTheCancellation) {
  mcp::ScriptedServer server([](mcp::ScriptedServer::Peer& peer) {
    static_cast<void>(peer.request());
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    peer.wait_for_end();
  });
  mcp::Error slow{mcp::ErrorCode::timeout, "too slow", {}, {}};
  mcp::TimedCancellation limit(loop.get_executor(), nullptr, mcp::Clock::now() + std::chrono::milliseconds(50), std::move(slow));
  HttpRequest request;
  request.url = server.url();
  const auto http = http_for(server.url());
  EXPECT_EQ(mcp::run_task(loop, http->send(std::move(request), limit.get())).error().code, mcp::ErrorCode::timeout);
}

TEST_F(HttpClientTest, AServerOnTheInternetLeadsToNothingInside) {
  mcp::ScriptedServer server([](mcp::ScriptedServer::Peer& peer) { peer.wait_for_end(); });
  const auto http = http_for("https://mcp.example.com/mcp");
  const std::string port = server.url().substr(std::string("http://127.0.0.1").size());
  const std::vector<std::string> inside = {server.url(),
                                           "http://localhost" + port,
                                           "https://127.0.0.1" + port,
                                           "http://[::1]" + port,
                                           "https://[::ffff:127.0.0.1]" + port,
                                           "https://10.0.0.1/x",
                                           "https://192.168.1.1/",
                                           "https://172.31.255.1/",
                                           "https://169.254.169.254/latest/meta-data?key=secret",
                                           "https://100.64.0.1/",
                                           "https://0.0.0.0/",
                                           "https://[fd00::1]/",
                                           "https://[fe80::1]/",
                                           "https://as.localhost/",
                                           "https://localhost./",
                                           "https://[64:ff9b::a00:1]/",
                                           "https://[2002:a00:1::]/"};
  for (const std::string& url : inside) {
    const auto answer = ask(*http, url);
    ASSERT_FALSE(answer) << url;
    EXPECT_EQ(answer.error().code, mcp::ErrorCode::config_invalid) << url;
    EXPECT_THAT(answer.error().message, Not(HasSubstr("secret")));
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(HttpClientTest, BeyondLoopbackEverythingIsHttps) {
  for (const char* server : {"https://mcp.example.com/mcp", "http://127.0.0.1:1/mcp"}) {
    const auto answer = ask(*http_for(server, true), "http://as.example.com/token");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, mcp::ErrorCode::config_invalid);
    EXPECT_THAT(answer.error().message, HasSubstr("not https"));
  }
}

TEST_F(HttpClientTest, WhatTheUserAllowsIsAsked) {
  mcp::ScriptedServer server([](mcp::ScriptedServer::Peer& peer) {
    for (std::string request = peer.request(); !request.empty(); request = peer.request())
      peer.send(mcp::http_answer(200, "application/json", "{}"));
  });
  EXPECT_TRUE(ask(*http_for("https://mcp.example.com/mcp", true), server.url()));
  EXPECT_TRUE(ask(*http_for("http://localhost:1/mcp"), server.url())) << "a server on this machine may lead to this machine";
  EXPECT_TRUE(ask(*http_for(server.url()), server.url()));
}

TEST_F(HttpClientTest, ANameThatLeadsInsideIsOutOfBounds) {
  mcp::ScriptedServer server([](mcp::ScriptedServer::Peer& peer) { peer.wait_for_end(); });
  mcp::HttpClientOptions options;
  options.resolver = std::make_shared<mcp::Resolver>([](const std::string&) {
    return mcp::Result<std::vector<boost::asio::ip::address>>({boost::asio::ip::make_address("127.0.0.1")});
  });
  const std::string port = std::to_string(mcp::Url::parse(server.url())->port);
  const auto http = make_http(loop.get_executor(), {.server_url = "https://mcp.example.com/mcp"}, options);
  const auto answer = ask(*http, "https://as.example.com:" + port + "/");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, mcp::ErrorCode::config_invalid);
  EXPECT_EQ(server.connections(), 0);
  // The server's own name may lead wherever the user has it.
  const auto own = make_http(loop.get_executor(), {.server_url = "http://mcp.example.com:" + port + "/mcp"}, options);
  HttpRequest request;
  request.url = "http://mcp.example.com:" + port + "/x";
  mcp::TimedCancellation limit(
      loop.get_executor(), nullptr, mcp::Clock::now() + std::chrono::milliseconds(50), {mcp::ErrorCode::timeout, "", {}, {}});
  EXPECT_EQ(mcp::run_task(loop, own->send(std::move(request), limit.get())).error().code, mcp::ErrorCode::timeout);
  EXPECT_EQ(server.connections(), 1);
}

}  // namespace
}  // namespace oauth
