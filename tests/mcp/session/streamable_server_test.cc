// The server's face of streamable HTTP, from the wire: requests and what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/mcp/session/streamable_server_fixture.h"

namespace mcp {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

TEST_F(StreamableServerTest, AnswersAsJson) {
  start();
  const auto first = ask(initialize());
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.header("Content-Type"), "application/json");
  const std::string id = first.header("Mcp-Session-Id");
  EXPECT_THAT(id, testing::MatchesRegex("[0-9a-f]{32}"));
  EXPECT_EQ(ask(notification(id, "notifications/initialized")).status, 202);
  const auto answer = ask(call(id, "echo", "a\"b"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Content-Type"), "application/json");
  EXPECT_EQ(answer.header("Mcp-Session-Id"), "");
  EXPECT_EQ(json::parse(answer.body), json({{"jsonrpc", "2.0"}, {"id", "a\"b"}, {"result", {{"method", "echo"}}}}));
  EXPECT_NE(open(), id);
}

TEST_F(StreamableServerTest, BecomesAStreamWithTheFirstNotification) {
  start();
  const std::string id = open();
  auto one = client();
  one.send(text(call(id, "report")));
  const auto head = one.read_head();
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("Content-Type"), "text/event-stream");
  EXPECT_EQ(head.header("X-Accel-Buffering"), "no");
  EXPECT_EQ(read_event(one).data,
            R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}})");
  wait_until_called();
  let_go();
  EXPECT_EQ(read_event(one).data, answer_of("report"));
  EXPECT_EQ(one.read_chunk(), "");
  // The connection goes on.
  one.send(text(call(id, "echo")));
  EXPECT_EQ(one.read_response().status, 200);
}

TEST_F(StreamableServerTest, ANotificationOfARequestThatMayNotStreamIsLeftOut) {
  start();
  Request request = call(open(), "report");
  request.accept = "application/json";
  auto one = client();
  one.send(text(request));
  wait_until_called();
  let_go();
  const auto answer = one.read_response();
  EXPECT_EQ(answer.header("Content-Type"), "application/json");
  EXPECT_EQ(json::parse(answer.body)["result"]["method"], "report");
}

TEST_F(StreamableServerTest, WhoAcceptsOnlyAStreamGetsOne) {
  start();
  Request request = call(open(), "echo");
  request.accept = "text/event-stream";
  const auto answer = ask(request);
  EXPECT_EQ(answer.header("Content-Type"), "text/event-stream");
  EXPECT_EQ(parse_event(answer.body.substr(answer.body.find("\n\n") + 2)).data, answer_of("echo"));
}

TEST_F(StreamableServerTest, AcceptMustAdmitAnAnswer) {
  start();
  const std::string id = open();
  for (const std::string accept : {"", "*/*", "application/json;q=0.5", "text/event-stream, */*;q=0.1"}) {
    Request request = call(id, "echo");
    request.accept = accept;
    EXPECT_EQ(ask(request).status, 200) << accept;
  }
  for (const std::string accept : {"text/html", "image/*"}) {
    Request request = call(id, "echo");
    request.accept = accept;
    EXPECT_EQ(ask(request).status, 406) << accept;
  }
}

TEST_F(StreamableServerTest, ContentTypeMustBeJson) {
  start();
  for (const std::string type : {"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"}) {
    Request request = initialize();
    request.type = type;
    EXPECT_EQ(ask(request).status, 415) << type;
  }
  Request request = initialize();
  request.type = "application/json; charset=utf-8";
  EXPECT_EQ(ask(request).status, 200);
}

TEST_F(StreamableServerTest, ForeignHostsAndOriginsAreKeptOut) {
  StreamableServerOptions options;
  options.allowed_hosts = {"gate.example.com"};
  options.allowed_origins = {"https://app.example.com"};
  start(std::move(options));
  const std::string id = open();
  for (Request request : {initialize(), call(id, "echo"), listen(id), Request{.method = "DELETE", .session = id}}) {
    request.host = "evil.example";
    EXPECT_EQ(ask(request).status, 403);
    request.host = "localhost:7332";
    request.more = "Origin: http://evil.example\r\n";
    const auto answer = ask(request);
    EXPECT_EQ(answer.status, 403);
    EXPECT_THAT(json::parse(answer.body)["error"]["message"], HasSubstr("http://evil.example"));
    EXPECT_TRUE(json::parse(answer.body)["id"].is_null());
  }
  Request request = call(id, "echo");
  request.host = "gate.example.com";
  request.more = "Origin: https://app.example.com\r\n";
  EXPECT_EQ(ask(request).status, 200);
}

TEST_F(StreamableServerTest, OtherMethodsAreNotAllowed) {
  start();
  for (const std::string method : {"PUT", "PATCH", "OPTIONS"}) {
    const auto answer = ask({.method = method, .session = open()});
    EXPECT_EQ(answer.status, 405);
    EXPECT_EQ(answer.header("Allow"), "GET, POST, DELETE");
  }
}

TEST_F(StreamableServerTest, WhatIsNoMessageIsRefused) {
  start();
  const std::string id = open();
  for (const auto& [body, code] :
       std::vector<std::pair<std::string, int>>{{"", -32700},
                                                {"{", -32700},
                                                {"[]", -32600},
                                                {R"([{"jsonrpc":"2.0","id":1,"method":"echo"}])", -32600},
                                                {"{}", -32600}}) {
    Request request{.session = id, .body = body};
    const auto answer = ask(request);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(json::parse(answer.body)["error"]["code"], code) << body;
    EXPECT_TRUE(json::parse(answer.body)["id"].is_null());
  }
}

TEST_F(StreamableServerTest, ARequestNeedsASession) {
  start();
  const auto request = ask(call({}, "tools/list"));
  EXPECT_EQ(request.status, 400);
  EXPECT_EQ(json::parse(request.body)["id"], 7);
  EXPECT_THAT(json::parse(request.body)["error"]["message"], HasSubstr("Send initialize first"));
  EXPECT_EQ(ask(notification({}, "notifications/initialized")).status, 400);
  EXPECT_EQ(ask(listen({})).status, 400);
  EXPECT_EQ(ask({.method = "DELETE"}).status, 400);
  EXPECT_EQ(sessions(), 0u);
}

TEST_F(StreamableServerTest, AnUnknownSessionIsNotFound) {
  start();
  const std::string id = open();
  for (Request request : {call(id, "echo"), notification(id, "notifications/cancelled"), listen(id), initialize()}) {
    request.session = std::string(32, '0');
    const auto answer = ask(request);
    EXPECT_EQ(answer.status, 404);
    EXPECT_EQ(reason(answer), "session_lost");
  }
}

TEST_F(StreamableServerTest, ASessionBelongsToItsPath) {
  start();
  const std::string id = open();
  for (Request request : {call(id, "echo"), listen(id), Request{.method = "DELETE", .session = id}}) {
    request.path = "/mcp/other";
    EXPECT_EQ(ask(request).status, 404);
  }
  EXPECT_EQ(ask(call(id, "echo")).status, 200);
}

TEST_F(StreamableServerTest, APathWithNothingBehindSaysSo) {
  start();
  Request request = initialize();
  request.path = "/mcp/nothing";
  const auto answer = ask(request);
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(json::parse(answer.body)["error"]["message"], "nothing is served there. Look up.");
  EXPECT_EQ(json::parse(answer.body)["id"], 0);
}

TEST_F(StreamableServerTest, ResponsesAndNotificationsAreTaken) {
  start();
  const std::string id = open();
  for (const auto& body : {R"({"jsonrpc":"2.0","id":1,"result":{}})", R"({"jsonrpc":"2.0","method":"notifications/unheard_of"})"}) {
    const auto answer = ask({.session = id, .body = body});
    EXPECT_EQ(answer.status, 202);
    EXPECT_EQ(answer.body, "");
  }
}

TEST_F(StreamableServerTest, ARefusedInitializeOpensNoSession) {
  start();
  shared_.refuse_initialize = true;
  const auto answer = ask(initialize());
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(json::parse(answer.body)["error"]["message"], "it is down");
  EXPECT_EQ(answer.header("Mcp-Session-Id"), "");
  EXPECT_EQ(sessions(), 0u);
}

}  // namespace
}  // namespace mcp
