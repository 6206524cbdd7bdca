#include "gateway/admin/admin_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tests/gateway/admin/fake_source.h"
#include "tests/gateway/admin/raw_connection.h"

namespace gateway {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kAuthorized = "Host: 127.0.0.1\r\nAuthorization: Bearer 0123456789abcdef\r\n";

class AdminServerTest : public testing::Test {
 protected:
  AdminServerTest() {
    auto started = start_admin_server({"127.0.0.1", 0}, kToken, source_);
    EXPECT_TRUE(started) << started.error().text();
    server_ = std::move(*started);
  }

  std::string ask(const std::string& line, const std::string& headers) const {
    return ask_raw(server_->port(), line + " HTTP/1.1\r\n" + headers + "\r\n");
  }

  std::string get(const std::string& target, const std::string& headers = kAuthorized) const {
    return ask("GET " + target, headers);
  }

  static std::string body(const std::string& answer) {
    const auto end = answer.find("\r\n\r\n");
    return end == std::string::npos ? "" : answer.substr(end + 4);
  }

  static std::string reason(const std::string& answer) { return json::parse(body(answer)).at("error").at("reason"); }

  FakeSource source_;
  std::unique_ptr<AdminServer> server_;
};

TEST_F(AdminServerTest, AnswersEveryRoute) {
  const std::string servers = get("/api/v1/servers");
  EXPECT_THAT(servers, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(servers, HasSubstr("Content-Type: application/json; charset=utf-8\r\n"));
  EXPECT_THAT(servers, HasSubstr("Connection: close\r\n"));
  EXPECT_EQ(json::parse(body(servers)).at("servers").at(0).at("name"), "files");
  EXPECT_EQ(json::parse(body(get("/api/v1/tools"))).at("tools").size(), 2U);
  EXPECT_EQ(json::parse(body(get("/api/v1/tools?profile=coding&server=files"))).at("tools").size(), 1U);
  EXPECT_EQ(json::parse(body(get("/api/v1/openapi.json"))).at("openapi"), "3.1.0");
  EXPECT_THAT(get("/metrics"), HasSubstr("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  EXPECT_THAT(body(get("/metrics")), StartsWith("# HELP switchyard_info"));
  EXPECT_THAT(body(get("/")), HasSubstr("/api/v1/"));
}

TEST_F(AdminServerTest, OnlyHealthIsOpen) {
  const std::string host = "Host: localhost\r\n";
  EXPECT_EQ(body(get("/healthz", host)), "ok\n");
  EXPECT_THAT(get("/readyz", host), StartsWith("HTTP/1.1 503 "));
  EXPECT_EQ(body(get("/readyz", host)), "not ready: linear (backing_off)\n");
  source_.answer.ready = true;
  EXPECT_THAT(get("/readyz", host), StartsWith("HTTP/1.1 200 "));
  for (const char* path : {"/", "/metrics", "/api/v1/servers", "/api/v1/tools", "/api/v1/openapi.json", "/nowhere"}) {
    const std::string answer = get(path, host);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 401 ")) << path;
    EXPECT_THAT(answer, HasSubstr("WWW-Authenticate: Bearer")) << path;
    EXPECT_EQ(reason(answer), "unauthorized") << path;
  }
}

TEST_F(AdminServerTest, WrongTokensAreRefused) {
  for (const char* value : {"Bearer 0123456789abcdeF",
                            "Bearer 0123456789abcde",
                            "Bearer 0123456789abcdef0",
                            "Bearer ",
                            "0123456789abcdef",
                            "Basic 0123456789abcdef"}) {
    const std::string headers = std::string("Host: localhost\r\nAuthorization: ") + value + "\r\n";
    EXPECT_THAT(get("/api/v1/servers", headers), StartsWith("HTTP/1.1 401 ")) << value;
  }
}

TEST_F(AdminServerTest, TheSchemeHasNoCase) {
  for (const char* scheme : {"bearer", "BEARER"}) {
    const std::string headers = std::string("Host: localhost\r\nAuthorization: ") + scheme + " 0123456789abcdef\r\n";
    EXPECT_THAT(get("/api/v1/servers", headers), StartsWith("HTTP/1.1 200 ")) << scheme;
  }
}

TEST_F(AdminServerTest, ForeignHostsAndOriginsAreRefused) {
  const std::string token = "Authorization: Bearer 0123456789abcdef\r\n";
  EXPECT_THAT(get("/healthz", "Host: evil.example\r\n"), StartsWith("HTTP/1.1 403 "));
  EXPECT_THAT(get("/api/v1/servers", token + "Host: evil.example:7333\r\n"), StartsWith("HTTP/1.1 403 "));
  EXPECT_THAT(get("/api/v1/servers", token + "Host: localhost\r\nOrigin: https://evil.example\r\n"), StartsWith("HTTP/1.1 403 "));
  EXPECT_THAT(get("/api/v1/servers", token + "Host: localhost\r\nOrigin: null\r\n"), StartsWith("HTTP/1.1 403 "));
  EXPECT_THAT(get("/api/v1/servers", token + "Host: [::1]:7333\r\nOrigin: http://localhost:7333\r\n"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(get("/api/v1/servers", token), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(get("/api/v1/servers", token + "Host: localhost\r\nHost: evil.example\r\n"), StartsWith("HTTP/1.1 400 "));
}

TEST_F(AdminServerTest, OtherMethodsPathsAndBodiesAreRefused) {
  const std::string post = ask("POST /api/v1/servers", std::string(kAuthorized) + "Content-Length: 0\r\n");
  EXPECT_THAT(post, StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(post, HasSubstr("Allow: GET, HEAD\r\n"));
  const std::string missing = get("/api/v2/servers");
  EXPECT_THAT(missing, StartsWith("HTTP/1.1 404 "));
  EXPECT_EQ(json::parse(body(missing)).at("error").at("message"), "nothing is served at /api/v2/servers");
  EXPECT_THAT(get("/api/v1/servers", std::string(kAuthorized) + "Content-Length: 5\r\n"), StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(get("/api/v1/servers", std::string(kAuthorized) + "Transfer-Encoding: chunked\r\n"), StartsWith("HTTP/1.1 413 "));
  const std::string head = ask("HEAD /healthz", kAuthorized);
  EXPECT_THAT(head, StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(body(head), "");
}

TEST_F(AdminServerTest, ABodyIsNeverTheNextRequest) {
  const std::string smuggled = "GET /api/v1/servers HTTP/1.1\r\n" + std::string(kAuthorized) + "\r\n";
  const std::string answer =
      get("/healthz", "Host: localhost\r\nContent-Length: " + std::to_string(smuggled.size()) + "\r\n\r\n" + smuggled);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(answer, Not(HasSubstr("HTTP/1.1 200")));
}

TEST_F(AdminServerTest, ErrorsOfTheGatewayAreJson) {
  const std::string profile = get("/api/v1/tools?profile=nope");
  EXPECT_THAT(profile, StartsWith("HTTP/1.1 404 "));
  EXPECT_EQ(body(profile),
            R"({"error":{"reason":"config_invalid","message":"there is no profile \"nope\"","remedy":"There are: coding."}})");
  source_.error = mcp::Error{mcp::ErrorCode::timeout, "the gateway did not answer"};
  const std::string servers = get("/api/v1/servers");
  EXPECT_THAT(servers, StartsWith("HTTP/1.1 503 "));
  EXPECT_EQ(body(servers), R"({"error":{"reason":"timeout","message":"the gateway did not answer"}})");
  EXPECT_EQ(body(get("/readyz")), "not ready: the gateway did not answer\n");
}

TEST_F(AdminServerTest, HeadsAreBounded) {
  // The first of them may be answered, the last ones may not: what matters is that the connection ends and the server does not.
  const RawConnection connection(server_->port());
  connection.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n");
  const std::string header = "X: " + std::string(1000, 'x') + "\r\n";
  for (int i = 0; i < 200 && connection.send(header); ++i) {
  }
  EXPECT_THAT(connection.receive_all(), Not(HasSubstr("200 OK")));
  const RawConnection endless(server_->port());
  endless.send(std::string(60'000, 'x'));
  EXPECT_THAT(endless.receive_all(), Not(HasSubstr("200 OK")));
  const std::string ranges = "Range: bytes=" + std::string(2000, '1') + "-" + std::string(2000, '2') + "\r\n";
  get("/healthz", "Host: localhost\r\n" + ranges);
  EXPECT_EQ(body(get("/healthz")), "ok\n");
}

TEST_F(AdminServerTest, ManyAskAtOnce) {
  // The first request makes tables in the library, where the thread sanitizer does not see that their making is guarded.
  get("/healthz");
  std::vector<std::thread> clients;
  std::atomic<int> good = 0;
  for (int i = 0; i < 40; ++i) {
    clients.emplace_back([this, &good] {
      if (get("/api/v1/servers").starts_with("HTTP/1.1 200 ")) ++good;
    });
  }
  for (std::thread& client : clients)
    client.join();
  EXPECT_EQ(good, 40);
}

TEST_F(AdminServerTest, SilentConnectionsHoldUpNobody) {
  std::vector<std::unique_ptr<RawConnection>> silent;
  for (int i = 0; i < 20; ++i)
    silent.push_back(std::make_unique<RawConnection>(server_->port()));
  const auto before = std::chrono::steady_clock::now();
  EXPECT_THAT(get("/api/v1/servers"), StartsWith("HTTP/1.1 200 "));
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(1));
}

TEST_F(AdminServerTest, StopFinishesAnswersAndEndsTheRest) {
  std::promise<void> open_gate;
  source_.gate = open_gate.get_future();
  source_.asked.emplace();
  const auto asked = source_.asked->get_future();
  const RawConnection half(server_->port());
  half.send("GET /api/v1/ser");
  std::string answer;
  std::thread client([&] { answer = get("/api/v1/servers"); });
  asked.wait();
  std::thread stopper([this] { server_->stop(); });
  // It ends although an answer is still being made.
  EXPECT_EQ(half.receive_all().find("HTTP/1.1 200"), std::string::npos);
  open_gate.set_value();
  stopper.join();
  client.join();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
  EXPECT_FALSE(RawConnection(server_->port()).connected());
}

TEST_F(AdminServerTest, PortInUseIsNamed) {
  const auto second = start_admin_server({"127.0.0.1", server_->port()}, kToken, source_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, mcp::ErrorCode::io_error);
  EXPECT_THAT(second.error().message, HasSubstr("127.0.0.1:" + std::to_string(server_->port())));
  EXPECT_THAT(second.error().message, HasSubstr("Address already in use"));
  server_.reset();
}

TEST(AdminServerStartTest, RefusesToBeReachableFromOutside) {
  FakeSource source;
  for (const char* host : {"0.0.0.0", "::", "192.0.2.1", "example.com"}) {
    const auto server = start_admin_server({host, 0}, kToken, source);
    ASSERT_FALSE(server) << host;
    EXPECT_THAT(server.error().text(), HasSubstr("loopback")) << host;
  }
}

TEST(AdminServerStartTest, StartsAndStopsAtOnce) {
  FakeSource source;
  for (int i = 0; i < 20; ++i) {
    const auto server = start_admin_server({"localhost", 0}, kToken, source);
    ASSERT_TRUE(server);
    EXPECT_NE((*server)->port(), 0);
  }
}

}  // namespace
}  // namespace gateway
