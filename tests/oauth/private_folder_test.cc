#include "oauth/private_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "oauth/credential_store.h"
#include "tests/oauth/store_fixture.h"

namespace oauth {
namespace {

namespace fs = std::filesystem;
using mcp::ErrorCode;
using testing::HasSubstr;

class PrivateFolderTest : public testing::Test {
 protected:
  std::string read(const std::string& name) {
    const auto text = folder_.read(name, 1000);
    EXPECT_TRUE(text) << text.error().text();
    return text && *text ? **text : "(none)";
  }

  static mode_t mode_of(const std::string& path) {
    struct stat status{};
    EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 07777;
  }

  mcp::TempFolder temp_;
  const std::string path_ = temp_.file("a/b");
  PrivateFolder folder_{path_};
};

TEST_F(PrivateFolderTest, FilesAreReplacedAndRemoved) {
  EXPECT_EQ(read("x"), "(none)");
  EXPECT_EQ(folder_.remove("x"), false);
  EXPECT_TRUE(folder_.names()->empty());
  ASSERT_TRUE(folder_.replace("x", "old"));
  ASSERT_TRUE(folder_.replace("x", "new"));
  EXPECT_EQ(read("x"), "new");
  EXPECT_EQ(folder_.create("x", "other"), false);
  EXPECT_EQ(read("x"), "new");
  EXPECT_EQ(folder_.create("y", "y"), true);
  EXPECT_EQ(files_in(path_).size(), 2U);
  EXPECT_EQ(folder_.remove("x"), true);
  EXPECT_EQ(read("x"), "(none)");
}

TEST_F(PrivateFolderTest, AllOfItIsForItsUserAlone) {
  const mode_t mask = ::umask(0);
  ASSERT_TRUE(folder_.replace("x", "text"));
  ASSERT_TRUE(folder_.create("y", "text"));
  ASSERT_TRUE(folder_.try_lock("z.lock"));
  ::umask(mask);
  EXPECT_EQ(mode_of(path_), 0700U);
  EXPECT_EQ(mode_of(temp_.file("a")), 0700U);
  for (const char* const name : {"x", "y", "z.lock"})
    EXPECT_EQ(mode_of(folder_.file(name)), 0600U) << name;
}

TEST_F(PrivateFolderTest, AFolderThatOthersMayChangeIsNotUsed) {
  fs::create_directories(path_);
  ::chmod(path_.c_str(), 0770);
  const auto refused = folder_.replace("x", "text");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::io_error);
  EXPECT_THAT(refused.error().message, HasSubstr(path_));
  EXPECT_EQ(refused.error().remedy, "Run: chmod 700 " + path_);
}

TEST_F(PrivateFolderTest, WhatItReadsIsAFileOfItsUserAndNotTooLarge) {
  ASSERT_TRUE(folder_.replace("x", "1234"));
  EXPECT_TRUE(folder_.read("x", 4));
  EXPECT_THAT(folder_.read("x", 3).error().message, HasSubstr("larger"));
  fs::create_symlink("x", folder_.file("link"));
  EXPECT_FALSE(folder_.read("link", 4));
  ASSERT_EQ(::mkfifo(folder_.file("fifo").c_str(), 0600), 0);
  EXPECT_THAT(folder_.read("fifo", 4).error().message, HasSubstr("no file"));
  ::chmod(folder_.file("x").c_str(), 0640);
  EXPECT_TRUE(folder_.read("x", 4));
  EXPECT_THAT(folder_.read("x", 4, PrivateFolder::Readers::owner).error().remedy, HasSubstr("chmod 600 " + folder_.file("x")));
}

TEST_F(PrivateFolderTest, ForeignFilesAreNotRead) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  ASSERT_TRUE(folder_.replace("x", "text"));
  ASSERT_EQ(::chown(folder_.file("x").c_str(), 12345, 0), 0);
  EXPECT_THAT(folder_.read("x", 4).error().message, HasSubstr("another user (uid 12345)"));
}

/// With every call that changes something failing in turn.
TEST_F(PrivateFolderTest, AFailureAtAnyStepLeavesTheOldTextAndNothingElse) {
  ASSERT_TRUE(folder_.replace("x", "old"));
  for (const int error : {ENOSPC, EROFS, EACCES, EIO}) {
    for (int at = 1;; ++at) {
      int left = at;
      std::string failed_at;
      PrivateFolder failing(path_, [&](std::string_view step) {
        if (--left != 0) return 0;
        failed_at = step;
        return error;
      });
      const auto outcome = failing.replace("x", "new");
      if (outcome) break;
      EXPECT_EQ(outcome.error().code, ErrorCode::io_error);
      EXPECT_THAT(outcome.error().message, HasSubstr(path_));
      EXPECT_FALSE(outcome.error().remedy.empty());
      EXPECT_EQ(read("x"), failed_at == "fsync folder" ? "new" : "old") << failed_at;
      EXPECT_EQ(files_in(path_).size(), 1U) << failed_at;
      ASSERT_TRUE(folder_.replace("x", "old"));
    }
    ASSERT_TRUE(folder_.replace("x", "old"));
  }
}

TEST_F(PrivateFolderTest, ADiskThatIsFullSaysSo) {
  ASSERT_TRUE(folder_.replace("x", "old"));
  struct rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit small{2, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto outcome = folder_.replace("x", "much too long");
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  ASSERT_FALSE(outcome);
  EXPECT_THAT(outcome.error().message, HasSubstr("cannot write " + folder_.file("x")));
  EXPECT_EQ(read("x"), "old");
  EXPECT_EQ(files_in(path_).size(), 1U);
}

TEST_F(PrivateFolderTest, OnlyWhatNobodyWritesAnyMoreIsALeftover) {
  ASSERT_TRUE(folder_.replace("x", "text"));
  const std::string dead = folder_.file(".new-dead"), alive = folder_.file(".new-alive");
  std::ofstream(dead) << "half of somethi";
  std::ofstream(alive) << "half of somethi";
  const int descriptor = ::open(alive.c_str(), O_WRONLY | O_CLOEXEC);
  ASSERT_EQ(::flock(descriptor, LOCK_EX), 0);
  folder_.remove_leftovers();
  EXPECT_FALSE(fs::exists(dead));
  EXPECT_TRUE(fs::exists(alive));
  ::close(descriptor);
  folder_.remove_leftovers();
  EXPECT_FALSE(fs::exists(alive));
  EXPECT_EQ(read("x"), "text");
}

TEST_F(PrivateFolderTest, NobodyTakesAWritersFileForALeftover) {
  std::jthread cleaner([this](const std::stop_token& stop) {
    while (!stop.stop_requested())
      folder_.remove_leftovers();
  });
  for (int i = 0; i < 300; ++i)
    ASSERT_TRUE(folder_.replace("x", std::to_string(i))) << i;
  EXPECT_EQ(read("x"), "299");
}

TEST_F(PrivateFolderTest, OneThatIsTakenForALeftoverBeforeItIsLockedIsMadeAgain) {
  int taken = 0;
  PrivateFolder late(path_, [&](std::string_view step) {
    if (step == "lock" && ++taken == 1) folder_.remove_leftovers();
    return 0;
  });
  ASSERT_TRUE(late.replace("x", "text"));
  EXPECT_EQ(taken, 2);
  EXPECT_EQ(read("x"), "text");
}

TEST_F(PrivateFolderTest, ALockExcludesThreadsAndIsGivenBack) {
  auto first = folder_.try_lock("a.lock");
  ASSERT_TRUE(first && *first);
  EXPECT_EQ(*folder_.try_lock("a.lock"), nullptr);
  EXPECT_EQ(*PrivateFolder(path_).try_lock("a.lock"), nullptr);
  EXPECT_NE(*folder_.try_lock("b.lock"), nullptr);
  EXPECT_EQ(folder_.holder_of("a.lock"), ::getpid());
  // In another container a pid is somebody else's.
  std::string written = files_in(path_)["a.lock"];
  written.insert(written.size() - 2, "1");
  std::ofstream(folder_.file("a.lock")) << written;
  EXPECT_EQ(folder_.holder_of("a.lock"), std::nullopt);
  first->reset();
  EXPECT_EQ(folder_.holder_of("a.lock"), std::nullopt);
  EXPECT_NE(*folder_.try_lock("a.lock"), nullptr);
}

TEST_F(PrivateFolderTest, ALockIsGivenBackThoughAForkHasItsDescriptor) {
  auto held = folder_.try_lock("a.lock");
  ASSERT_TRUE(held && *held);
  const pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  held->reset();
  EXPECT_NE(*folder_.try_lock("a.lock"), nullptr);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

TEST_F(PrivateFolderTest, WhoeverHasTheLockHasTheOneThatOthersSee) {
  std::unique_ptr<StoreLock> other;
  // It is removed while it is open and not locked yet, and somebody else locks the next one.
  PrivateFolder late(path_, [&](std::string_view step) {
    if (step != "lock" || other) return 0;
    ::unlink(folder_.file("a.lock").c_str());
    other = *folder_.try_lock("a.lock");
    return 0;
  });
  const auto lock = late.try_lock("a.lock");
  ASSERT_TRUE(lock) << lock.error().text();
  EXPECT_EQ(*lock, nullptr);
  EXPECT_NE(other, nullptr);
}

}  // namespace
}  // namespace oauth
