// The server's face of streamable HTTP, from the wire: streams, cancellation, and how sessions end.
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

TEST_F(StreamableServerTest, TheGetStreamBringsWhatIsPushed) {
  start();
  const std::string id = open();
  auto one = client();
  const Sse priming = start_stream(one, listen(id));
  EXPECT_EQ(priming.retry, "1000");
  push("notifications/tools/list_changed");
  EXPECT_EQ(read_event(one).data, pushed("notifications/tools/list_changed"));
  EXPECT_EQ(loop_.run([this] { return server_->streams(); }), 1u);
}

TEST_F(StreamableServerTest, AGetNeedsAnAcceptForStreams) {
  start();
  const std::string id = open();
  for (const std::string accept : {"", "application/json", "text/html"}) {
    Request request = listen(id);
    request.accept = accept;
    EXPECT_EQ(ask(request).status, 406) << accept;
  }
}

TEST_F(StreamableServerTest, WhatIsPushedWithoutAStreamIsParked) {
  StreamableServerOptions options;
  options.replay.events = 2;
  start(std::move(options));
  const std::string id = open();
  for (const std::string method : {"first", "second", "third"})
    push(method);
  auto one = client();
  start_stream(one, listen(id));
  EXPECT_EQ(read_event(one).data, pushed("second"));
  EXPECT_EQ(read_event(one).data, pushed("third"));
  push("fourth");
  EXPECT_EQ(read_event(one).data, pushed("fourth"));
}

TEST_F(StreamableServerTest, ASecondGetStreamReplacesTheFirst) {
  start();
  const std::string id = open();
  auto first = client(), second = client();
  start_stream(first, listen(id));
  start_stream(second, listen(id));
  EXPECT_EQ(first.read_chunk(), "");
  push("once");
  EXPECT_EQ(read_event(second).data, pushed("once"));
  EXPECT_EQ(loop_.run([this] { return server_->streams(); }), 1u);
}

TEST_F(StreamableServerTest, AStreamThatBrokeLeavesTheSessionAndParksAgain) {
  start();
  const std::string id = open();
  {
    auto one = client();
    start_stream(one, listen(id));
  }
  // The server notices in its own time.
  for (int i = 0; loop_.run([this] { return server_->streams(); }) != 0 && i < 1000; ++i)
    EXPECT_EQ(ask(call(id, "echo")).status, 200);
  push("kept");
  auto one = client();
  start_stream(one, listen(id));
  EXPECT_EQ(read_event(one).data, pushed("kept"));
}

TEST_F(StreamableServerTest, DeleteEndsASessionItsStreamsAndItsCalls) {
  start();
  const std::string id = open();
  auto stream = client(), caller = client();
  start_stream(stream, listen(id));
  caller.send(text(call(id, "wait")));
  wait_until_called();
  EXPECT_EQ(ask({.method = "DELETE", .session = id}).status, 200);
  EXPECT_EQ(stream.read_chunk(), "");
  EXPECT_EQ(reason(caller.read_response()), "cancelled");
  EXPECT_EQ(ask(call(id, "echo")).status, 404);
  EXPECT_EQ(ask({.method = "DELETE", .session = id}).status, 404);
  EXPECT_EQ(sessions(), 0u);
}

TEST_F(StreamableServerTest, ACancelledRequestEndsWithoutAnAnswer) {
  start();
  const std::string id = open();
  for (const bool streaming : {true, false}) {
    loop_.run([this] {
      shared_.waiting = {};
      shared_.cancelled = {};
    });
    auto one = client();
    one.send(text(call(id, streaming ? "report" : "wait")));
    wait_until_called();
    EXPECT_EQ(ask(notification(id, "notifications/cancelled", {{"requestId", 7}})).status, 202);
    EXPECT_EQ(cancelled_with(), ErrorCode::cancelled);
    const auto answer = one.read_response();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.header("Content-Type"), "text/event-stream");
    EXPECT_THAT(answer.body, testing::Not(HasSubstr("\"id\":7")));
  }
}

TEST_F(StreamableServerTest, ACancelledRequestThatMayNotStreamHasNothingToSay) {
  start();
  Request request = call(open(), "wait");
  request.accept = "application/json";
  auto one = client();
  one.send(text(request));
  wait_until_called();
  ask(notification(request.session, "notifications/cancelled", {{"requestId", 7}}));
  EXPECT_EQ(one.read_response().status, 202);
}

TEST_F(StreamableServerTest, AnotherSessionCannotCancel) {
  start();
  const std::string id = open();
  auto one = client();
  one.send(text(call(id, "wait")));
  wait_until_called();
  EXPECT_EQ(ask(notification(open(), "notifications/cancelled", {{"requestId", 7}})).status, 202);
  let_go();
  EXPECT_EQ(json::parse(one.read_response().body)["result"]["method"], "wait");
}

TEST_F(StreamableServerTest, GoingAwayIsNoCancellation) {
  start();
  const std::string id = open();
  {
    auto one = client();
    one.send(text(call(id, "report")));
    one.read_head();
    wait_until_called();
  }
  // Another request's answer shows that the loop went on; the first one still counts as open.
  EXPECT_THAT(ask(call(id, "echo", 7)).body, HasSubstr("is in use by a request that is still open"));
  let_go();
  EXPECT_EQ(ask(call(id, "echo", 8)).status, 200);
}

TEST_F(StreamableServerTest, WhoDoesNotReadLosesTheCall) {
  HttpServerOptions http;
  http.max_queued = 1 << 20;
  start({}, http);
  const std::string id = open();
  RawClient one(4096);
  one.connect(port_);
  one.send(text(call(id, "flood")));
  EXPECT_EQ(cancelled_with(), ErrorCode::overloaded);
}

TEST_F(StreamableServerTest, ALongCallBecomesAStreamThatShowsLife) {
  StreamableServerOptions options;
  options.keep_alive = milliseconds(30);
  start(std::move(options));
  const std::string id = open();
  auto one = client();
  start_stream(one, call(id, "wait"));
  EXPECT_EQ(one.read_chunk(), ": keep-alive\n\n");
  EXPECT_EQ(one.read_chunk(), ": keep-alive\n\n");
  let_go();
  EXPECT_EQ(read_event(one).data, answer_of("wait"));
}

TEST_F(StreamableServerTest, AGetStreamShowsLife) {
  StreamableServerOptions options;
  options.keep_alive = milliseconds(20);
  start(std::move(options));
  auto one = client();
  start_stream(one, listen(open()));
  EXPECT_EQ(one.read_chunk(), ": keep-alive\n\n");
  EXPECT_EQ(one.read_chunk(), ": keep-alive\n\n");
}

TEST_F(StreamableServerTest, ALongCallOfWhoTakesNoStreamStaysJson) {
  StreamableServerOptions options;
  options.keep_alive = milliseconds(10);
  start(std::move(options));
  const std::string id = open();
  auto stream = client(), one = client();
  Request request = call(id, "wait");
  request.accept = "application/json";
  one.send(text(request));
  wait_until_called();
  start_stream(stream, listen(id));
  stream.read_chunk();
  stream.read_chunk();  // so long that any other call would have become a stream
  let_go();
  EXPECT_EQ(one.read_response().header("Content-Type"), "application/json");
}

TEST_F(StreamableServerTest, TheSessionIdleLongestMakesRoom) {
  StreamableServerOptions options;
  options.max_sessions = 2;
  start(std::move(options));
  const std::string first = open(), second = open();
  EXPECT_EQ(ask(call(first, "echo")).status, 200);
  const std::string third = open();
  EXPECT_EQ(ask(call(second, "echo")).status, 404);
  EXPECT_EQ(ask(call(first, "echo")).status, 200);
  EXPECT_EQ(ask(call(third, "echo")).status, 200);
  EXPECT_EQ(sessions(), 2u);
}

TEST_F(StreamableServerTest, ANotificationIsUseOfASession) {
  StreamableServerOptions options;
  options.max_sessions = 2;
  start(std::move(options));
  const std::string first = open(), second = open();
  EXPECT_EQ(ask(notification(first, "notifications/initialized")).status, 202);
  open();
  EXPECT_EQ(ask(call(second, "echo")).status, 404);
  EXPECT_EQ(ask(call(first, "echo")).status, 200);
}

TEST_F(StreamableServerTest, WhereNoSessionIsIdleThereIsNoRoom) {
  StreamableServerOptions options;
  options.max_sessions = 2;
  start(std::move(options));
  const std::string id = open();
  auto caller = client(), stream = client();
  caller.send(text(call(id, "wait")));
  wait_until_called();
  start_stream(stream, listen(open()));
  const auto answer = ask(initialize());
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(reason(answer), "overloaded");
  let_go();
  EXPECT_EQ(caller.read_response().status, 200);
  EXPECT_EQ(ask(initialize()).status, 200);
}

TEST_F(StreamableServerTest, AnIdleSessionEndsAndABusyOneDoesNot) {
  StreamableServerOptions options;
  options.session_idle = std::chrono::hours(1);
  start(std::move(options));
  const auto sweep = [this](std::chrono::steady_clock::time_point now) { loop_.run([this, now] { server_->sweep(now); }); };
  const auto before = std::chrono::steady_clock::now();
  const std::string idle = open(), busy = open();
  auto stream = client();
  start_stream(stream, listen(busy));
  sweep(before + std::chrono::hours(1));
  EXPECT_EQ(shared_.ended, 0);
  EXPECT_EQ(stream.read_chunk(), ": keep-alive\n\n");
  sweep(std::chrono::steady_clock::now() + std::chrono::hours(1));
  EXPECT_EQ(shared_.ended, 1);
  EXPECT_EQ(stream.read_chunk(), ": keep-alive\n\n");
  EXPECT_EQ(ask(call(idle, "echo")).status, 404);
  EXPECT_EQ(ask(call(busy, "echo")).status, 200);
}

TEST_F(StreamableServerTest, CloseEndsTheStreamsAndLetsCallsFinish) {
  start();
  const std::string id = open();
  auto caller = client(), stream = client();
  start_stream(stream, listen(id));
  caller.send(text(call(id, "wait")));
  wait_until_called();
  loop_.run([this] { server_->close(); });
  EXPECT_EQ(stream.read_chunk(), "");
  let_go();
  EXPECT_EQ(caller.read_response().status, 200);
  // A stream that is opened now ends at once.
  auto late = client();
  start_stream(late, listen(id));
  EXPECT_EQ(late.read_chunk(), "");
}

TEST_F(StreamableServerTest, StopsWhileACallIsOpen) {
  start();
  const std::string id = open();
  auto caller = client(), stream = client();
  start_stream(stream, listen(id));
  start_stream(caller, call(id, "report"));
  wait_until_called();
}

}  // namespace
}  // namespace mcp
