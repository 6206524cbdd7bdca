#include "mcp/session/post_reply.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace mcp {
namespace {

/// An exchange that notes what it is told, and whose client behaves as the test says.
class FakeExchange final : public HttpExchange {
 public:
  std::string_view method() const override { return "POST"; }
  std::string_view path() const override { return "/mcp"; }
  std::string_view query() const override { return {}; }
  std::string_view header(std::string_view) const override { return {}; }
  std::string_view remote_address() const override { return "127.0.0.1:1"; }
  std::string take_body() override { return {}; }

  bool respond(int status, std::string_view, std::string_view body, HttpHeaders headers) override {
    answers.push_back(std::to_string(status) + " " + std::string(body) + (headers.empty() ? "" : " +headers"));
    return true;
  }

  void begin_stream(HttpHeaders) override { ++streams; }

  StreamWrite write(std::string bytes) override {
    written += bytes;
    return outcome;
  }

  void on_stream_end(std::function<void()> callback) override { client_leaves = std::move(callback); }
  Task<void> end_stream() override { return done(); }

  StreamWrite outcome = StreamWrite::queued;
  std::vector<std::string> answers;
  int streams = 0;
  std::string written;
  std::function<void()> client_leaves;
};

class PostReplyTest : public testing::Test {
 protected:
  PostReply reply(AcceptedTypes accepted = {.json = true, .stream = true}) {
    return {exchange_, session_, accepted, {}, PostReply::Clock::time_point{}, std::chrono::seconds(10)};
  }

  static Message progress() { return Message::notification("notifications/progress", R"({"progressToken":1,"progress":1})"); }

  FakeExchange exchange_;
  HttpSession session_{std::make_shared<ReplayPool>(ReplayLimits{})};
};

TEST_F(PostReplyTest, AnswersWithJsonWhereNothingCameBefore) {
  PostReply reply = this->reply();
  EXPECT_TRUE(reply.finish(Message::result("1", "{}")));
  EXPECT_EQ(exchange_.answers, std::vector<std::string>{R"(200 {"jsonrpc":"2.0","id":1,"result":{}})"});
  EXPECT_EQ(exchange_.streams, 0);
}

TEST_F(PostReplyTest, StreamsFromTheFirstNotification) {
  PostReply reply = this->reply();
  EXPECT_TRUE(reply.send(progress()));
  EXPECT_FALSE(reply.finish(Message::result("1", "{}")));
  EXPECT_EQ(exchange_.streams, 1);
  EXPECT_TRUE(exchange_.answers.empty());
  EXPECT_NE(exchange_.written.find("notifications/progress"), std::string::npos);
  EXPECT_NE(exchange_.written.find(R"("result":{})"), std::string::npos);
}

TEST_F(PostReplyTest, ClientThatDoesNotReadIsTold) {
  PostReply reply = this->reply();
  exchange_.outcome = StreamWrite::unread;
  EXPECT_FALSE(reply.send(progress()));
}

/// Disconnecting is no cancellation: also not in the moment when the write is the first to notice.
TEST_F(PostReplyTest, ClientThatLeftIsNotInterested) {
  PostReply reply = this->reply();
  exchange_.outcome = StreamWrite::gone;
  EXPECT_TRUE(reply.send(progress()));
  exchange_.client_leaves();
  EXPECT_TRUE(reply.send(progress()));
}

TEST_F(PostReplyTest, KeepsSilentForAWhile) {
  PostReply reply = this->reply();
  reply.keep_alive(PostReply::Clock::time_point{} + std::chrono::seconds(9));
  EXPECT_EQ(exchange_.streams, 0);
  reply.keep_alive(PostReply::Clock::time_point{} + std::chrono::seconds(10));
  EXPECT_EQ(exchange_.streams, 1);
  EXPECT_EQ(exchange_.written, kSseKeepAlive);
}

TEST_F(PostReplyTest, ClientThatTakesNoStreamGetsNone) {
  PostReply reply = this->reply({.json = true, .stream = false});
  EXPECT_TRUE(reply.send(progress()));
  reply.keep_alive(PostReply::Clock::time_point{} + std::chrono::hours(1));
  EXPECT_TRUE(reply.finish(std::nullopt));
  EXPECT_EQ(exchange_.streams, 0);
  EXPECT_EQ(exchange_.answers, std::vector<std::string>{"202 "});
  EXPECT_EQ(session_.streams.kept().size(), 0U);
}

TEST_F(PostReplyTest, RequestToAClientThatTakesNoStreamGoesByItsGetStream) {
  PostReply reply = this->reply({.json = true, .stream = false});
  EXPECT_TRUE(reply.send(Message::request("5", "elicitation/create", "{}")));
  EXPECT_EQ(session_.streams.kept().size(), 1U);
  EXPECT_TRUE(reply.finish(Message::result("1", "{}")));
  FakeExchange get;
  session_.streams.listening()->attach(get, nullptr);
  session_.streams.listening()->replay(0);
  EXPECT_NE(get.written.find("elicitation/create"), std::string::npos);
  EXPECT_EQ(exchange_.answers, std::vector<std::string>{R"(200 {"jsonrpc":"2.0","id":1,"result":{}})"});
}

/// A connection that the server itself wants to end still takes the answer.
TEST_F(PostReplyTest, AnswerStillGoesOutWhenTheServerStops) {
  PostReply reply = this->reply();
  EXPECT_TRUE(reply.send(progress()));
  exchange_.client_leaves();
  EXPECT_FALSE(reply.finish(Message::result("1", "{}")));
  EXPECT_NE(exchange_.written.find(R"("result":{})"), std::string::npos);
}

TEST_F(PostReplyTest, IsKnownToItsSessionWhileItLives) {
  {
    const PostReply reply = this->reply();
    EXPECT_EQ(session_.open_answers.size(), 1U);
  }
  EXPECT_TRUE(session_.open_answers.empty());
}

}  // namespace
}  // namespace mcp
