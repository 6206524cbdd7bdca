#include "gateway/host/file_watch.h"

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <gtest/gtest.h>

#include "mcp/base/clock.h"
#include "tests/support/processes.h"
#include "tests/support/run_task.h"
#include "tests/support/temp_folder.h"

namespace gateway {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

class FileWatchTest : public testing::Test {
 protected:
  static constexpr milliseconds kQuiet{30};

  FileWatchTest() {
    watch_ = make_file_watch(loop_.get_executor(), kQuiet, [this] { ++told_; });
  }

  /// Until it has told once more; nothing else may have come in between.
  void expect_told() {
    ++expected_;
    mcp::run_until(loop_, [&] { return told_ >= expected_; });
    EXPECT_EQ(told_, expected_);
  }

  /// Nothing is told of what happened so far: a patient watch of another file, which changes after it, tells first.
  void expect_silence() {
    bool told = false;
    const auto patient = make_file_watch(loop_.get_executor(), 5 * kQuiet, [&] { told = true; });
    patient->watch({folder_.file("mark")});
    folder_.write("mark", std::to_string(++marks_));
    mcp::run_until(loop_, [&] { return told; });
    EXPECT_EQ(told_, expected_);
  }

  void watch(const std::string& file) { watch_->watch({file}); }

  boost::asio::io_context loop_{1};
  mcp::TempFolder folder_;
  std::shared_ptr<FileWatch> watch_;
  int told_ = 0, expected_ = 0, marks_ = 0;
};

TEST_F(FileWatchTest, TellsOfAFileWrittenInPlace) {
  watch(folder_.write("file", "1"));
  folder_.write("file", "22");
  expect_told();
  folder_.write("file", "333");
  expect_told();
}

TEST_F(FileWatchTest, TellsOfAnotherContentOfTheSameLength) {
  watch(folder_.write("file", "1"));
  folder_.write("file", "2");
  expect_told();
}

TEST_F(FileWatchTest, TellsOfAFileRenamedOverIt) {
  watch(folder_.write("file", "1"));
  for (int i = 0; i < 3; ++i) {
    folder_.replace("file", "2");
    expect_told();
  }
}

TEST_F(FileWatchTest, TellsOfAnEditorThatMovesTheOldOneAway) {
  watch(folder_.write("file", "1"));
  fs::rename(folder_.file("file"), folder_.file("file~"));
  folder_.write("file", "2");
  expect_told();
  expect_silence();
}

TEST_F(FileWatchTest, TellsOnceOfABurst) {
  // Longer than any pause that a busy machine makes in it.
  watch_ = make_file_watch(loop_.get_executor(), milliseconds(1000), [this] { ++told_; });
  watch(folder_.write("file", "1"));
  for (int i = 0; i < 50; ++i) {
    folder_.write("file", std::string(static_cast<std::size_t>(i), 'x'));
    loop_.restart();
    loop_.poll();
  }
  expect_told();
  expect_silence();
}

TEST_F(FileWatchTest, TellsNothingOfOtherFilesInTheFolder) {
  watch(folder_.write("file", "1"));
  folder_.write("other", "1");
  fs::remove(folder_.file("other"));
  expect_silence();
}

TEST_F(FileWatchTest, AFileThatIsReadDoesNotChange) {
  watch(folder_.write("file", "1"));
  EXPECT_EQ(fs::file_size(folder_.file("file")), 1U);
  std::ifstream(folder_.file("file")).get();
  expect_silence();
}

TEST_F(FileWatchTest, TellsOfAFileThatComesAndGoes) {
  watch(folder_.file("file"));
  folder_.write("file", "1");
  expect_told();
  fs::remove(folder_.file("file"));
  expect_told();
  folder_.write("file", "1");
  expect_told();
}

TEST_F(FileWatchTest, TellsOfAFileInAFolderThatComes) {
  watch(folder_.file("sub/deeper/file"));
  fs::create_directories(folder_.file("sub/deeper"));
  folder_.write("sub/deeper/file", "1");
  expect_told();
  folder_.write("sub/deeper/file", "22");
  expect_told();
}

TEST_F(FileWatchTest, TellsOfAFileInAFolderThatIsMadeAgain) {
  fs::create_directory(folder_.file("sub"));
  watch(folder_.write("sub/file", "1"));
  fs::remove_all(folder_.file("sub"));
  expect_told();
  fs::create_directory(folder_.file("sub"));
  folder_.write("sub/file", "1");
  expect_told();
  folder_.write("sub/file", "22");
  expect_told();
}

TEST_F(FileWatchTest, TellsOfAFolderThatIsMovedAwayAndReplaced) {
  fs::create_directory(folder_.file("sub"));
  watch(folder_.write("sub/file", "1"));
  fs::rename(folder_.file("sub"), folder_.file("old"));
  fs::create_directory(folder_.file("sub"));
  folder_.write("sub/file", "2");
  expect_told();
  folder_.write("old/file", "this is not it");
  expect_silence();
  folder_.write("sub/file", "33");
  expect_told();
}

TEST_F(FileWatchTest, FollowsALink) {
  folder_.write("one", "1");
  folder_.write("two", "2");
  fs::create_symlink("one", folder_.file("link"));
  watch(folder_.file("link"));
  folder_.write("one", "11");
  expect_told();
  fs::create_symlink("two", folder_.file("link.new"));
  fs::rename(folder_.file("link.new"), folder_.file("link"));
  expect_told();
  folder_.write("two", "22");
  expect_told();
  folder_.write("one", "no longer it");
  expect_silence();
}

/// file → ..data/file, ..data → a folder of the day; an update switches ..data over.
TEST_F(FileWatchTest, FollowsALinkedFolderAsKubernetesHasIt) {
  for (const char* day : {"..monday", "..tuesday"})
    fs::create_directories(folder_.file(std::string("volume/") + day));
  folder_.write("volume/..monday/file", "1");
  folder_.write("volume/..tuesday/file", "2");
  fs::create_symlink("..monday", folder_.file("volume/..data"));
  fs::create_symlink("..data/file", folder_.file("volume/file"));
  watch(folder_.file("volume/file"));
  fs::create_symlink("..tuesday", folder_.file("volume/..data_tmp"));
  fs::rename(folder_.file("volume/..data_tmp"), folder_.file("volume/..data"));
  fs::remove_all(folder_.file("volume/..monday"));
  expect_told();
  folder_.write("volume/..tuesday/file", "22");
  expect_told();
}

TEST_F(FileWatchTest, ALinkThatLeadsInACircleIsAFileThatIsNotThere) {
  fs::create_symlink("b", folder_.file("a"));
  fs::create_symlink("a", folder_.file("b"));
  watch(folder_.file("a"));
  fs::remove(folder_.file("b"));
  folder_.write("b", "1");
  expect_told();
}

TEST_F(FileWatchTest, OtherFilesFromHereOn) {
  watch(folder_.write("file", "1"));
  EXPECT_FALSE(watch_->watch({folder_.file("file")}));
  EXPECT_TRUE(watch_->watch({folder_.write("second", "1")}));
  folder_.write("file", "22");
  expect_silence();
  folder_.write("second", "22");
  expect_told();
}

TEST_F(FileWatchTest, WhatHappenedIsNotForgottenWhenOtherFilesAreWatchedToo) {
  watch(folder_.write("file", "1"));
  folder_.write("file", "22");
  watch_->watch({folder_.file("file"), folder_.file("third")});
  expect_told();
}

TEST_F(FileWatchTest, TellsNothingOfWhatIsKnown) {
  watch(folder_.write("file", "1"));
  folder_.write("file", "22");
  watch_->take_note();
  expect_silence();
  folder_.write("file", "333");
  expect_told();
}

TEST_F(FileWatchTest, TellsNobodyWhoHasGone) {
  watch(folder_.write("file", "1"));
  folder_.write("file", "22");
  watch_.reset();
  loop_.restart();
  loop_.run();
  EXPECT_EQ(told_, 0);
}

TEST(FileWatchEndTest, LeavesNoDescriptor) {
  boost::asio::io_context loop{1};
  const mcp::TempFolder folder;
  const auto one_life = [&] {
    auto watch = make_file_watch(loop.get_executor(), milliseconds(1), [] {});
    watch->watch({folder.write("file", "1"), folder.file("no/such/file")});
    loop.restart();
    loop.poll();
    watch.reset();
    loop.restart();
    loop.run();
  };
  one_life();
  const auto before = mcp::open_descriptors();
  for (int i = 0; i < 5; ++i)
    one_life();
  EXPECT_EQ(mcp::open_descriptors(), before);
}

}  // namespace
}  // namespace gateway
