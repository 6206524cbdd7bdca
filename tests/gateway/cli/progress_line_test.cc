#include "gateway/cli/progress_line.h"

#include <condition_variable>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mutex>
#include <sstream>

namespace gateway {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

/// A stream one can wait on.
class WatchedBuffer : public std::stringbuf {
 public:
  void wait_for(const std::string& text) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return all_.find(text) != std::string::npos; });
  }

  std::string all() {
    const std::lock_guard lock(mutex_);
    return all_;
  }

 protected:
  int sync() override {
    const std::lock_guard lock(mutex_);
    all_ += str();
    str("");
    changed_.notify_all();
    return 0;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string all_;
};

TEST(ProgressLineTest, AppearsChangesAndIsWiped) {
  WatchedBuffer buffer;
  std::ostream out(&buffer);
  {
    ProgressLine line(out, true, "starting: a\x1b", std::chrono::seconds(0));
    buffer.wait_for("starting: a? (");
    line.set(std::string(200, 'x'));
    buffer.wait_for("xxx… (");
  }
  EXPECT_THAT(buffer.all(), StartsWith("\r\x1b[K"));
  EXPECT_THAT(buffer.all(), EndsWith("\r\x1b[K"));
}

TEST(ProgressLineTest, ShowsNothingOfWhatIsQuick) {
  std::ostringstream out;
  {
    const ProgressLine line(out, true, "starting", std::chrono::hours(1));
  }
  {
    const ProgressLine line(out, false, "starting", std::chrono::seconds(0));
  }
  EXPECT_EQ(out.str(), "");
}

}  // namespace
}  // namespace gateway
