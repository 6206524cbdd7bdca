// Sessions of a pool that are kept for their clients, and those that make room.
#include "tests/gateway/upstream/session_pool_fixture.h"

namespace gateway {
namespace {

using mcp::ErrorCode;
using mcp::Message;
using mcp::Result;

class NeededSessionTest : public SessionPoolTest {
 protected:
  NeededSessionTest() { make(false, 1); }

  /// Anna's session, which she has just used.
  std::shared_ptr<PooledSession> open() { return (*acquire(anna_context_)).session(); }

  void expect_kept() {
    PoolContext bert(bert_);
    EXPECT_EQ(acquire(bert).error().code, ErrorCode::overloaded) << "no room is made for others";
    clock_.advance(std::chrono::minutes(11));
    EXPECT_EQ(pool_->size(), 1U) << "nor is it closed as idle";
  }

  void expect_not_kept() {
    clock_.advance(std::chrono::minutes(11));
    EXPECT_EQ(pool_->size(), 0U);
  }

  mcp::FakeClock clock_{loop_};
  PoolContext anna_context_{anna_};
};

TEST_F(NeededSessionTest, WhereTasksRun) {
  const auto session = open();
  session->tasks = 1;
  expect_kept();
  session->tasks = 0;
  expect_not_kept();
}

TEST_F(NeededSessionTest, WhereItsClientIsSubscribedAndListens) {
  const auto session = open();
  session->subscriptions["a:1"] = "a:1";
  expect_kept();
  anna_->listening = false;
  PoolContext bert(bert_);
  EXPECT_TRUE(acquire(bert)) << "room is made for a client that is there";
  expect_not_kept();
}

TEST_F(NeededSessionTest, WhereARequestIsOpen) {
  const auto session = open();
  std::optional<Result<Message>> answer;
  Message request = Message::request("7", "tasks/result", R"({"taskId":"t"})");
  mcp::spawn_task(loop_, session->session->handle(std::move(request), anna_context_), answer);
  settle();
  expect_kept();
  anna_context_.cancellation().request({ErrorCode::cancelled, "never mind"});
  settle();
  ASSERT_TRUE(answer);
  expect_not_kept();
}

TEST_F(NeededSessionTest, WhereItsClientIsAskedSomething) {
  const auto session = open();
  anna_->thinking = std::make_shared<mcp::Event>(loop_.get_executor());
  servers_.at(0)->send(Message::request("7", "roots/list", {}));
  settle();
  ASSERT_EQ(anna_->asked.size(), 1U);
  expect_kept();
  anna_->thinking->set();
  settle();
  expect_not_kept();
}

}  // namespace
}  // namespace gateway
