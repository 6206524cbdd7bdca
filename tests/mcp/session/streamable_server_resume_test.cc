// The server's face of streamable HTTP, from the wire: streams that break and are resumed.
#include "tests/mcp/session/streamable_server_resume.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

namespace mcp {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

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
