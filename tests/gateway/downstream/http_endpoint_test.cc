#include "gateway/downstream/http_endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gateway/downstream/fake_handler.h"
#include "tests/support/loop_thread.h"
#include "tests/support/raw_client.h"

namespace gateway {
namespace {

using mcp::ErrorCode;
using mcp::RawClient;
using mcp::RawResponse;
using std::chrono::milliseconds;
using testing::HasSubstr;
using Clock = std::chrono::steady_clock;

class HttpEndpointTest : public testing::Test {
 protected:
  ~HttpEndpointTest() override {
    if (!endpoint_) return;
    stop(milliseconds(0));
    loop_.run([this] { endpoint_.reset(); });
  }

  HttpEndpointOptions options() {
    HttpEndpointOptions options;
    options.listen = {"127.0.0.1", 0};
    options.allowed_hosts = {"gate.example.com"};
    options.open_session = [this](std::string_view path) -> mcp::Result<std::shared_ptr<mcp::SessionHandler>> {
      paths_.emplace_back(path);
      handler_ = std::make_shared<FakeHandler>(loop_.executor());
      return handler_;
    };
    options.not_ready = [this] { return missing_; };
    return options;
  }

  mcp::Result<> try_start(HttpEndpointOptions options) {
    return loop_.run([&]() -> mcp::Result<> {
      auto endpoint = HttpEndpoint::open(loop_.executor(), std::move(options));
      if (!endpoint) return std::unexpected(endpoint.error());
      endpoint_ = std::move(*endpoint);
      return {};
    });
  }

  void start() { ASSERT_TRUE(try_start(options())); }

  void stop(milliseconds patience) { loop_.await(endpoint_->stop(Clock::now() + patience)); }

  RawClient client() const { return RawClient::to(endpoint_->address().port); }

  RawResponse get(const std::string& path, const std::string& host = "127.0.0.1", const std::string& more = {}) const {
    auto one = client();
    one.send("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n" + more + "\r\n");
    return one.read_response();
  }

  static std::string post(const std::string& path, const std::string& session, const std::string& body) {
    return "POST " + path +
           " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\n" +
           (session.empty() ? "" : "Mcp-Session-Id: " + session + "\r\n") + "Content-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  }

  std::string open(const std::string& path = "/mcp") const {
    auto one = client();
    one.send(post(path, {}, R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25"}})"));
    return one.read_response().header("Mcp-Session-Id");
  }

  mcp::LoopThread loop_;
  std::string missing_;
  std::vector<std::string> paths_;
  std::shared_ptr<FakeHandler> handler_;
  std::unique_ptr<HttpEndpoint> endpoint_;
};

TEST_F(HttpEndpointTest, ServesMcpAtItsPaths) {
  start();
  EXPECT_NE(endpoint_->address().port, 0);
  EXPECT_EQ(endpoint_->address().host, "127.0.0.1");
  for (const std::string path : {"/mcp", "/mcp/coding", "/mcp/servers/a%2Fb"})
    EXPECT_NE(open(path), "") << path;
  EXPECT_THAT(paths_, testing::ElementsAre("/mcp", "/mcp/coding", "/mcp/servers/a%2Fb"));
  EXPECT_EQ(loop_.run([this] { return endpoint_->sessions(); }), 3u);
}

TEST_F(HttpEndpointTest, TellsItsHealth) {
  start();
  EXPECT_EQ(get("/healthz").status, 200);
  EXPECT_EQ(get("/healthz").body, "ok\n");
  EXPECT_EQ(get("/readyz").status, 200);
  loop_.run([this] { missing_ = "required servers not ready: files"; });
  const auto answer = get("/readyz?verbose");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.body, "required servers not ready: files\n");
  EXPECT_EQ(get("/healthz").status, 200);
}

TEST_F(HttpEndpointTest, NothingElseIsHere) {
  start();
  for (const std::string path : {"/", "/mcpx", "/metrics", "/api/v1/status"})
    EXPECT_EQ(get(path).status, 404) << path;
  EXPECT_TRUE(paths_.empty());
}

TEST_F(HttpEndpointTest, ForeignHostsAndOriginsAreKeptOutEverywhere) {
  start();
  for (const std::string path : {"/", "/healthz", "/readyz", "/mcp"}) {
    EXPECT_EQ(get(path, "evil.example").status, 403) << path;
    EXPECT_EQ(get(path, "localhost", "Origin: https://evil.example\r\n").status, 403) << path;
  }
  EXPECT_EQ(get("/healthz", "gate.example.com:80").status, 200);
}

TEST_F(HttpEndpointTest, RefusesToListenBeyondThisMachine) {
  for (const std::string host : {"0.0.0.0", "::", "192.0.2.1", "example.com"}) {
    HttpEndpointOptions beyond = options();
    beyond.listen.host = host;
    const auto started = try_start(std::move(beyond));
    ASSERT_FALSE(started) << host;
    EXPECT_EQ(started.error().code, ErrorCode::config_invalid);
    EXPECT_THAT(started.error().message, HasSubstr(host));
  }
}

TEST_F(HttpEndpointTest, AnAddressInUseIsNamed) {
  start();
  HttpEndpointOptions same = options();
  same.listen = endpoint_->address();
  const auto second = loop_.run([&] { return HttpEndpoint::open(loop_.executor(), std::move(same)); });
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::io_error);
  EXPECT_THAT(second.error().message, HasSubstr(endpoint_->address().text()));
}

TEST_F(HttpEndpointTest, AStopEndsStreamsAndLetsCallsFinish) {
  start();
  const std::string id = open();
  auto stream = client(), caller = client();
  stream.send("GET /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nMcp-Session-Id: " + id + "\r\n\r\n");
  stream.read_head();
  EXPECT_THAT(stream.read_chunk(), HasSubstr("retry: "));
  caller.send(post("/mcp", id, R"({"jsonrpc":"2.0","id":7,"method":"wait"})"));
  caller.read_head();
  EXPECT_THAT(caller.read_chunk(), HasSubstr("retry: "));
  auto stopped = std::async(std::launch::async, [this] { stop(std::chrono::minutes(1)); });
  EXPECT_EQ(stream.read_chunk(), "");
  EXPECT_TRUE(stream.at_end());
  loop_.run([this] { handler_->let_go(); });
  EXPECT_THAT(caller.read_chunk(), HasSubstr("notifications/progress"));
  EXPECT_THAT(caller.read_chunk(), HasSubstr(R"("result":{"method":"wait"})"));
  stopped.get();
  EXPECT_EQ(loop_.run([this] { return endpoint_->streams(); }), 0u);
}

TEST_F(HttpEndpointTest, AStopDoesNotWaitLongerThanTold) {
  start();
  auto caller = client();
  caller.send(post("/mcp", open(), R"({"jsonrpc":"2.0","id":7,"method":"wait"})"));
  caller.read_head();
  EXPECT_THAT(caller.read_chunk(), HasSubstr("retry: "));
  EXPECT_THAT(caller.read_chunk(), HasSubstr("notifications/progress"));
  stop(milliseconds(20));
  // It is answered all the same.
  const std::string answer = caller.read_chunk();
  EXPECT_THAT(answer, HasSubstr(R"("reason":"shutting_down")"));
  EXPECT_THAT(answer, HasSubstr("may or may not have run"));
  EXPECT_TRUE(caller.read_chunk().empty());
  EXPECT_TRUE(caller.at_end());
  // The handler that goes on after that hurts nobody.
  loop_.run([this] { endpoint_.reset(); });
  loop_.run([this] { handler_->let_go(); });
  loop_.run([] {});
}

}  // namespace
}  // namespace gateway
