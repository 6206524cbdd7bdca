#include "gateway/upstream/circuit_breaker.h"

#include <gtest/gtest.h>

namespace gateway {
namespace {

using mcp::ErrorCode;
using std::chrono::seconds;
using State = CircuitBreaker::State;

class CircuitBreakerTest : public testing::Test {
 protected:
  void fail_times(int times, ErrorCode code = ErrorCode::timeout) {
    for (int i = 0; i < times; ++i) {
      EXPECT_TRUE(breaker_.admits(now_));
      breaker_.failed(code, now_);
    }
  }

  CircuitBreaker breaker_;
  CircuitBreaker::Clock::time_point now_;
};

TEST_F(CircuitBreakerTest, OpensAfterFiveFailuresInARow) {
  fail_times(4);
  breaker_.succeeded();
  fail_times(4);
  EXPECT_EQ(breaker_.state(), State::closed);
  fail_times(1);
  EXPECT_EQ(breaker_.state(), State::open);
  EXPECT_EQ(breaker_.until(), now_ + seconds(10));
  EXPECT_FALSE(breaker_.admits(now_ + seconds(9)));
}

TEST_F(CircuitBreakerTest, WhatSaysNothingOfTheServerDoesNotCount) {
  for (const auto code : {ErrorCode::cancelled, ErrorCode::overloaded, ErrorCode::shutting_down, ErrorCode::login_required})
    fail_times(5, code);
  EXPECT_EQ(breaker_.state(), State::closed);
}

TEST_F(CircuitBreakerTest, ASingleOneIsTriedAndDecides) {
  fail_times(5);
  now_ += seconds(10);
  EXPECT_TRUE(breaker_.admits(now_));
  EXPECT_FALSE(breaker_.admits(now_)) << "one at a time";
  breaker_.failed(ErrorCode::timeout, now_);
  EXPECT_EQ(breaker_.until(), now_ + seconds(20));
  now_ += seconds(20);
  EXPECT_TRUE(breaker_.admits(now_));
  breaker_.succeeded();
  EXPECT_EQ(breaker_.state(), State::closed);
  EXPECT_TRUE(breaker_.admits(now_));
  EXPECT_TRUE(breaker_.admits(now_));
}

TEST_F(CircuitBreakerTest, ATrialThatWasTakenBackLetsTheNextOneTry) {
  fail_times(5);
  now_ += seconds(10);
  EXPECT_TRUE(breaker_.admits(now_));
  breaker_.failed(ErrorCode::cancelled, now_);
  EXPECT_TRUE(breaker_.admits(now_));
}

TEST_F(CircuitBreakerTest, ThePauseEndsAtAMinute) {
  fail_times(5);
  for (int i = 0; i < 6; ++i) {
    now_ = *breaker_.until();
    EXPECT_TRUE(breaker_.admits(now_));
    breaker_.failed(ErrorCode::connect_failed, now_);
  }
  EXPECT_EQ(breaker_.until(), now_ + seconds(60));
  breaker_.reset();
  EXPECT_TRUE(breaker_.admits(now_));
}

TEST_F(CircuitBreakerTest, LateAnswersOfTheTimeBeforeCloseNothing) {
  fail_times(5);
  breaker_.succeeded();
  EXPECT_EQ(breaker_.state(), State::open);
}

}  // namespace
}  // namespace gateway
