// The store between real processes, some of which are killed.

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <thread>

#include "mcp/process/run_command.h"
#include "tests/oauth/store_fixture.h"
#include "tests/support/programs.h"

namespace oauth {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

const CredentialKey kKey{"https://as.example", "https://mcp.example/mcp", "worker"};  // of store_worker's record

class StoreProcessTest : public StoreTest {
 protected:
  mcp::CommandOutput run(std::vector<std::string> args) const {
    mcp::Command command;
    command.program = mcp::program_path("store_worker");
    command.args = std::move(args);
    command.args.insert(command.args.begin(), path_);
    command.patience = std::chrono::seconds(100);
    auto output = mcp::run_command(command);
    EXPECT_TRUE(output) << output.error().text();
    return output ? *output : mcp::CommandOutput();
  }

  /// What a fresh process finds.
  std::string read(const std::string& action) const {
    std::string line = run({"read", action}).out;
    if (line.ends_with('\n')) line.pop_back();
    return line;
  }

  void expect_no_clear_text() const {
    for (const auto& [name, text] : files_in(path_)) {
      for (const char* const secret : {"value-old", "value-new"})
        EXPECT_THAT(text, Not(HasSubstr(secret))) << name;
    }
  }

  /// Kills a process before each step of an action in turn, until one comes to its end. `prepare` makes what is there before.
  void kill_at_each_step(const std::vector<std::string>& action, const std::string& before, const std::string& after) {
    bool done = false;
    std::size_t killed = 0;
    for (int step = 1; !done; ++step) {
      ASSERT_LT(step, 100);
      fs::remove_all(path_);
      if (before != "none") run({"kill", "0", action[0] == "remove" ? "save" : action[0], before});
      std::vector<std::string> args{"kill", std::to_string(step)};
      args.insert(args.end(), action.begin(), action.end());
      const auto ended = run(args);
      done = ended.out == "done\n";
      ASSERT_TRUE(done || ended.exit.signal == SIGKILL) << ended.out;
      killed += done ? 0 : 1;
      const std::string found = read(action[0]);
      EXPECT_TRUE(found == after || (!done && found == before)) << found << " at step " << step;
      expect_no_clear_text();
      // The reader has tidied up, and nothing stands in the way of who tries again.
      EXPECT_EQ(leftovers_in(path_), 0U) << step;
      EXPECT_EQ(run({"kill", "0", "save", "value-new"}).out, "done\n") << step;
      EXPECT_EQ(read("save"), "value-new") << step;
    }
    EXPECT_GE(killed, 3U);
  }
};

TEST_F(StoreProcessTest, NoChangeOfAnyProcessIsLost) {
  constexpr int kCount = 50;
  std::array<std::jthread, 4> processes;
  for (std::jthread& each : processes) {
    each = std::jthread([this] {
      const auto ended = run({"increment", std::to_string(kCount)});
      EXPECT_EQ(ended.exit.code, 0) << ended.out;
    });
  }
  for (std::jthread& each : processes)
    each.join();
  const auto credential = open()->load(kKey);
  ASSERT_TRUE(credential && *credential);
  EXPECT_EQ((*credential)->generation, processes.size() * kCount);
  EXPECT_EQ(files_in(path_).size(), 3U);  // record, lock, key
}

TEST_F(StoreProcessTest, KilledAtAnyStepOfTheFirstLogin) {
  kill_at_each_step({"save", "value-new"}, "none", "value-new");
}

TEST_F(StoreProcessTest, KilledAtAnyStepOfARefresh) {
  kill_at_each_step({"save", "value-new"}, "value-old", "value-new");
}

TEST_F(StoreProcessTest, KilledAtAnyStepOfALogout) {
  kill_at_each_step({"remove"}, "value-old", "none");
}

TEST_F(StoreProcessTest, KilledAtAnyStepOfARegistrationOrASecret) {
  kill_at_each_step({"client", "value-new"}, "value-old", "value-new");
  kill_at_each_step({"secret", "value-new"}, "value-old", "value-new");
}

/// Whatever moment it is, not only between two calls: readers see one of the values, and writers can go on.
TEST_F(StoreProcessTest, KilledAtAnyMoment) {
  ASSERT_EQ(run({"increment", "1"}).exit.code, 0);
  const auto store = open();
  std::uint64_t last = 1;
  for (int round = 0; round < 20; ++round) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::execl(mcp::program_path("store_worker").c_str(), "store_worker", path_.c_str(), "increment", "1000000", nullptr);
      ::_exit(127);
    }
    for (const std::uint64_t begin = last; last < begin + 3;) {
      const auto credential = store->load(kKey);
      ASSERT_TRUE(credential) << credential.error().text();
      ASSERT_TRUE(*credential);
      ASSERT_GE((*credential)->generation, last);
      last = (*credential)->generation;
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    const auto held = store->try_lock(kKey);
    ASSERT_TRUE(held && *held) << "the kernel gives it back with the process";
  }
  const auto fresh = open();
  EXPECT_EQ(leftovers_in(path_), 0U);
  EXPECT_GE((*fresh->load(kKey))->generation, last);
}

TEST_F(StoreProcessTest, AnotherProcessThatHoldsALockIsNamed) {
  std::array<int, 2> input{}, output{};
  ASSERT_EQ(::pipe2(input.data(), O_CLOEXEC), 0);
  ASSERT_EQ(::pipe2(output.data(), O_CLOEXEC), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(input[0], 0);
    ::dup2(output[1], 1);
    ::execl(mcp::program_path("store_worker").c_str(), "store_worker", path_.c_str(), "hold", nullptr);
    ::_exit(127);
  }
  ::close(input[0]);
  ::close(output[1]);
  std::array<char, 8> said{};
  EXPECT_EQ(::read(output[0], said.data(), said.size()), 5);
  const auto store = open();
  EXPECT_EQ(*store->try_lock(kKey), nullptr);
  EXPECT_THAT(store->locked(kKey).message, HasSubstr("is locked by process " + std::to_string(child)));
  ::close(input[1]);
  ::waitpid(child, nullptr, 0);
  ::close(output[0]);
  EXPECT_NE(*store->try_lock(kKey), nullptr);
}

}  // namespace
}  // namespace oauth
