// The log of events, and what one client of it gets.
#include "gateway/admin/event_stream.h"

#include <poll.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

#include "gateway/admin/admin_views.h"
#include "tests/gateway/admin/fake_source.h"

namespace gateway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::vector<std::string> data_after(const EventLog& log, std::uint64_t id) {
  std::vector<std::string> data;
  const auto events = log.after(id);
  EXPECT_TRUE(events);
  for (const auto& event : events.value_or(EventLog::Events()))
    data.push_back(event->data);
  return data;
}

bool is_readable(int fd) {
  pollfd polled{fd, POLLIN, 0};
  return ::poll(&polled, 1, 0) > 0;
}

TEST(EventLogTest, GivesWhatCameAfterAnEvent) {
  EventLog log;
  EXPECT_EQ(log.last(), 0U);
  EXPECT_THAT(data_after(log, 0), ElementsAre());
  log.add("server", "files", "1");
  log.add("gateway", "", "2");
  EXPECT_EQ(log.last(), 2U);
  EXPECT_THAT(data_after(log, 0), ElementsAre("1", "2"));
  EXPECT_THAT(data_after(log, 1), ElementsAre("2"));
  EXPECT_THAT(data_after(log, 2), ElementsAre());
  EXPECT_FALSE(log.after(3)) << "of another log";
}

TEST(EventLogTest, KeepsSoManyAndSoMuch) {
  EventLog log;
  for (std::size_t i = 0; i <= EventLog::kMostEvents; ++i)
    log.add("server", "files", std::to_string(i));
  EXPECT_FALSE(log.after(0));
  EXPECT_EQ(log.after(1)->size(), EventLog::kMostEvents);
  log.add("reload", "", std::string(EventLog::kMostBytes * 2, 'x'));
  EXPECT_EQ(log.after(log.last() - 1)->size(), 1U) << "the last is kept, whatever its size";
  EXPECT_FALSE(log.after(log.last() - 2));
}

TEST(EventLogTest, WakesWhoListens) {
  EventLog log;
  const EventLog::Listener listener(log);
  EXPECT_FALSE(is_readable(listener.fd()));
  EXPECT_FALSE(listener.wait_until(std::chrono::steady_clock::now()));
  log.add("server", "files", "1");
  EXPECT_TRUE(is_readable(listener.fd()));
  EXPECT_TRUE(listener.wait_until(std::chrono::steady_clock::time_point::max()));
  listener.clear();
  EXPECT_FALSE(is_readable(listener.fd()));
}

class EventStreamTest : public testing::Test {
 protected:
  std::unique_ptr<EventStream> open(const std::string& server = "", const std::string& last_seen = "") {
    auto stream = EventStream::open(source_, server, last_seen);
    EXPECT_TRUE(stream) << stream.error().text();
    return stream ? std::move(*stream) : nullptr;
  }

  std::string id(int number) const { return source_.log.name() + "." + std::to_string(number); }

  FakeSource source_;
};

TEST_F(EventStreamTest, BeginsWithASnapshotAndGoesOnFromThere) {
  source_.log.add("server", "files", R"({"n":1})");
  const auto stream = open();
  const auto first = stream->next();
  EXPECT_EQ(first, "retry: 1000\n\nid: " + id(1) + "\nevent: snapshot\ndata: " + servers_json(sample_status()) + "\n\n");
  EXPECT_EQ(stream->next(), "");
  source_.log.add("server", "files", R"({"n":2})");
  EXPECT_TRUE(is_readable(stream->fd()));
  source_.log.add("gateway", "", R"({"n":3})");
  EXPECT_EQ(stream->next(),
            "id: " + id(2) + "\nevent: server\ndata: {\"n\":2}\n\nid: " + id(3) + "\nevent: gateway\ndata: {\"n\":3}\n\n");
  EXPECT_FALSE(is_readable(stream->fd()));
}

TEST_F(EventStreamTest, OneServersEventsAndThoseOfEverybody) {
  const auto stream = open("files");
  const std::string first = *stream->next();
  EXPECT_THAT(first, HasSubstr(R"("name":"files")"));
  EXPECT_THAT(first, Not(HasSubstr("linear")));
  source_.log.add("server", "linear", R"({"of":"linear"})");
  source_.log.add("server", "files", R"({"of":"files"})");
  source_.log.add("reload", "", R"({"of":"all"})");
  EXPECT_EQ(
      stream->next(),
      "id: " + id(2) + "\nevent: server\ndata: {\"of\":\"files\"}\n\nid: " + id(3) + "\nevent: reload\ndata: {\"of\":\"all\"}\n\n");
  EXPECT_TRUE(open("off")) << "one that is switched off";
  EXPECT_FALSE(EventStream::open(source_, "file", id(2))) << "who comes back likewise";
  const auto unknown = EventStream::open(source_, "file", "");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().message, "there is no server \"file\"; did you mean \"files\"?");
}

TEST_F(EventStreamTest, WhoComesBackGetsWhatItMissed) {
  source_.log.add("server", "files", R"({"n":1})");
  source_.log.add("server", "files", R"({"n":2})");
  EXPECT_EQ(open("", id(1))->next(), "retry: 1000\n\nid: " + id(2) + "\nevent: server\ndata: {\"n\":2}\n\n");
  EXPECT_EQ(open("", id(2))->next(), "retry: 1000\n\n");
  for (const std::string& other : {id(3), std::string("cafe.1"), id(1) + "x", source_.log.name() + ".", std::string("1")})
    EXPECT_THAT(*open("", other)->next(), HasSubstr("event: snapshot")) << other;
}

TEST_F(EventStreamTest, WhoIsTooSlowGetsASnapshotAgain) {
  const auto stream = open();
  stream->next();
  for (std::size_t i = 0; i <= EventLog::kMostEvents; ++i)
    source_.log.add("server", "files", "{}");
  const std::string again = *stream->next();
  EXPECT_THAT(again, StartsWith("id: " + id(EventLog::kMostEvents + 1) + "\nevent: snapshot\n"));
  source_.log.add("server", "files", "{}");
  EXPECT_EQ(stream->next(), "id: " + id(EventLog::kMostEvents + 2) + "\nevent: server\ndata: {}\n\n");
}

TEST_F(EventStreamTest, EndsWhereTheGatewayCannotTell) {
  const auto stream = open();
  stream->next();
  for (std::size_t i = 0; i <= EventLog::kMostEvents; ++i)
    source_.log.add("server", "files", "{}");
  source_.error = mcp::Error{mcp::ErrorCode::timeout, "it is busy"};
  EXPECT_EQ(stream->next(), std::nullopt);
  EXPECT_FALSE(EventStream::open(source_, "", ""));
}

}  // namespace
}  // namespace gateway
