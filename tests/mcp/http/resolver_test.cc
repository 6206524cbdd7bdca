#include "mcp/http/resolver.h"

#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <gtest/gtest.h>
#include <map>
#include <mutex>
#include <optional>

#include "tests/support/run_task.h"

namespace mcp {
namespace {

using Addresses = std::vector<boost::asio::ip::address>;
using Outcome = std::optional<Result<Addresses>>;

/// A system whose names are looked up as the test wants: "dead…" is held until let go and then fails, others are found at once.
class FakeNames {
 public:
  Result<Addresses> look_up(const std::string& host) {
    std::unique_lock lock(mutex_);
    ++asked_[host];
    if (!host.starts_with("dead")) return Addresses{boost::asio::ip::make_address("192.0.2.1")};
    ++held_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return let_go_; });
    --held_;
    return fail(ErrorCode::connect_failed, host + " is not there");
  }

  void wait_for_held(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return held_ == count; });
  }

  void hold(bool hold) {
    const std::lock_guard lock(mutex_);
    let_go_ = !hold;
    changed_.notify_all();
  }

  int asked(const std::string& host) {
    const std::lock_guard lock(mutex_);
    return asked_[host];
  }

  int held() {
    const std::lock_guard lock(mutex_);
    return held_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, int> asked_;
  int held_ = 0;
  bool let_go_ = false;
};

class ResolverTest : public testing::Test {
 protected:
  ~ResolverTest() override { names_->hold(false); }

  void ask(const std::string& host, Outcome& out) { ask(host, cancellation_, out); }

  void ask(const std::string& host, Cancellation& cancellation, Outcome& out) {
    spawn_task(loop_, resolver_.resolve(host, cancellation), out);
    loop_.restart();
    loop_.poll();
  }

  void wait_for(const Outcome& outcome) {
    run_until(loop_, [&] { return outcome.has_value(); });
  }

  boost::asio::io_context loop_;
  Cancellation cancellation_;
  std::shared_ptr<FakeNames> names_ = std::make_shared<FakeNames>();  // its threads may outlive the test
  Resolver resolver_{[names = names_](const std::string& host) { return names->look_up(host); }};
};

TEST_F(ResolverTest, TwoDeadNamesDoNotBlockOthers) {
  Outcome one, two, good;
  ask("dead-1", one);
  ask("dead-2", two);
  names_->wait_for_held(2);
  ask("good", good);
  wait_for(good);
  EXPECT_TRUE(*good);
  names_->hold(false);
  wait_for(one);
  wait_for(two);
  EXPECT_FALSE(*one);
}

TEST_F(ResolverTest, NamesThatFailedGetHalfOfTheThreads) {
  std::vector<Outcome> dead(6), again(6);
  names_->hold(false);
  for (std::size_t i = 0; i < dead.size(); ++i)
    ask("dead-" + std::to_string(i), dead[i]);
  for (auto& each : dead)
    wait_for(each);
  names_->hold(true);
  for (std::size_t i = 0; i < again.size(); ++i)
    ask("dead-" + std::to_string(i), again[i]);
  names_->wait_for_held(2);
  for (int i = 0; i < 10; ++i) {
    Outcome good;
    ask("good-" + std::to_string(i), good);
    wait_for(good);
    EXPECT_TRUE(*good);
  }
  EXPECT_EQ(names_->held(), 2);
  names_->hold(false);
  for (auto& each : again) {
    wait_for(each);
    EXPECT_FALSE(*each);
  }
}

TEST_F(ResolverTest, WhoAsksAgainWaitsForTheSameLookup) {
  Cancellation impatient;
  std::vector<Outcome> dead(2), again(2);
  ask("dead-0", impatient, dead[0]);
  ask("dead-1", impatient, dead[1]);
  names_->wait_for_held(2);
  impatient.request({ErrorCode::timeout, "too slow"});
  for (auto& each : dead) {
    wait_for(each);
    EXPECT_EQ(each->error().code, ErrorCode::timeout);
  }
  ask("dead-0", again[0]);
  ask("dead-1", again[1]);
  Outcome good;
  ask("good", good);
  wait_for(good);
  EXPECT_EQ(names_->held(), 2);
  names_->hold(false);
  wait_for(again[0]);
  wait_for(again[1]);
  EXPECT_EQ(names_->asked("dead-0"), 1);
}

TEST_F(ResolverTest, ManyWhoAskAtOnceShareOneLookup) {
  std::vector<Outcome> dead(300);
  for (auto& each : dead)
    ask("dead", each);
  names_->wait_for_held(1);
  names_->hold(false);
  for (auto& each : dead) {
    wait_for(each);
    ASSERT_FALSE(*each);
    EXPECT_EQ(each->error().message, "dead is not there");
  }
  EXPECT_EQ(names_->asked("dead"), 1);
}

TEST_F(ResolverTest, AnswersAreNotKept) {
  names_->hold(false);
  Outcome first, second;
  ask("good", first);
  wait_for(first);
  ask("good", second);
  wait_for(second);
  EXPECT_TRUE(*second);
  EXPECT_EQ(names_->asked("good"), 2);
}

TEST_F(ResolverTest, TheLoopMayEndInTheMiddle) {
  auto loop = std::make_unique<boost::asio::io_context>();
  Outcome out;
  spawn_task(*loop, resolver_.resolve("dead", cancellation_), out);
  loop->poll();
  names_->wait_for_held(1);
  loop.reset();
  names_->hold(false);
}

}  // namespace
}  // namespace mcp
