// The server's face of streamable HTTP, from the wire: streams that break and are resumed.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

#include "tests/mcp/session/streamable_server_fixture.h"

namespace mcp {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

class StreamableServerResumeTest : public StreamableServerTest {
 protected:
  static Message step(int number) {
    return Message::notification("notifications/progress", R"({"progressToken":1,"progress":)" + std::to_string(number) + "}");
  }

  /// What an event is about: a progress number, "answer", "error", or a method.
  static std::string gist(const std::string& data) {
    if (data.empty()) return "end";
    const json message = json::parse(data);
    if (message.contains("result")) return "answer";
    if (message.contains("error")) return "error";
    if (message["method"] == "notifications/progress") return message["params"]["progress"].dump();
    return message["method"];
  }

  /// All that comes until the stream ends.
  static std::vector<std::string> read_gists(RawClient& stream) {
    std::vector<std::string> all;
    for (Sse event = read_event(stream); !event.data.empty(); event = read_event(stream))
      all.push_back(gist(event.data));
    return all;
  }

  /// Begins a call whose first notification is read, and breaks the connection. Returns that event's id.
  std::string break_off(const std::string& session) {
    loop_.run([this] { shared_.waiting = {}; });
    auto one = client();
    start_stream(one, call(session, "report"));
    const Sse first = read_event(one);
    EXPECT_EQ(gist(first.data), "1");
    wait_until_called();
    one.reset();
    return first.id;
  }

  RawClient resumed(const std::string& session, const std::string& last) {
    auto one = client();
    one.send(text(resume(session, last)));
    EXPECT_EQ(one.read_head().status, 200);
    return one;
  }

  std::size_t kept_bytes() {
    return loop_.run([this] { return server_->kept_bytes(); });
  }

  void sweep_later(std::chrono::steady_clock::duration later) {
    loop_.run([&] { server_->sweep(std::chrono::steady_clock::now() + later); });
  }

  int status_of(const Request& request) const { return ask(request).status; }
};

TEST_F(StreamableServerResumeTest, ACallWhoseConnectionBreaksIsAnsweredOnTheNext) {
  start();
  const std::string id = open();
  const std::string last = break_off(id);
  tell(step(2));
  tell(Message::request("90", "elicitation/create", "{}"));
  auto one = resumed(id, last);
  EXPECT_EQ(gist(read_event(one).data), "2");
  EXPECT_EQ(gist(read_event(one).data), "elicitation/create");
  tell(step(3));
  EXPECT_EQ(gist(read_event(one).data), "3");
  let_go();
  const Sse answer = read_event(one);
  EXPECT_EQ(answer.data, answer_of("report"));
  EXPECT_EQ(one.read_chunk(), "");
  // The connection goes on; the stream does not: 405 is what clients take for "no stream here" without trying again.
  one.send(text(resume(id, answer.id)));
  const auto over = one.read_response();
  EXPECT_EQ(over.status, 405);
  EXPECT_EQ(over.header("Allow"), "GET, POST, DELETE");
  EXPECT_THAT(over.body, HasSubstr("has ended"));
}

TEST_F(StreamableServerResumeTest, AnAnswerThatCameMeanwhileIsKept) {
  start();
  const std::string id = open();
  const std::string last = break_off(id);
  tell(step(2));
  let_go();
  EXPECT_EQ(status_of(call(id, "echo", 8)), 200);
  for (int i = 0; i < 2; ++i) {  // the first connection may have broken too
    auto one = resumed(id, last);
    EXPECT_THAT(read_gists(one), ElementsAre("2", "answer"));
  }
}

TEST_F(StreamableServerResumeTest, ResumesBehindTheEventThatIsNamed) {
  start();
  const std::string id = open();
  const std::string first = break_off(id);
  tell(step(2));
  tell(step(3));
  std::string second;
  {
    auto one = resumed(id, first);
    second = read_event(one).id;
    EXPECT_EQ(gist(read_event(one).data), "3");
    one.reset();
  }
  tell(step(4));
  let_go();
  auto one = resumed(id, second);
  EXPECT_THAT(read_gists(one), ElementsAre("3", "4", "answer"));
}

TEST_F(StreamableServerResumeTest, PrimingAloneIsEnoughToResume) {
  start();
  const std::string id = open();
  std::string primed;
  {
    auto one = client();
    primed = start_stream(one, call(id, "report")).id;
  }
  wait_until_called();
  let_go();
  auto one = resumed(id, primed);
  EXPECT_THAT(read_gists(one), ElementsAre("1", "answer"));
}

TEST_F(StreamableServerResumeTest, TheNewestConnectionHasTheStreamAlone) {
  start();
  const std::string id = open();
  auto old = client();
  start_stream(old, call(id, "report"));
  const std::string last = read_event(old).id;
  wait_until_called();
  auto fresh = resumed(id, last);
  auto newest = resumed(id, last);
  EXPECT_EQ(fresh.read_chunk(), "");
  tell(step(2));
  let_go();
  EXPECT_THAT(read_gists(newest), ElementsAre("2", "answer"));
  EXPECT_THAT(read_gists(old), ElementsAre());
}

TEST_F(StreamableServerResumeTest, AMessageGoesToOneStreamOnly) {
  start();
  const std::string id = open();
  auto listener = client();
  start_stream(listener, listen(id));
  auto one = resumed(id, break_off(id));
  push("pushed");
  tell(step(2));
  let_go();
  EXPECT_THAT(read_gists(one), ElementsAre("2", "answer"));
  EXPECT_EQ(gist(read_event(listener).data), "pushed");
  push("last");
  EXPECT_EQ(gist(read_event(listener).data), "last");
}

TEST_F(StreamableServerResumeTest, TheGetStreamIsResumed) {
  start();
  const std::string id = open();
  std::string first;
  {
    auto one = client();
    start_stream(one, listen(id));
    push("first");
    push("second");
    first = read_event(one).id;
    EXPECT_EQ(gist(read_event(one).data), "second");
    one.reset();
  }
  auto one = resumed(id, first);
  EXPECT_EQ(gist(read_event(one).data), "second");
  push("third");
  const Sse third = read_event(one);
  EXPECT_EQ(gist(third.data), "third");
  // Who comes without an id hears what is new only.
  auto other = client();
  const Sse priming = start_stream(other, listen(id));
  EXPECT_THAT(priming.id, testing::StartsWith(third.id + "-"));
  push("fourth");
  EXPECT_EQ(gist(read_event(other).data), "fourth");
  // A priming event is a place to come back to as well.
  auto again = resumed(id, priming.id);
  EXPECT_EQ(gist(read_event(again).data), "fourth");
}

TEST_F(StreamableServerResumeTest, EventIdsAreUnique) {
  start();
  const std::string id = open();
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) {
    auto one = client();
    ids.push_back(start_stream(one, listen(id)).id);
    push("pushed");
    ids.push_back(read_event(one).id);
    auto two = client();
    loop_.run([this] { shared_.waiting = {}; });
    ids.push_back(start_stream(two, call(id, "report")).id);
    ids.push_back(read_event(two).id);
    wait_until_called();
    let_go();
    ids.push_back(read_event(two).id);
  }
  const std::set<std::string> unique(ids.begin(), ids.end());
  EXPECT_EQ(unique.size(), ids.size());
}

TEST_F(StreamableServerResumeTest, AnotherSessionsEventIsRefused) {
  start();
  const std::string id = open(), other = open();
  const std::string last = break_off(id);
  break_off(other);
  const auto refused = ask(resume(other, last));
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(reason(refused), "invalid_request");
  let_go();
  auto one = resumed(id, last);
  EXPECT_THAT(read_gists(one), ElementsAre("answer"));
}

TEST_F(StreamableServerResumeTest, WhatIsNoEventIdIsRefused) {
  start();
  const std::string id = open();
  const std::string last = break_off(id);
  const std::string tag = last.substr(0, last.find('-'));
  for (const std::string end : {"",
                                "-",
                                "-1",
                                "-1-",
                                "-1-x",
                                "-x-1",
                                "-1-2",
                                "-9-1",
                                "-0-1",
                                "-1-1-",
                                "-1-1-1-1",
                                "-1-1 2",
                                "--1-1",
                                "-1-99999999999999999999",
                                "-18446744073709551615-0"}) {
    EXPECT_EQ(status_of(resume(id, tag + end)), 400) << end;
  }
  EXPECT_EQ(status_of(resume(id, "-1-1")), 400);
  EXPECT_EQ(status_of(resume(id, std::string(5000, '1'))), 400);
  let_go();
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

TEST_F(StreamableServerResumeTest, OlderClientsGetIdsButNoPriming) {
  start();
  for (const std::string version : {"2025-03-26", "2025-06-18"}) {
    const std::string id = ask(initialize(version)).header("Mcp-Session-Id");
    loop_.run([this] { shared_.waiting = {}; });
    std::string last;
    {
      auto one = client();
      one.send(text(call(id, "report")));
      one.read_head();
      const Sse first = parse_event(one.read_chunk());
      EXPECT_EQ(gist(first.data), "1");
      EXPECT_EQ(first.retry, "");
      last = first.id;
    }
    wait_until_called();
    let_go();
    auto one = resumed(id, last);
    EXPECT_THAT(read_gists(one), ElementsAre("answer"));
  }
}

TEST_F(StreamableServerResumeTest, RequestsToAClientThatTakesNoStreamGoByItsGetStream) {
  start();
  Request request = call(open(), "report");
  request.accept = "application/json";
  auto one = client();
  one.send(text(request));
  wait_until_called();
  tell(Message::request("90", "elicitation/create", "{}"));
  auto listener = client();
  start_stream(listener, listen(request.session));
  EXPECT_EQ(gist(read_event(listener).data), "elicitation/create");
  tell(Message::request("91", "roots/list", "{}"));
  tell(step(2));  // which goes nowhere
  push("pushed");
  EXPECT_EQ(gist(read_event(listener).data), "roots/list");
  EXPECT_EQ(gist(read_event(listener).data), "pushed");
  let_go();
  EXPECT_EQ(one.read_response().header("Content-Type"), "application/json");
}

TEST_F(StreamableServerResumeTest, ACallIsAnsweredWhereItWasResumedAlsoWhenTheServerStops) {
  start();
  const std::string id = open();
  auto one = resumed(id, break_off(id));
  loop_.run([this] { server_->close(); });
  std::promise<void> stopped;
  loop_.run([&] {
    auto stop = [this, &stopped]() -> Task<void> {
      co_await http_->stop(std::chrono::steady_clock::now() + kPatience);
      stopped.set_value();
    };
    boost::asio::co_spawn(loop_.executor(), std::move(stop), boost::asio::detached);
  });
  tell(step(2));
  let_go();
  EXPECT_THAT(read_gists(one), ElementsAre("2", "answer"));
  EXPECT_EQ(stopped.get_future().wait_for(kPatience), std::future_status::ready);
}

TEST_F(StreamableServerResumeTest, StopsWhileStreamsAreResumedAndBroken) {
  start();
  const std::string id = open();
  const std::string last = break_off(id);
  auto one = resumed(id, last);
  break_off(open());
}

}  // namespace
}  // namespace mcp
