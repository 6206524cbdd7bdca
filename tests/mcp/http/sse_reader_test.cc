#include "mcp/http/sse_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <vector>

namespace mcp {
namespace {

struct Case {
  std::string name;
  std::string stream;
  std::vector<std::string> events;  // "event|data|id|retry"
};

std::string show(const SseEvent& event) {
  return std::string(event.event) + "|" + event.data + "|" + std::string(event.id) + "|" +
         (event.retry_ms ? std::to_string(*event.retry_ms) : "");
}

const std::vector<Case>& cases() {
  static const std::vector<Case> kCases = {
      {"one event", "data: {\"a\":1}\n\n", {"|{\"a\":1}||"}},
      {"without the blank", "data:x\n\n", {"|x||"}},
      {"only one blank goes", "data:  x\n\n", {"| x||"}},
      {"lines are joined", "data: a\ndata: b\ndata:\ndata: c\n\n", {"|a\nb\n\nc||"}},
      {"names and ids", "event: message\nid: 7\ndata: x\n\n", {"message|x|7|"}},
      {"the id stays in force", "id: 7\ndata: x\n\ndata: y\n\n", {"|x|7|", "|y|7|"}},
      {"an empty id clears it", "id: 7\ndata: x\n\nid\ndata: y\n\n", {"|x|7|", "|y||"}},
      {"an id with NUL is none", std::string("id: a\0b\ndata: x\n\n", 18), {"|x||"}},
      {"priming", "id: 1\ndata: \n\nretry: 10\n\n", {"||1|", "||1|10"}},
      {"data without colon", "data\n\n", {"|||"}},
      {"retry must be digits", "retry: 1s\n\nretry: -5\ndata: x\n\n", {"|x||"}},
      {"a huge retry is cut", "retry: 99999999999999999999\n\n", {"|||2147483647"}},
      {"comments", ": hello\n\n:\ndata: x\n: y\n\n", {"|x||"}},
      {"unknown fields", "foo: bar\ndatax: 1\n data: 2\nDATA: 3\n\ndata: x\n\n", {"|x||"}},
      {"an event name alone is nothing", "event: x\n\ndata: y\n\n", {"|y||"}},
      {"CR", "data: a\rdata: b\r\rdata: c\r\r", {"|a\nb||", "|c||"}},
      {"CRLF", "id: 1\r\ndata: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n", {"|a\nb|1|", "|c|1|"}},
      {"mixed", "data: a\r\n\rdata: b\n\r\ndata: c\r\n\n", {"|a||", "|b||", "|c||"}},
      {"byte order mark",
       "\xEF\xBB\xBF"
       "data: x\n\n",
       {"|x||"}},
      {"two byte order marks",
       "\xEF\xBB\xBF\xEF\xBB\xBF"
       "data: x\n\ndata: y\n\n",
       {"|y||"}},
      {"half a byte order mark",
       "\xEF\xBB"
       "data: x\n\ndata: y\n\n",
       {"|y||"}},
      {"the unfinished end is dropped", "data: x\n\ndata: y\n", {"|x||"}},
      {"empty", "", {}},
  };
  return kCases;
}

TEST(SseReaderTest, ReadsStreamsInPiecesOfAnySize) {
  for (const auto& each : cases()) {
    for (std::size_t piece : {1UL, 2UL, 3UL, 5UL, 7UL, 64UL, 1000UL}) {
      SCOPED_TRACE(each.name + " in pieces of " + std::to_string(piece));
      SseReader reader(1000);
      std::vector<std::string> events;
      auto take = [&](SseEvent& event) {
        events.push_back(show(event));
        return true;
      };
      for (std::size_t at = 0; at < each.stream.size(); at += piece)
        ASSERT_TRUE(reader.feed(std::string_view(each.stream).substr(at, piece), take));
      EXPECT_EQ(events, each.events);
    }
  }
}

TEST(SseReaderTest, BoundsAnEvent) {
  const std::string streams[] = {
      "data: " + std::string(200, 'x'),
      "data: " + std::string(200, 'x') + "\n\n",
      "id: " + std::string(200, 'x'),
      "unknown" + std::string(200, 'x'),
      [] {
        std::string lines;
        for (int i = 0; i < 60; ++i)
          lines += "data: x\n";
        return lines;
      }(),
  };
  for (const auto& stream : streams) {
    for (std::size_t piece : {1UL, 64UL, 1000UL}) {
      SseReader reader(100);
      auto take = [](SseEvent&) -> bool {
        ADD_FAILURE() << "an event that is too large was reported";
        return true;
      };
      Result<> fed;
      for (std::size_t at = 0; at < stream.size() && fed; at += piece)
        fed = reader.feed(std::string_view(stream).substr(at, piece), take);
      ASSERT_FALSE(fed);
      EXPECT_EQ(fed.error().code, ErrorCode::too_large);
      EXPECT_TRUE(reader.feed("\n\ndata: y\n\n", take));
    }
  }
}

TEST(SseReaderTest, EndlessCommentsCostNoMemory) {
  SseReader reader(100);
  std::string comment(1000, 'x');
  auto never = [](SseEvent&) { return false; };
  ASSERT_TRUE(reader.feed(":", never));
  for (int i = 0; i < 100; ++i)
    ASSERT_TRUE(reader.feed(comment, never));
}

TEST(SseReaderTest, StopsWhenToldTo) {
  SseReader reader(100);
  int events = 0;
  auto one = [&](SseEvent&) {
    ++events;
    return false;
  };
  ASSERT_TRUE(reader.feed("data: a\n\ndata: b\n\n", one));
  ASSERT_TRUE(reader.feed("data: c\n\n", one));
  EXPECT_EQ(events, 1);
}

TEST(SseReaderTest, RemembersTheLastId) {
  SseReader reader(100);
  auto any = [](SseEvent&) { return true; };
  ASSERT_TRUE(reader.feed("id: 1\ndata: a\n\nid: 2\n\n", any));
  EXPECT_EQ(reader.last_id(), "2");
}

}  // namespace
}  // namespace mcp
