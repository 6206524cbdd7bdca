#include "gateway/host/state_file.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

namespace gateway {
namespace {

using mcp::ErrorCode;
using testing::HasSubstr;
namespace fs = std::filesystem;

class StateFileTest : public testing::Test {
 protected:
  StateFileTest() {
    std::string name = testing::TempDir() + "state_XXXXXX";
    base_ = ::mkdtemp(name.data());
    dir_ = base_ + "/state";
  }

  ~StateFileTest() override { fs::remove_all(base_); }

  static mode_t mode_of(const std::string& path) {
    struct stat info{};
    return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 0777 : 0;
  }

  std::string info() const { return dir_ + "/gateway.json"; }

  void write_info(const std::string& text) const { std::ofstream(info()) << text; }

  std::unique_ptr<StateLock> acquire() const {
    auto lock = StateLock::acquire(dir_);
    EXPECT_TRUE(lock) << lock.error().text();
    return lock ? std::move(*lock) : nullptr;
  }

  static RunningGateway self() {
    return {.pid = 4711, .mcp_url = "http://127.0.0.1:1/mcp", .admin_url = "http://127.0.0.1:2", .token = "t\"k", .config = "/c/ö"};
  }

  std::string base_, dir_;
};

TEST_F(StateFileTest, SaysWhoRunsAsLongAsItRuns) {
  EXPECT_EQ(*find_running_gateway(dir_), std::nullopt);
  auto lock = acquire();
  ASSERT_TRUE(lock->publish(self()));
  const auto found = find_running_gateway(dir_);
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->pid, 4711);
  EXPECT_EQ((*found)->mcp_url, "http://127.0.0.1:1/mcp");
  EXPECT_EQ((*found)->local_url, (*found)->mcp_url) << "one door for all";
  EXPECT_EQ((*found)->mcp_token, "");
  EXPECT_EQ((*found)->admin_url, "http://127.0.0.1:2");
  EXPECT_EQ((*found)->token, "t\"k");
  EXPECT_EQ((*found)->config, "/c/ö");
  lock.reset();
  EXPECT_EQ(*find_running_gateway(dir_), std::nullopt);
  EXPECT_FALSE(fs::exists(info()));
}

TEST_F(StateFileTest, SaysWhereThisMachinesCommandsComeIn) {
  const auto lock = acquire();
  RunningGateway running = self();
  running.local_url = "http://127.0.0.1:3/mcp";
  running.mcp_token = "own";
  ASSERT_TRUE(lock->publish(running));
  const auto found = find_running_gateway(dir_);
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->local_url, "http://127.0.0.1:3/mcp");
  EXPECT_EQ((*found)->mcp_token, "own");
}

TEST_F(StateFileTest, OnlyItsOwnerMayLookInside) {
  const mode_t before = ::umask(0);
  dir_ = base_ + "/a/b";
  auto lock = acquire();
  fs::create_directories(dir_);
  write_info("");
  ASSERT_TRUE(lock->publish(self()));
  ::umask(before);
  EXPECT_EQ(mode_of(dir_), 0700u);
  EXPECT_EQ(mode_of(info()), 0600u);
}

TEST_F(StateFileTest, AFolderThatIsThereKeepsItsMode) {
  fs::create_directories(dir_);
  ::chmod(dir_.c_str(), 0755);
  const auto lock = acquire();
  EXPECT_EQ(mode_of(dir_), 0755u);
}

TEST_F(StateFileTest, ASecondGatewayIsToldOfTheFirst) {
  auto lock = acquire();
  auto second = StateLock::acquire(dir_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::config_invalid);
  EXPECT_EQ(second.error().message, "a gateway already runs on " + dir_ + " (another process)");
  ASSERT_TRUE(lock->publish(self()));
  second = StateLock::acquire(dir_);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, HasSubstr("(pid 4711)"));
  EXPECT_THAT(second.error().remedy, HasSubstr("--state"));
  // The one that was refused took nothing away.
  EXPECT_TRUE(*find_running_gateway(dir_));
  lock.reset();
  EXPECT_TRUE(StateLock::acquire(dir_));
}

TEST_F(StateFileTest, HoldsAgainstAnotherProcessAndDiesWithIt) {
  std::array<int, 2> ready{}, end{};
  ASSERT_EQ(::pipe(ready.data()), 0);
  ASSERT_EQ(::pipe(end.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(end[1]);
    auto lock = StateLock::acquire(dir_);
    const bool good = lock && (*lock)->publish(self());
    char byte = good ? 'y' : 'n';
    if (::write(ready[1], &byte, 1) != 1 || ::read(end[0], &byte, 1) != 0) ::_exit(1);
    ::_exit(0);  // without the destructor, as one that crashes
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ASSERT_EQ(byte, 'y');
  EXPECT_FALSE(StateLock::acquire(dir_));
  EXPECT_TRUE(*find_running_gateway(dir_));
  for (const int descriptor : {ready[0], ready[1], end[0], end[1]})
    ::close(descriptor);
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  // Its file is still there, and counts for nothing.
  EXPECT_TRUE(fs::exists(info()));
  EXPECT_EQ(*find_running_gateway(dir_), std::nullopt);
  EXPECT_TRUE(StateLock::acquire(dir_));
}

TEST_F(StateFileTest, WhatADeadGatewayLeftIsNotTakenForTheNew) {
  acquire();
  write_info(R"({"pid":99,"mcpUrl":"http://127.0.0.1:9/mcp"})");
  const auto lock = acquire();
  EXPECT_EQ(*find_running_gateway(dir_), std::nullopt);
  EXPECT_THAT(StateLock::acquire(dir_).error().message, HasSubstr("(another process)"));
}

TEST_F(StateFileTest, ALockWhoseFolderWasRemovedLeavesTheNextGatewayAlone) {
  auto first = acquire();
  ASSERT_TRUE(first->publish(self()));
  fs::remove_all(dir_);
  const auto second = acquire();
  ASSERT_TRUE(second->publish(self()));
  first.reset();
  EXPECT_TRUE(*find_running_gateway(dir_));
}

TEST_F(StateFileTest, WhoAsksDoesNotKeepAGatewayFromStarting) {
  acquire();
  std::atomic<bool> enough = false;
  std::thread asking([&] {
    while (!enough)
      EXPECT_TRUE(find_running_gateway(dir_));
  });
  for (int i = 0; i < 300; ++i)
    EXPECT_NE(acquire(), nullptr);
  enough = true;
  asking.join();
}

TEST_F(StateFileTest, WhatCannotBeReadIsAnError) {
  const auto lock = acquire();
  for (const std::string text : {"", "{", "[]", "\xff"}) {
    write_info(text);
    const auto found = find_running_gateway(dir_);
    ASSERT_FALSE(found) << text;
    EXPECT_EQ(found.error().code, ErrorCode::io_error);
    EXPECT_THAT(found.error().message, HasSubstr(info()));
  }
  // Members of another kind than ours are none.
  write_info(R"({"pid":"x","mcpUrl":7,"adminUrl":null,"more":[]})");
  const auto found = find_running_gateway(dir_);
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->pid, 0);
  EXPECT_EQ((*found)->mcp_url, "");
}

TEST_F(StateFileTest, AFolderThatCannotBeMadeIsNamed) {
  std::ofstream(base_ + "/file") << "x";
  dir_ = base_ + "/file/state";
  const auto lock = StateLock::acquire(dir_);
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().code, ErrorCode::io_error);
  EXPECT_THAT(lock.error().message, HasSubstr(dir_));
  EXPECT_THAT(lock.error().remedy, HasSubstr("--state"));
  EXPECT_EQ(*find_running_gateway(dir_), std::nullopt);
}

TEST_F(StateFileTest, AFileThatCannotBeWrittenIsNamed) {
  const auto lock = acquire();
  fs::create_directories(info() + "/in the way");
  const auto published = lock->publish(self());
  ASSERT_FALSE(published);
  EXPECT_EQ(published.error().code, ErrorCode::io_error);
  EXPECT_THAT(published.error().message, HasSubstr(info()));
  for (const auto& entry : fs::directory_iterator(dir_))
    EXPECT_FALSE(entry.path().filename().string().contains("gateway.json.")) << entry.path();
}

}  // namespace
}  // namespace gateway
