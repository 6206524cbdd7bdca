// The server's face of streamable HTTP, from the wire: what is kept of streams, and how long.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/mcp/session/streamable_server_resume.h"

namespace mcp {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

Task<void> ask_form(CallContext& context, Question& question, std::promise<Result<Message>>& promised) {
  Message form = Message::request("1", "elicitation/create", R"({"message":"?","requestedSchema":{}})");
  auto answer = co_await context.ask(std::move(form), question);
  promised.set_value(std::move(answer));
}

TEST_F(StreamableServerResumeTest, TooManyEventsLoseTheOldestNotifications) {
  StreamableServerOptions options;
  options.replay.events = 4;
  start(std::move(options));
  const std::string id = open();
  const std::string last = break_off(id);
  tell(Message::request("90", "elicitation/create", "{}"));
  for (int i = 2; i < 50; ++i)
    tell(step(i));
  let_go();
  auto one = resumed(id, last);
  EXPECT_THAT(read_gists(one), ElementsAre("elicitation/create", "48", "49", "answer"));
}

TEST_F(StreamableServerResumeTest, AnAnswerTooLargeToKeepBecomesAnError) {
  StreamableServerOptions options;
  options.replay.bytes = 2000;
  start(std::move(options));
  shared_.result = R"({"text":")" + std::string(3000, 'x') + R"("})";
  const std::string id = open();
  const std::string last = break_off(id);
  let_go();
  {
    auto one = resumed(id, last);
    const json answer = json::parse(read_event(one).data);
    EXPECT_EQ(answer["id"], 7);
    EXPECT_EQ(answer["error"]["data"]["reason"], "too_large");
  }
  // Who is there to take it gets it as it is.
  loop_.run([this] { shared_.waiting = {}; });
  auto one = client();
  start_stream(one, call(id, "report", 8));
  read_event(one);
  wait_until_called();
  let_go();
  EXPECT_EQ(gist(read_event(one).data), "answer");
}

TEST_F(StreamableServerResumeTest, WhatNobodyFetchesIsForgotten) {
  start();
  const std::string id = open();
  const std::string fetched = break_off(id);
  let_go();
  {
    auto one = resumed(id, fetched);
    EXPECT_THAT(read_gists(one), ElementsAre("answer"));
  }
  const std::string last = break_off(id);
  tell(step(2));
  // The call goes on, so its stream stays; what was written to a connection is kept a shorter while.
  sweep_later(std::chrono::minutes(2));
  EXPECT_EQ(status_of(resume(id, fetched)), 405);
  let_go();
  EXPECT_EQ(status_of(call(id, "echo", 8)), 200);
  sweep_later(std::chrono::minutes(4));
  {
    auto one = resumed(id, last);
    EXPECT_THAT(read_gists(one), ElementsAre("2", "answer"));
  }
  sweep_later(std::chrono::minutes(5));
  EXPECT_EQ(status_of(resume(id, last)), 405);
  EXPECT_EQ(kept_bytes(), 0u);
  EXPECT_EQ(status_of(call(id, "echo", 9)), 200);
}

TEST_F(StreamableServerResumeTest, AQuestionIsForgottenWithItsEvent) {
  start();
  const std::string id = ask(initialize_askable()).header("Mcp-Session-Id");
  const std::string last = break_off(id);
  std::promise<Result<Message>> promised;
  Question question;
  loop_.run([&] { boost::asio::co_spawn(loop_.executor(), ask_form(*shared_.open, question, promised), boost::asio::detached); });
  auto future = promised.get_future();
  sweep_later(std::chrono::minutes(4));
  EXPECT_EQ(future.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  sweep_later(std::chrono::minutes(5));
  ASSERT_EQ(future.wait_for(kPatience), std::future_status::ready);
  const auto answer = future.get();
  EXPECT_EQ(answer.error().code, ErrorCode::session_lost) << answer.error().message;
  let_go();
}

TEST_F(StreamableServerResumeTest, WhatIsPushedWaitsAsLongAsTheSession) {
  start();
  const std::string id = open();
  push("pushed");
  sweep_later(std::chrono::minutes(50));
  auto one = client();
  start_stream(one, listen(id));
  EXPECT_EQ(gist(read_event(one).data), "pushed");
}

TEST_F(StreamableServerResumeTest, DeletingTheSessionForgetsItsStreams) {
  start();
  const std::string id = open();
  const std::string last = break_off(id);
  tell(step(2));
  auto one = resumed(id, last);
  EXPECT_EQ(gist(read_event(one).data), "2");
  EXPECT_GT(kept_bytes(), 0u);
  EXPECT_EQ(status_of({.method = "DELETE", .session = id}), 200);
  EXPECT_EQ(cancelled_with(), ErrorCode::cancelled);
  EXPECT_THAT(read_gists(one), ElementsAre("error"));
  EXPECT_EQ(status_of(resume(id, last)), 404);
  EXPECT_EQ(kept_bytes(), 0u);
}

TEST_F(StreamableServerResumeTest, DeletingTheSessionWhileNobodyIsThere) {
  start();
  const std::string id = open();
  break_off(id);
  tell(step(2));
  EXPECT_EQ(status_of({.method = "DELETE", .session = id}), 200);
  EXPECT_EQ(cancelled_with(), ErrorCode::cancelled);
  EXPECT_EQ(kept_bytes(), 0u);
}

TEST_F(StreamableServerResumeTest, WhoDoesNotReadCanComeBackForTheAnswer) {
  HttpServerOptions http;
  http.max_queued = 1 << 20;
  StreamableServerOptions options;
  options.replay.bytes = 1 << 20;
  start(std::move(options), http);
  const std::string id = open();
  RawClient slow(4096);
  slow.connect(port_);
  const std::string primed = start_stream(slow, call(id, "flood")).id;
  EXPECT_EQ(cancelled_with(), ErrorCode::overloaded);
  // One that does not read either changes nothing.
  RawClient other(4096);
  other.connect(port_);
  other.send(text(resume(id, primed)));
  other.read_head();
  auto one = resumed(id, primed);
  const auto all = read_gists(one);
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all.back(), "error");
}

TEST_F(StreamableServerResumeTest, ManySessionsAreKeptWithinOneBound) {
  StreamableServerOptions options;
  options.replay.total_bytes = 1 << 20;
  start(std::move(options));
  auto one = client();
  std::vector<std::string> ids;
  for (int i = 0; i < 2000; ++i) {
    one.send(text(initialize()));
    ids.push_back(one.read_response().header("Mcp-Session-Id"));
  }
  for (const std::string method : {"first", "second", "third"})
    push(method + std::string(1000, 'x'));
  EXPECT_LE(kept_bytes(), std::size_t{1} << 20);
  EXPECT_GT(kept_bytes(), std::size_t{1} << 19);
  // The last that was pushed is the last that is dropped.
  auto last = client();
  start_stream(last, listen(ids.back()));
  EXPECT_THAT(read_event(last).data, HasSubstr("third"));
  for (const auto& id : ids)
    EXPECT_EQ(status_of({.method = "DELETE", .session = id}), 200);
  EXPECT_EQ(kept_bytes(), 0u);
}

}  // namespace
}  // namespace mcp
