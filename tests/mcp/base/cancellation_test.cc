#include "mcp/base/cancellation.h"

#include <gtest/gtest.h>
#include <memory>

namespace mcp {
namespace {

TEST(CancellationTest, CallbackRunsOnceWithTheFirstReason) {
  Cancellation cancellation;
  int runs = 0;
  Cancellation::Callback callback(cancellation, [&] { ++runs; });
  cancellation.request({ErrorCode::timeout, "too slow"});
  cancellation.request({ErrorCode::cancelled, "second"});
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(cancellation.reason().code, ErrorCode::timeout);
}

TEST(CancellationTest, LateCallbackRunsAtOnce) {
  Cancellation cancellation;
  cancellation.request({ErrorCode::cancelled, "gone"});
  int runs = 0;
  Cancellation::Callback callback(cancellation, [&] { ++runs; });
  EXPECT_EQ(runs, 1);
}

TEST(CancellationTest, DestroyedCallbackDoesNotRun) {
  Cancellation cancellation;
  int runs = 0;
  {
    Cancellation::Callback callback(cancellation, [&] { ++runs; });
  }
  cancellation.request({ErrorCode::cancelled, "gone"});
  EXPECT_EQ(runs, 0);
}

TEST(CancellationTest, CallbackMayDestroyItselfAndOthers) {
  Cancellation cancellation;
  int runs = 0;
  std::unique_ptr<Cancellation::Callback> other, self;
  other = std::make_unique<Cancellation::Callback>(cancellation, [&] { ++runs; });
  self = std::make_unique<Cancellation::Callback>(cancellation, [&] {
    ++runs;
    other.reset();
    self.reset();
  });
  cancellation.request({ErrorCode::cancelled, "gone"});
  EXPECT_EQ(runs, 1);
}

}  // namespace
}  // namespace mcp
