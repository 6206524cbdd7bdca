#include "gateway/config/update_file.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>
#include <thread>
#include <vector>

namespace gateway {
namespace {

using testing::HasSubstr;

constexpr std::size_t kMaxBytes = 1024 * 1024;

class UpdateFileTest : public testing::Test {
 protected:
  UpdateFileTest() {
    std::string folder = testing::TempDir() + "switchyard-update-XXXXXX";
    EXPECT_NE(::mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    file_ = folder_ + "/a.json";
  }

  ~UpdateFileTest() override {
    std::error_code error;
    std::filesystem::remove_all(folder_, error);
  }

  static void write(const std::string& file, const std::string& text) { std::ofstream(file) << text; }

  static std::string read(const std::string& file) {
    std::stringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
  }

  static mcp::Result<> put(const std::string& file, const std::string& text) {
    return update_file(file, kMaxBytes, [&](const auto&) { return text; });
  }

  static mode_t mode_of(const std::string& file) {
    struct stat status{};
    EXPECT_EQ(::stat(file.c_str(), &status), 0) << file;
    return status.st_mode & 07777;
  }

  std::size_t files() const { return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder_), {})); }

  std::string folder_, file_;
};

TEST_F(UpdateFileTest, TheTextIsReplacedAndModeAndLinksStay) {
  write(file_, "old");
  ::chmod(file_.c_str(), 0640);
  std::filesystem::create_directory(folder_ + "/links");
  std::filesystem::create_symlink("../a.json", folder_ + "/links/inner");
  std::filesystem::create_symlink("links/inner", folder_ + "/outer");
  const auto outcome = update_file(folder_ + "/outer", kMaxBytes, [](const std::optional<std::string>& text) {
    EXPECT_EQ(text, "old");
    return "new";
  });
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(read(file_), "new");
  EXPECT_EQ(mode_of(file_), 0640U);
  EXPECT_TRUE(std::filesystem::is_symlink(folder_ + "/outer"));
  EXPECT_TRUE(std::filesystem::is_symlink(folder_ + "/links/inner"));
  EXPECT_EQ(files(), 3U);
}

TEST_F(UpdateFileTest, OwnerAndGroupStay) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may give files away";
  write(file_, "old");
  ASSERT_EQ(::chown(file_.c_str(), 12345, 54321), 0);
  ASSERT_TRUE(put(file_, "new"));
  struct stat status{};
  ASSERT_EQ(::stat(file_.c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 12345U);
  EXPECT_EQ(status.st_gid, 54321U);
}

TEST_F(UpdateFileTest, AFileIsMadeWithItsFolders) {
  const std::string file = folder_ + "/x/y/b.json";
  const auto refused = update_file(file, kMaxBytes, [](const auto& text) -> mcp::Result<std::string> {
    EXPECT_FALSE(text);
    return mcp::fail(mcp::ErrorCode::config_invalid, "no");
  });
  EXPECT_EQ(refused.error().message, "no");
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/x")) << "a change that is refused leaves nothing behind";
  ASSERT_TRUE(put(file, "new"));
  EXPECT_EQ(read(file), "new");
  EXPECT_EQ(mode_of(file), 0600U);
  EXPECT_EQ(mode_of(folder_ + "/x"), 0700U);
  EXPECT_EQ(mode_of(folder_ + "/x/y"), 0700U);
  std::filesystem::create_symlink("x/c.json", folder_ + "/dangling");
  ASSERT_TRUE(put(folder_ + "/dangling", "there"));
  EXPECT_EQ(read(folder_ + "/x/c.json"), "there");
}

TEST_F(UpdateFileTest, WhatIsTheSameIsNotWritten) {
  write(file_, "same");
  ::chmod(file_.c_str(), 0400);
  struct stat before{}, after{};
  ASSERT_EQ(::stat(file_.c_str(), &before), 0);
  ASSERT_TRUE(put(file_, "same"));
  ASSERT_EQ(::stat(file_.c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
}

TEST_F(UpdateFileTest, AReadOnlyFileStays) {
  write(file_, "old");
  ::chmod(file_.c_str(), 0444);
  const auto outcome = put(file_, "new");
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().message, file_ + " is read-only");
  EXPECT_EQ(outcome.error().remedy, "Make it writable (chmod u+w), or name another with --config FILE.");
  EXPECT_EQ(read(file_), "old");
  EXPECT_EQ(files(), 1U);
}

TEST_F(UpdateFileTest, WhatIsNoFileIsSaid) {
  EXPECT_EQ(put(folder_, "new").error().message, folder_ + ": a folder, not a file");
  std::filesystem::create_symlink("loop", folder_ + "/loop");
  EXPECT_EQ(put(folder_ + "/loop", "new").error().message, folder_ + "/loop: its symbolic links lead back to themselves");
  write(file_, "old");
  const auto below = put(file_ + "/b.json", "new");
  EXPECT_THAT(below.error().message, HasSubstr("cannot make the folder " + file_ + " for " + file_ + "/b.json: Not a directory"));
  EXPECT_EQ(files(), 2U);
}

TEST_F(UpdateFileTest, AFullDiskLeavesTheOldFile) {
  write(file_, "old");
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = 4096;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto outcome = put(file_, std::string(10'000, 'x'));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ASSERT_FALSE(outcome);
  EXPECT_THAT(outcome.error().message, HasSubstr("cannot write " + file_ + ": File too large"));
  EXPECT_EQ(read(file_), "old");
  EXPECT_EQ(files(), 1U);
}

TEST_F(UpdateFileTest, ChangesAtOnceAllCount) {
  constexpr int kThreads = 4, kChanges = 25;
  write(file_, "");
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < kChanges; ++j) {
        const auto outcome = update_file(file_, kMaxBytes, [](const auto& text) { return text.value_or("") + "x"; });
        EXPECT_TRUE(outcome) << outcome.error().message;
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_EQ(read(file_).size(), static_cast<std::size_t>(kThreads * kChanges));
}

TEST_F(UpdateFileTest, AChangeOfSomebodyWithoutTheLockIsKept) {
  write(file_, "one");
  int asked = 0;
  const auto outcome = update_file(file_, kMaxBytes, [&](const auto& text) {
    if (++asked == 1) write(file_, "one, two");
    return *text + ", three";
  });
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(read(file_), "one, two, three");
}

}  // namespace
}  // namespace gateway
