// What clients hold beyond their requests, where several things happen at once.
#include <gtest/gtest.h>
#include <string>

#include "tests/interleaving/played_server.h"

namespace gateway {
namespace {

using mcp::Message;
using std::chrono::seconds;

const std::string kAsks = R"({"sampling":{}})";
const std::string kResource = R"({"uri":"r:a"})";

class HeldThingsTest : public PlayedServerTest {
 protected:
  void update(const Connection& connection) {
    connection.pipe->send(Message::notification("notifications/resources/updated", kResource));
    clock_.settle();
  }
};

TEST_F(HeldThingsTest, WhatAServerAskedOutsideAnyRequestEndsWithAStdioClient) {
  join<StdioLink>(kAsks);
  request(1, "resources/subscribe", kResource);
  ASSERT_EQ(connections_.size(), 2U);
  connections_[1]->pipe->send(Message::request("5", "sampling/createMessage", R"({"messages":[],"maxTokens":1})"));
  clock_.settle();
  EXPECT_EQ(runtime().status().questions, 1U);
  leave();
  clock_.advance(seconds(5));
  EXPECT_EQ(runtime().status().questions, 0U);
  EXPECT_EQ(runtime().status().own_sessions, 0U);
}

TEST_F(HeldThingsTest, WhatTheClientNoLongerWantsIsNotRenewed) {
  join<SessionLink>(kAsks);
  request(1, "resources/subscribe", kResource);
  ASSERT_EQ(connections_.size(), 2U);
  connections_[1]->pipe->close();
  clock_.settle();
  request(2, "resources/unsubscribe", kResource);
  clock_.advance(seconds(60));
  ASSERT_EQ(arrived("\"id\":2"), 1U);
  for (const auto& connection : connections_)
    update(*connection);
  EXPECT_EQ(arrived("resources/updated"), 0U);
}

TEST_F(HeldThingsTest, ASubscriptionComesBackWithItsSession) {
  join<SessionLink>(kAsks);
  request(1, "resources/subscribe", kResource);
  ASSERT_EQ(connections_.size(), 2U);
  connections_[1]->pipe->close();
  clock_.advance(seconds(60));
  ASSERT_EQ(connections_.size(), 3U);
  EXPECT_EQ(connections_[2]->count("resources/subscribe"), 1U);
  inbox_->arrived.clear();
  update(*connections_[2]);
  EXPECT_EQ(arrived("resources/updated"), 1U);
}

TEST_F(HeldThingsTest, ASubscriptionFromBeforeAClientsOwnSessionEndsToo) {
  join<SessionLink>(kAsks);
  reachable_ = false;
  request(1, "resources/subscribe", kResource);
  EXPECT_EQ(connections_[0]->count("resources/subscribe"), 1U);
  reachable_ = true;
  clock_.advance(seconds(70));
  request(2, "resources/subscribe", kResource);
  ASSERT_EQ(connections_.size(), 2U);
  EXPECT_EQ(connections_[1]->count("resources/subscribe"), 1U);
  EXPECT_EQ(connections_[0]->count("resources/unsubscribe"), 1U);
  request(3, "resources/unsubscribe", kResource);
  EXPECT_EQ(connections_[1]->count("resources/unsubscribe"), 1U);
  update(*connections_[0]);
  update(*connections_[1]);
  EXPECT_EQ(arrived("resources/updated"), 0U);
}

}  // namespace
}  // namespace gateway
