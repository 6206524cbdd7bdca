// Who may come in at the MCP listener, by real sockets, plain and over TLS.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/downstream/http_endpoint.h"
#include "tests/gateway/downstream/fake_handler.h"
#include "tests/support/captured_log.h"
#include "tests/support/certificates.h"
#include "tests/support/loop_thread.h"
#include "tests/support/raw_client.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tls_peer.h"

namespace gateway {
namespace {

using mcp::RawClient;
using mcp::RawResponse;
using testing::HasSubstr;
using testing::Not;
using Clock = std::chrono::steady_clock;

const std::string kCi = "ci-token-0123456789abcdef", kAna = "ana-token-0123456789abcdef", kLocal = "own-token-0123456789abcdef";
const std::string kHello = R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25"}})";
const std::string kPing = R"({"jsonrpc":"2.0","id":1,"method":"ping2"})";

std::string bearer(const std::string& token) {
  return token.empty() ? "" : "Authorization: Bearer " + token + "\r\n";
}

std::string session_header(const std::string& id) {
  return id.empty() ? "" : "Mcp-Session-Id: " + id + "\r\n";
}

std::string post(const std::string& headers, const std::string& body, const std::string& host = "localhost") {
  return "POST /mcp HTTP/1.1\r\nHost: " + host +
         "\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string get(const std::string& path, const std::string& headers = "", const std::string& host = "localhost") {
  return "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n" + headers + "\r\n";
}

class HttpEndpointAccessTest : public testing::Test {
 protected:
  ~HttpEndpointAccessTest() override {
    if (!endpoint_) return;
    loop_.await(endpoint_->stop(Clock::now()));
    loop_.run([this] { endpoint_.reset(); });
  }

  static AccessTable table(const std::vector<TokenValue>& tokens) { return {tokens, kLocal}; }

  static AccessTable both() { return table({{"ci", kCi}, {"ana", kAna}}); }

  mcp::Result<> try_start(HttpEndpointOptions options) {
    options.open_session = [this](std::string_view) -> mcp::Result<std::shared_ptr<mcp::SessionHandler>> {
      handler_ = std::make_shared<FakeHandler>(loop_.executor());
      return handler_;
    };
    options.not_ready = [] { return std::string("required servers not ready: files"); };
    return loop_.run([&]() -> mcp::Result<> {
      auto endpoint = HttpEndpoint::open(loop_.executor(), std::move(options));
      if (!endpoint) return std::unexpected(endpoint.error());
      endpoint_ = std::move(*endpoint);
      return {};
    });
  }

  void start(AccessTable access, std::shared_ptr<const mcp::TlsServerContext> tls = nullptr) {
    HttpEndpointOptions options;
    options.listen = {"127.0.0.1", 0};
    options.access = std::move(access);
    options.tls = std::move(tls);
    ASSERT_TRUE(try_start(std::move(options)));
  }

  std::shared_ptr<const mcp::TlsServerContext> certificate() {
    const auto issued = authority_.issue({"server", "DNS:localhost"});
    return mcp::TlsServerContext::make(folder_.write("c.pem", issued.certificate), folder_.write("k.pem", issued.key)).value();
  }

  RawClient client() const { return RawClient::to(endpoint_->address().port); }

  RawResponse ask(const std::string& request) const {
    auto one = client();
    one.send(request);
    return one.read_response();
  }

  std::string open(const std::string& token) const { return ask(post(bearer(token), kHello)).header("Mcp-Session-Id"); }

  int status(const std::string& session, const std::string& token) const {
    return ask(post(session_header(session) + bearer(token), kPing)).status;
  }

  void admit(AccessTable access) {
    loop_.run([&] { endpoint_->admit(std::move(access)); });
  }

  std::size_t sessions() {
    return loop_.run([this] { return endpoint_->sessions(); });
  }

  mcp::LoopThread loop_;
  mcp::TempFolder folder_;
  mcp::TestAuthority authority_;
  std::shared_ptr<FakeHandler> handler_;
  std::unique_ptr<HttpEndpoint> endpoint_;
};

TEST_F(HttpEndpointAccessTest, StrangersAreTurnedAwayEverywhereButAtHealth) {
  start(both());
  for (const std::string path : {"/mcp", "/mcp/coding", "/", "/metrics", "/healthz/x"}) {
    const auto answer = ask(get(path));
    EXPECT_EQ(answer.status, 401) << path;
    EXPECT_EQ(answer.header("WWW-Authenticate"), "Bearer realm=\"switchyard\"") << path;
  }
  for (const std::string& token : {std::string("wrong"), kCi.substr(1)}) {
    const auto answer = ask(post(bearer(token), kHello));
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(answer.header("WWW-Authenticate"), "Bearer realm=\"switchyard\", error=\"invalid_token\"");
    EXPECT_THAT(answer.body, Not(HasSubstr(token)));
  }
  EXPECT_EQ(ask(post("Authorization: Basic " + kCi + "\r\n", kHello)).status, 401);
  EXPECT_EQ(ask(post(bearer("wrong") + bearer(kCi), kHello)).status, 400) << "which of the two would count?";
  EXPECT_EQ(ask(get("/healthz")).body, "ok\n");
  EXPECT_EQ(ask(get("/readyz")).body, "not ready\n");
  EXPECT_EQ(ask(get("/readyz", bearer(kCi))).body, "required servers not ready: files\n");
  EXPECT_EQ(sessions(), 0u);
}

TEST_F(HttpEndpointAccessTest, ATokenLetsItsOwnerInUnderItsName) {
  start(both());
  for (const auto& [token, name] : {std::pair(kCi, "ci"), {kAna, "ana"}, {kLocal, "local"}}) {
    const std::string session = open(token);
    ASSERT_NE(session, "") << name;
    EXPECT_EQ(loop_.run([this] { return handler_->session()->caller().principal; }), name);
    EXPECT_EQ(status(session, token), 200);
  }
  EXPECT_EQ(ask(get("/", bearer(kCi))).status, 404);
}

TEST_F(HttpEndpointAccessTest, ASessionIsUnknownToOtherTokens) {
  start(both());
  const std::string session = open(kCi);
  EXPECT_EQ(status(session, kAna), 404);
  EXPECT_EQ(status(session, kLocal), 404);
  EXPECT_EQ(status(session, ""), 401);
  EXPECT_EQ(ask("DELETE /mcp HTTP/1.1\r\nHost: localhost\r\n" + session_header(session) + bearer(kAna) + "\r\n").status, 404);
  EXPECT_EQ(ask(get("/mcp", "Accept: text/event-stream\r\n" + session_header(session) + bearer(kAna))).status, 404);
  EXPECT_EQ(ask(post(session_header(session) + bearer(kAna), "[" + kPing + "]")).status, 404);
  EXPECT_EQ(status(session, kCi), 200);
}

TEST_F(HttpEndpointAccessTest, AnyHostWillDoWithATokenButNotAnyPage) {
  start(both());
  EXPECT_EQ(ask(post(bearer(kCi), kHello, "gateway.example.com")).status, 200);
  EXPECT_EQ(ask(get("/healthz", "", "10.0.0.7:7332")).status, 200);
  EXPECT_EQ(ask(post(bearer(kCi) + "Origin: https://evil.example\r\n", kHello)).status, 403);
  EXPECT_EQ(ask(get("/healthz", "Origin: https://evil.example\r\n")).status, 403);
}

TEST_F(HttpEndpointAccessTest, WithoutTokensThingsAreAsEver) {
  start(table({}));
  const std::string session = open("");
  EXPECT_EQ(status(session, ""), 200);
  EXPECT_EQ(status(session, "whatever-a-client-sends"), 200);
  EXPECT_EQ(ask(post(bearer(kLocal), kHello, "evil.example")).status, 403);
  const std::string own = open(kLocal);
  EXPECT_EQ(status(own, kLocal), 200);
  EXPECT_EQ(status(own, ""), 404);
}

TEST_F(HttpEndpointAccessTest, OtherTokensEndTheSessionsOfThoseThatAreGone) {
  start(both());
  const std::string ci = open(kCi), ana = open(kAna), own = open(kLocal);
  auto stream = client();
  stream.send(get("/mcp", "Accept: text/event-stream\r\n" + session_header(ci) + bearer(kCi)));
  stream.read_head();
  EXPECT_THAT(stream.read_chunk(), HasSubstr("retry: "));
  auto kept = client();
  kept.send(get("/mcp", "Accept: text/event-stream\r\n" + session_header(ana) + bearer(kAna)));
  kept.read_head();
  const std::string other = "new-token-0123456789abcdef";
  admit(table({{"ci", other}, {"ana", kAna}}));
  EXPECT_EQ(stream.read_chunk(), "");
  EXPECT_EQ(status(ci, kCi), 401);
  EXPECT_EQ(status(ci, other), 404) << "the same name, but it may be somebody else now";
  EXPECT_EQ(status(ana, kAna), 200);
  EXPECT_EQ(status(own, kLocal), 200);
  EXPECT_EQ(loop_.run([this] { return endpoint_->streams(); }), 1u);
  EXPECT_NE(open(other), "");
}

TEST_F(HttpEndpointAccessTest, TheFirstTokenEndsTheSessionsOfStrangersAndTheLastOneLetsThemIn) {
  start(table({}));
  const std::string anybody = open(""), own = open(kLocal);
  admit(both());
  EXPECT_EQ(status(anybody, ""), 401);
  EXPECT_EQ(status(own, kLocal), 200);
  EXPECT_EQ(sessions(), 1u);
  const std::string ci = open(kCi);
  admit(table({}));
  EXPECT_EQ(status(ci, kCi), 404);
  EXPECT_EQ(status(open(""), ""), 200);
  EXPECT_EQ(status(own, kLocal), 200);
}

TEST_F(HttpEndpointAccessTest, AStrangersBodyIsNotWaitedFor) {
  start(both());
  const std::string head = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n";
  EXPECT_EQ(ask(head + "\r\n").status, 401);
  EXPECT_EQ(ask(head + "\r\n{\"json").status, 401);
  const auto expecting = ask(head + "Expect: 100-continue\r\n\r\n");
  EXPECT_EQ(expecting.status, 401);
  EXPECT_EQ(expecting.header("Connection"), "close");
  EXPECT_EQ(ask("GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n").body, "ok\n");
  auto known = client();
  known.send(head + bearer(kCi) + "Expect: 100-continue\r\n\r\n");
  EXPECT_THAT(known.read_until("\r\n\r\n"), HasSubstr("100 Continue"));
}

TEST_F(HttpEndpointAccessTest, TheLogTellsOfStrangersOnceInAWhileAndNeverATokens) {
  const mcp::CapturedLog log(mcp::LogFormat::text, "trace");
  start(both());
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(ask(post(bearer("guess-" + std::to_string(i) + "-0123456789"), kHello)).status, 401);
  EXPECT_EQ(status(open(kCi), kCi), 200);
  std::string text;
  for (const std::string& line : log.lines())
    text += line + "\n";
  EXPECT_THAT(text, HasSubstr("requests without a valid token were refused"));
  EXPECT_EQ(text.find("were refused"), text.rfind("were refused"));
  EXPECT_THAT(text, Not(HasSubstr("guess-")));
  EXPECT_THAT(text, Not(HasSubstr(kCi)));
}

TEST_F(HttpEndpointAccessTest, BeyondThisMachineItOpensOnlyWithTokensAndTlsOrAProxy) {
  HttpEndpointOptions open_door, no_tls;
  open_door.listen = no_tls.listen = {"0.0.0.0", 0};
  no_tls.access = both();
  EXPECT_THAT(try_start(open_door).error().message, HasSubstr("no access token"));
  open_door.tls = certificate();
  EXPECT_THAT(try_start(open_door).error().message, HasSubstr("no access token"));
  EXPECT_THAT(try_start(no_tls).error().message, HasSubstr("without TLS"));
}

TEST_F(HttpEndpointAccessTest, OverTlsThisMachinesCommandsHaveADoorOfTheirOwn) {
  start(both(), certificate());
  EXPECT_TRUE(endpoint_->url().starts_with("https://127.0.0.1:"));
  mcp::TlsPeer peer(endpoint_->address().port, authority_.pem());
  peer.send(post("", kHello));
  EXPECT_EQ(peer.read_response().status, 401);
  peer.send(post(bearer(kCi), kHello));
  const std::string session = peer.read_response().header("Mcp-Session-Id");
  EXPECT_NE(session, "");
  const std::string local = endpoint_->local_url();
  ASSERT_TRUE(local.starts_with("http://127.0.0.1:")) << local;
  auto door = RawClient::to(static_cast<std::uint16_t>(std::stoi(local.substr(17))));
  door.send(post("", kHello));
  EXPECT_EQ(door.read_response().status, 401);
  door.send(post(bearer(kLocal), kHello));
  EXPECT_EQ(door.read_response().status, 200);
  // A session is one of the gateway, whichever door it was opened at.
  door.send(post(session_header(session) + bearer(kCi), kPing));
  EXPECT_EQ(door.read_response().status, 200);
}

TEST_F(HttpEndpointAccessTest, ANewCertificateIsForNewConnections) {
  start(both(), certificate());
  mcp::TlsPeer old(endpoint_->address().port, authority_.pem());
  auto next = certificate();
  loop_.run([&] { endpoint_->set_tls(std::move(next)); });
  mcp::TlsPeer later(endpoint_->address().port, authority_.pem());
  EXPECT_NE(old.serial(), later.serial());
  old.send(post(bearer(kCi), kHello));
  EXPECT_EQ(old.read_response().status, 200);
}

TEST_F(HttpEndpointAccessTest, PlainOnLoopbackThereIsOneDoor) {
  start(both());
  EXPECT_EQ(endpoint_->local_url(), endpoint_->url());
  EXPECT_TRUE(endpoint_->url().starts_with("http://127.0.0.1:"));
}

}  // namespace
}  // namespace gateway
