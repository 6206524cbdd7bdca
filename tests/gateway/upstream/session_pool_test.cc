#include <gmock/gmock.h>

#include "tests/gateway/upstream/session_pool_fixture.h"

namespace gateway {
namespace {

using mcp::ErrorCode;
using mcp::Message;
using mcp::Result;
using std::chrono::milliseconds;

TEST_F(SessionPoolTest, DeclaresJustWhatItsClientDoes) {
  make(true);
  PoolContext anna(anna_);
  ASSERT_TRUE(acquire(anna, R"({"elicitation":{}})"));
  EXPECT_THAT(initialized_, testing::ElementsAre(R"({"elicitation":{}})"));
}

TEST_F(SessionPoolTest, InTurnOneSessionServesOneAfterTheOther) {
  make(true);
  PoolContext anna(anna_), bert(bert_);
  {
    ASSERT_TRUE(acquire(anna));
  }
  {
    ASSERT_TRUE(acquire(bert));
  }
  {
    ASSERT_TRUE(acquire(anna));
  }
  EXPECT_EQ(servers_.size(), 1U);
}

TEST_F(SessionPoolTest, WhoComesWhileAnotherIsServedGetsASessionOfItsOwn) {
  make(true);
  PoolContext anna(anna_), bert(bert_);
  const auto first = acquire(anna);
  const auto second = acquire(bert);
  ASSERT_TRUE(first && second);
  EXPECT_NE((*first)->session, (*second)->session);
  const auto again = acquire(anna);
  EXPECT_EQ((*again)->session, (*first)->session) << "a client's requests stay together";
}

TEST_F(SessionPoolTest, OtherCapabilitiesOrPrincipalsShareNothing) {
  make(true, 9);
  PoolContext anna(anna_), bert(bert_);
  const auto stranger_peer = std::make_shared<PoolPeer>(4, "somebody else");
  PoolContext stranger(stranger_peer);
  {
    ASSERT_TRUE(acquire(anna));
  }
  {
    ASSERT_TRUE(acquire(bert, R"({"sampling":{}})"));
  }
  {
    ASSERT_TRUE(acquire(stranger));
  }
  EXPECT_EQ(servers_.size(), 3U);
}

TEST_F(SessionPoolTest, WithoutTurnsASessionStaysWithItsClient) {
  make(false, 9);
  PoolContext anna(anna_), bert(bert_);
  {
    ASSERT_TRUE(acquire(anna));
  }
  {
    ASSERT_TRUE(acquire(bert));
  }
  EXPECT_EQ(servers_.size(), 2U);
  pool_->release(1);
  EXPECT_EQ(pool_->size(), 1U) << "and ends with it";
}

TEST_F(SessionPoolTest, ASessionThatKnowsItsClientIsNotHandedOn) {
  make(true);
  PoolContext anna(anna_), bert(bert_);
  {
    ASSERT_TRUE(acquire(anna));
  }
  servers_.at(0)->send(Message::request("7", "roots/list", {}));
  settle();
  EXPECT_THAT(anna_->asked, testing::ElementsAre("roots/list"));
  {
    ASSERT_TRUE(acquire(bert));
  }
  EXPECT_EQ(servers_.size(), 2U);
}

TEST_F(SessionPoolTest, ASessionWhereSomethingMayStillGoOnIsNotHandedOn) {
  make(true);
  PoolContext anna(anna_), bert(bert_);
  {
    const auto lease = acquire(anna);
    (*lease)->doubtful = true;
  }
  {
    ASSERT_TRUE(acquire(bert));
  }
  EXPECT_EQ(servers_.size(), 2U);
  pool_->release(1);
  EXPECT_EQ(pool_->size(), 1U);
}

TEST_F(SessionPoolTest, WhereAllAreInUseOneWaits) {
  make(true, 1);
  PoolContext anna(anna_), bert(bert_), carl(carl_);
  auto first = std::make_unique<Acquired>(acquire(anna));
  std::optional<Acquired> second, third;
  mcp::spawn_task(loop_, pool_->acquire(bert, R"({"roots":{}})"), second);
  mcp::spawn_task(loop_, pool_->acquire(carl, R"({"roots":{}})"), third);
  settle();
  EXPECT_FALSE(second);
  first.reset();
  settle();
  ASSERT_TRUE(second) << "who came first comes first";
  EXPECT_TRUE(*second);
  EXPECT_FALSE(third);
  carl.cancellation().request({ErrorCode::cancelled, "never mind"});
  settle();
  ASSERT_TRUE(third);
  EXPECT_EQ(third->error().code, ErrorCode::cancelled);
}

TEST_F(SessionPoolTest, AnIdleSessionOfOtherCapabilitiesMakesRoom) {
  make(true, 1);
  PoolContext anna(anna_), bert(bert_);
  {
    ASSERT_TRUE(acquire(anna));
  }
  {
    ASSERT_TRUE(acquire(bert, R"({"sampling":{}})"));
  }
  EXPECT_EQ(pool_->size(), 1U);
  EXPECT_EQ(servers_.size(), 2U);
}

/// Sessions that nobody has a lease of, and that are needed all the same.
TEST_F(SessionPoolTest, ASessionOnWhichARequestIsOpenIsNotHandedOn) {
  make(true);
  PoolContext anna(anna_), bert(bert_);
  const auto session = (*acquire(anna)).session();
  std::optional<Result<Message>> answer;
  Message request = Message::request("7", "tasks/result", R"({"taskId":"t"})");
  mcp::spawn_task(loop_, session->session->handle(std::move(request), anna), answer);
  settle();
  EXPECT_NE((*acquire(bert)).session(), session);
  anna.cancellation().request({ErrorCode::cancelled, "never mind"});
  settle();
  EXPECT_TRUE(answer);
}

TEST_F(SessionPoolTest, WhoseOwnSessionTakesTooLongToOpenIsToldSo) {
  make(true, 1);
  silent_ = true;
  PoolContext anna(anna_);
  anna.deadline = std::chrono::steady_clock::now();
  const auto refused = acquire(anna);
  EXPECT_EQ(refused.error().code, ErrorCode::timeout);
  EXPECT_THAT(refused.error().message, testing::HasSubstr("being opened"));
}

TEST_F(SessionPoolTest, WaitingEndsAtTheDeadline) {
  make(true, 1);
  PoolContext anna(anna_), bert(bert_);
  const auto first = acquire(anna);
  bert.deadline = std::chrono::steady_clock::now();
  EXPECT_EQ(acquire(bert).error().code, ErrorCode::timeout);
}

TEST_F(SessionPoolTest, OneThatCannotBeOpenedIsNotTriedAgainAtOnce) {
  make(true);
  PoolContext anna(anna_);
  refusing_ = true;
  EXPECT_EQ(acquire(anna).error().code, ErrorCode::spawn_failed);
  refusing_ = false;
  EXPECT_EQ(acquire(anna).error().code, ErrorCode::spawn_failed);
  EXPECT_EQ(servers_.size(), 0U);
  EXPECT_EQ(pool_->size(), 0U);
}

TEST_F(SessionPoolTest, ALostSessionIsReplacedAtTheNextRequest) {
  make(true);
  PoolContext anna(anna_);
  {
    ASSERT_TRUE(acquire(anna));
  }
  servers_.at(0)->close();
  settle();
  EXPECT_EQ(pool_->size(), 0U);
  EXPECT_EQ(lost_, 0) << "the client had nothing there";
  {
    ASSERT_TRUE(acquire(anna));
  }
  EXPECT_EQ(servers_.size(), 2U);
}

TEST_F(SessionPoolTest, TheLossOfASessionWithSubscriptionsIsTold) {
  make(true);
  PoolContext anna(anna_);
  {
    (*acquire(anna))->subscriptions["file:///a"] = "file:///a";
  }
  servers_.at(0)->close();
  settle();
  EXPECT_EQ(lost_, 1);
}

TEST_F(SessionPoolTest, ClosingEndsWhatIsBeingOpenedAndWhoWaits) {
  make(true, 1);
  PoolContext anna(anna_), bert(bert_);
  silent_ = true;
  std::optional<Acquired> first, second;
  mcp::spawn_task(loop_, pool_->acquire(anna, R"({"roots":{}})"), first);
  mcp::spawn_task(loop_, pool_->acquire(bert, R"({"roots":{}})"), second);
  settle();
  ASSERT_EQ(servers_.size(), 1U);
  mcp::run_task(loop_, pool_->close({ErrorCode::shutting_down, "over"}));
  settle();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->error().code, ErrorCode::shutting_down);
  EXPECT_EQ(second->error().code, ErrorCode::shutting_down);
  EXPECT_EQ(pool_->size(), 0U);
}

}  // namespace
}  // namespace gateway
