#include "gateway/routing/check_pool.h"

#include <atomic>
#include <condition_variable>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mutex>
#include <new>
#include <optional>
#include <stdexcept>
#include <vector>

#include "tests/support/recording_context.h"
#include "tests/support/run_task.h"

namespace gateway {
namespace {

using mcp::ErrorCode;
using mcp::Result;
using mcp::WorkEnd;
using testing::HasSubstr;

class CheckPoolTest : public testing::Test {
 protected:
  /// Waits on its thread until it is stopped.
  static Result<> wait_for_stop(std::string_view /*text*/, const WorkEnd& end) {
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock(mutex);
    stopped.wait(lock, end.stop, [] { return false; });
    return {};
  }

  CheckPool::Work waiting_work() {
    return [this](std::string_view text, const WorkEnd& end) {
      ++begun_;
      begun_.notify_all();
      return wait_for_stop(text, end);
    };
  }

  CheckPool::Work counting_work() {
    return [this](std::string_view /*text*/, const WorkEnd& /*end*/) {
      ++begun_;
      return Result<>();
    };
  }

  /// Takes both threads, until the contexts are cancelled.
  void occupy(CheckPool& pool) {
    for (std::size_t i = 0; i < 2; ++i)
      mcp::spawn_task(loop_, pool.run("", waiting_work(), busy_[i]), busy_verdicts_[i]);
    loop_.poll();
    for (int begun = begun_; begun < 2; begun = begun_)
      begun_.wait(begun);
  }

  void free_threads() {
    for (auto& context : busy_)
      context.cancellation().request({.code = ErrorCode::cancelled});
  }

  boost::asio::io_context loop_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_ = boost::asio::make_work_guard(loop_);
  std::atomic<int> begun_ = 0;
  mcp::RecordingContext busy_[2];
  std::optional<Result<>> busy_verdicts_[2];
};

TEST_F(CheckPoolTest, GivesTheWorkItsText) {
  CheckPool pool(loop_.get_executor());
  mcp::RecordingContext context;
  const auto work = [](std::string_view text, const WorkEnd& end) -> Result<> {
    EXPECT_NE(end.deadline, std::chrono::steady_clock::time_point::max());
    if (text == "good") return {};
    return mcp::fail(ErrorCode::invalid_params, std::string(text));
  };
  EXPECT_TRUE(mcp::run_task(loop_, pool.run("good", work, context)));
  EXPECT_EQ(mcp::run_task(loop_, pool.run("bad", work, context)).error().message, "bad");
}

TEST_F(CheckPoolTest, WhatIsThrownBecomesAnError) {
  CheckPool pool(loop_.get_executor());
  mcp::RecordingContext context;
  const auto without_memory = [](std::string_view, const WorkEnd&) -> Result<> { throw std::bad_alloc(); };
  const auto mistaken = [](std::string_view, const WorkEnd&) -> Result<> { throw std::runtime_error("a mistake"); };
  EXPECT_EQ(mcp::run_task(loop_, pool.run("", without_memory, context)).error().code, ErrorCode::overloaded);
  const auto verdict = mcp::run_task(loop_, pool.run("", mistaken, context));
  EXPECT_EQ(verdict.error().code, ErrorCode::internal);
  EXPECT_THAT(verdict.error().message, HasSubstr("a mistake"));
}

TEST_F(CheckPoolTest, JobsWithoutTextCountToo) {
  CheckPool pool(loop_.get_executor(), 4096);
  occupy(pool);
  mcp::RecordingContext context;
  std::vector<std::optional<Result<>>> verdicts(3);
  for (auto& verdict : verdicts)
    mcp::spawn_task(loop_, pool.run("", counting_work(), context), verdict);
  mcp::run_until(loop_, [&] { return verdicts[2].has_value(); });
  EXPECT_EQ(verdicts[2]->error().code, ErrorCode::overloaded);
  EXPECT_FALSE(verdicts[1].has_value());
  free_threads();
  mcp::run_until(loop_, [&] { return verdicts[0].has_value() && verdicts[1].has_value(); });
  EXPECT_TRUE(*verdicts[0] && *verdicts[1]);
  // What is done leaves its place.
  EXPECT_TRUE(mcp::run_task(loop_, pool.run(std::string(2000, 't'), counting_work(), context)));
}

TEST_F(CheckPoolTest, WorkNobodyWaitsForIsNotBegun) {
  CheckPool pool(loop_.get_executor());
  occupy(pool);
  mcp::RecordingContext leaving, staying;
  std::optional<Result<>> left, stayed;
  mcp::spawn_task(loop_, pool.run("", counting_work(), leaving), left);
  mcp::spawn_task(loop_, pool.run("", counting_work(), staying), stayed);
  loop_.poll();
  leaving.cancellation().request({.code = ErrorCode::cancelled, .message = "taken back"});
  mcp::run_until(loop_, [&] { return left.has_value(); });
  EXPECT_EQ(left->error().message, "taken back");
  free_threads();
  mcp::run_until(loop_, [&] { return stayed.has_value(); });
  EXPECT_EQ(begun_, 3);
}

TEST_F(CheckPoolTest, ItsEndStopsWhatIsRunning) {
  {
    CheckPool pool(loop_.get_executor());
    occupy(pool);
  }
  // Whoever waits hears that nothing was checked.
  mcp::run_until(loop_, [&] { return busy_verdicts_[0].has_value() && busy_verdicts_[1].has_value(); });
  EXPECT_EQ(begun_, 2);
}

}  // namespace
}  // namespace gateway
