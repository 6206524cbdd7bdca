#include "gateway/upstream/call_gate.h"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <memory>
#include <vector>

#include "mcp/base/clock.h"
#include "tests/support/run_task.h"

namespace gateway {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class GateContext final : public mcp::CallContext {
 public:
  explicit GateContext(std::uint64_t client) { caller_.id = client; }

  const mcp::Caller& caller() const override { return caller_; }
  void notify(mcp::Message) override {}
  mcp::Task<mcp::Result<mcp::Message>> ask(mcp::Message, mcp::Question&) override {
    co_return mcp::fail(mcp::ErrorCode::method_not_found, "not asked");
  }

 private:
  mcp::Caller caller_;
};

class CallGateTest : public testing::Test {
 protected:
  struct Call {
    explicit Call(std::uint64_t client) : context(client) {}

    GateContext context;
    CallGate::Place place;
    std::optional<mcp::Result<>> entered;
  };

  Call& enter(std::uint64_t client) {
    calls_.push_back(std::make_unique<Call>(client));
    Call& call = *calls_.back();
    mcp::spawn_task(loop_, gate_.enter(call.context, call.place), call.entered);
    run_ready();
    return call;
  }

  void leave(Call& call) {
    call.place = {};
    run_ready();
  }

  void run_ready() {
    loop_.restart();
    while (loop_.poll() > 0) {
    }
  }

  /// The numbers of the calls that are in.
  std::vector<std::size_t> inside() const {
    std::vector<std::size_t> numbers;
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      if (calls_[i]->entered && *calls_[i]->entered) numbers.push_back(i);
    }
    return numbers;
  }

  boost::asio::io_context loop_{1};
  CallGate gate_{loop_.get_executor()};
  std::vector<std::unique_ptr<Call>> calls_;
};

TEST_F(CallGateTest, WithoutALimitNobodyWaits) {
  for (int i = 0; i < 10; ++i)
    enter(1);
  EXPECT_EQ(gate_.inside(), 10U);
  calls_.clear();
  EXPECT_EQ(gate_.inside(), 0U);
}

TEST_F(CallGateTest, ClientsTakeTurns) {
  gate_.set_limit(1);
  auto& first = enter(1);
  auto& second = enter(1);
  enter(1);
  auto& other = enter(2);
  EXPECT_THAT(inside(), ElementsAre(0));
  EXPECT_EQ(gate_.queued(), 3U);
  leave(first);
  leave(second);
  EXPECT_THAT(inside(), ElementsAre(0, 1, 3)) << "the other client's, though it came later";
  leave(other);
  EXPECT_THAT(inside(), ElementsAre(0, 1, 2, 3));
}

TEST_F(CallGateTest, WhoGivesUpLeavesTheQueue) {
  gate_.set_limit(1);
  auto& first = enter(1);
  auto& gone = enter(2);
  auto& next = enter(2);
  gone.context.cancellation().request({mcp::ErrorCode::cancelled, "no longer wanted"});
  run_ready();
  ASSERT_TRUE(gone.entered);
  EXPECT_EQ(gone.entered->error().code, mcp::ErrorCode::cancelled);
  EXPECT_EQ(gate_.queued(), 1U);
  leave(first);
  EXPECT_TRUE(next.entered && *next.entered);
}

TEST_F(CallGateTest, WhoWasLetInAndGivesUpLetsTheNextOneIn) {
  gate_.set_limit(1);
  auto& first = enter(1);
  auto& gone = enter(2);
  auto& next = enter(3);
  first.place = {};  // lets it in, which it has not noticed yet
  gone.context.cancellation().request({mcp::ErrorCode::cancelled, "no longer wanted"});
  run_ready();
  EXPECT_EQ(gone.entered->error().code, mcp::ErrorCode::cancelled);
  leave(gone);
  EXPECT_TRUE(next.entered && *next.entered);
  EXPECT_EQ(gate_.inside(), 1U);
}

TEST_F(CallGateTest, AWaitEndsWithTheCallsTime) {
  gate_.set_limit(1);
  enter(1);
  calls_.push_back(std::make_unique<Call>(2));
  Call& late = *calls_.back();
  late.context.deadline = mcp::Clock::now();
  const auto entered = mcp::run_task(loop_, gate_.enter(late.context, late.place));
  ASSERT_FALSE(entered);
  EXPECT_EQ(entered.error().code, mcp::ErrorCode::timeout);
  EXPECT_EQ(gate_.queued(), 0U);
}

TEST_F(CallGateTest, AHigherLimitLetsInWhoWaits) {
  gate_.set_limit(1);
  for (int i = 0; i < 4; ++i)
    enter(1);
  gate_.set_limit(3);
  run_ready();
  EXPECT_THAT(inside(), ElementsAre(0, 1, 2));
  gate_.set_limit(0);
  run_ready();
  EXPECT_EQ(gate_.inside(), 4U);
}

TEST_F(CallGateTest, TooManyAreRefused) {
  gate_.set_limit(1);
  enter(1);
  for (std::size_t i = 0; i < CallGate::kMaxQueued; ++i)
    enter(2);
  auto& refused = enter(3);
  ASSERT_TRUE(refused.entered);
  EXPECT_EQ(refused.entered->error().code, mcp::ErrorCode::overloaded);
  gate_.set_limit(0);
  run_ready();
}

}  // namespace
}  // namespace gateway
