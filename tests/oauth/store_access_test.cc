#include "oauth/store_access.h"

#include <unistd.h>

#include <boost/asio/thread_pool.hpp>

#include "tests/oauth/store_fixture.h"
#include "tests/support/fake_clock.h"
#include "tests/support/run_task.h"

namespace oauth {
namespace {

using mcp::ErrorCode;
using mcp::run_task;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

using LockResult = mcp::Result<std::unique_ptr<StoreLock>>;

class StoreAccessTest : public StoreTest {
 protected:
  ~StoreAccessTest() override { helpers_.join(); }

  boost::asio::io_context loop_{1};
  boost::asio::thread_pool helpers_{1};
  StoreAccess access_{open(), helpers_};
  const CredentialKey key_ = sample_credential().key;
  mcp::Cancellation cancellation_;
};

TEST_F(StoreAccessTest, AnswersAsTheStoreDoes) {
  EXPECT_EQ(got(run_task(loop_, access_.load(key_))), std::nullopt);
  ASSERT_TRUE(run_task(loop_, access_.save(sample_credential())));
  EXPECT_EQ(got(run_task(loop_, access_.load(key_))), sample_credential());
  EXPECT_THAT(run_task(loop_, access_.load_all())->credentials, ElementsAre(sample_credential()));
  EXPECT_THAT(run_task(loop_, access_.find(sample_credential().server_url, ""))->credentials, ElementsAre(sample_credential()));
  EXPECT_EQ(run_task(loop_, access_.remove(key_)), true);
  const Client client = sample_credential().client;
  ASSERT_TRUE(run_task(loop_, access_.save_client("issuer", client)));
  EXPECT_EQ(got(run_task(loop_, access_.load_client("issuer"))), client);
  ASSERT_TRUE(run_task(loop_, access_.remove_client("issuer")));
  ASSERT_TRUE(run_task(loop_, access_.save_secret("NAME", "value")));
  EXPECT_EQ(got(run_task(loop_, access_.load_secret("NAME"))), "value");
  EXPECT_THAT(*run_task(loop_, access_.secret_names()), ElementsAre("NAME"));
  EXPECT_EQ(run_task(loop_, access_.remove_secret("NAME")), true);
}

TEST_F(StoreAccessTest, ALockIsHadOnceItsHolderIsDone) {
  auto first = run_task(loop_, access_.lock(key_, cancellation_, seconds(0)));
  ASSERT_TRUE(first && *first);
  std::optional<LockResult> second;
  mcp::spawn_task(loop_, access_.lock(key_, cancellation_, seconds(60)), second);
  // The only helper is free meanwhile.
  EXPECT_EQ(got(run_task(loop_, access_.load(key_))), std::nullopt);
  EXPECT_FALSE(second);
  first->reset();
  mcp::run_until(loop_, [&] { return second.has_value(); });
  EXPECT_TRUE(*second && **second);
}

TEST_F(StoreAccessTest, ALockThatIsNotToBeHadNamesFileAndHolder) {
  mcp::FakeClock clock(loop_);
  const auto held = open()->try_lock(key_);
  ASSERT_TRUE(held && *held);
  std::optional<LockResult> lock;
  mcp::spawn_task(loop_, access_.lock(key_, cancellation_, milliseconds(120)), lock);
  // What the pool does takes time that does not pass.
  while (!lock) {
    clock.advance(milliseconds(10), milliseconds(10));
    run_task(loop_, access_.load(key_));
  }
  ASSERT_FALSE(*lock);
  EXPECT_EQ(lock->error().code, ErrorCode::io_error);
  EXPECT_THAT(lock->error().message, HasSubstr(path_ + "/credential-"));
  EXPECT_THAT(lock->error().message, HasSubstr("is locked by process " + std::to_string(::getpid())));
}

TEST_F(StoreAccessTest, WhoeverWaitsCanBeCalledOff) {
  const auto held = open()->try_lock(key_);
  ASSERT_TRUE(held && *held);
  std::optional<LockResult> lock;
  mcp::spawn_task(loop_, access_.lock(key_, cancellation_, seconds(3600)), lock);
  run_task(loop_, access_.load(key_));
  cancellation_.request({ErrorCode::shutting_down, "the gateway is stopping"});
  mcp::run_until(loop_, [&] { return lock.has_value(); });
  ASSERT_FALSE(*lock);
  EXPECT_EQ(lock->error().code, ErrorCode::shutting_down);
  const auto again = run_task(loop_, access_.lock(key_, cancellation_, seconds(0)));
  EXPECT_EQ(again.error().code, ErrorCode::shutting_down);
}

TEST_F(StoreAccessTest, ALockThatNobodyWaitsForAnyMoreIsGivenBack) {
  {
    boost::asio::io_context loop{1};
    std::optional<LockResult> lock;
    mcp::spawn_task(loop, access_.lock(key_, cancellation_, seconds(60)), lock);
    loop.poll();
    helpers_.join();
    EXPECT_EQ(*open()->try_lock(key_), nullptr);
  }
  EXPECT_NE(*open()->try_lock(key_), nullptr);
}

}  // namespace
}  // namespace oauth
