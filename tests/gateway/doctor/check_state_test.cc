#include "gateway/doctor/check_state.h"

#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/upstream/catalog_store.h"
#include "mcp/process/proc_files.h"
#include "tests/gateway/doctor/checks.h"
#include "tests/support/temp_folder.h"

namespace gateway {
namespace {

using testing::HasSubstr;
using testing::Not;

namespace fs = std::filesystem;

class CheckStateTest : public testing::Test {
 protected:
  CheckStateTest() {
    fs::create_directories(state_ + "/catalogs");
    mode("", 0700);
  }

  void mode(const std::string& name, mode_t wanted) const { ::chmod((state_ + name).c_str(), wanted); }

  std::string look() const { return shown(check_state(state_)); }

  const mcp::TempFolder folder_;
  const std::string state_ = folder_.file("state");
};

TEST_F(CheckStateTest, AnOrderlyFolder) {
  folder_.write("state/gateway.json", "{}");
  folder_.write("state/identity.key", "k");
  mode("/gateway.json", 0600);
  mode("/identity.key", 0600);
  EXPECT_EQ(worst(check_state(state_)), CheckLevel::ok) << look();
  EXPECT_THAT(look(), HasSubstr("ok folder: " + state_));
  EXPECT_THAT(look(), HasSubstr("ok room: "));
}

TEST_F(CheckStateTest, OneThatIsNotThereYet) {
  EXPECT_THAT(shown(check_state(folder_.file("none/of/it"))), HasSubstr("is not there yet; the gateway makes it"));
  EXPECT_FALSE(fs::exists(folder_.file("none"))) << "nothing is made";
  // There is nothing that root may not write to, but there is no room.
  EXPECT_THAT(
      shown(check_state("/proc/none/state")),
      HasSubstr(::geteuid() == 0 ? "error room: 0 MiB free" : "error folder: /proc/none/state is not there and cannot be made"));
  EXPECT_THAT(shown(check_state(folder_.write("file", "x"))), HasSubstr("is no folder"));
  EXPECT_THAT(shown(check_state(folder_.file("file/state"))), HasSubstr("error folder"));
}

TEST_F(CheckStateTest, WhoMayLookIn) {
  mode("", 0755);
  EXPECT_THAT(look(), HasSubstr("warning folder: " + state_ + " is open to other users (0755) | Close it: chmod 700 " + state_));
  mode("", 0700);
  folder_.write("state/gateway.json", "{}");
  mode("/gateway.json", 0644);
  EXPECT_THAT(look(), HasSubstr("warning gateway.json: "));
  EXPECT_THAT(look(), HasSubstr("open to other users (0644)"));
  EXPECT_TRUE(has_remedies(check_state(state_)));
}

TEST_F(CheckStateTest, ANameThatAShellWouldSplit) {
  const std::string spaced = folder_.file("it's mine");
  fs::create_directories(spaced);
  ::chmod(spaced.c_str(), 0755);
  EXPECT_THAT(shown(check_state(spaced)), HasSubstr("Close it: chmod 700 '" + folder_.path() + "/it'\\''s mine'."));
}

TEST_F(CheckStateTest, AFolderOfSomebodyElse) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  ASSERT_EQ(::chown(state_.c_str(), 12345, 12345), 0);
  EXPECT_THAT(look(), HasSubstr("error folder: " + state_ + " belongs to user 12345, and this is root"));
}

TEST_F(CheckStateTest, Catalogs) {
  folder_.write("state/catalogs/a.json", known_server_text({.catalog = std::make_shared<ServerCatalog>(), .introduction = {}}));
  EXPECT_THAT(look(), HasSubstr("ok catalogs: 1 server known from before"));
  folder_.write("state/catalogs/b.json", "{\"form\":1,");
  folder_.write("state/catalogs/c.json", "{\"form\":1}");
  EXPECT_THAT(look(), HasSubstr("warning catalogs: what is known of servers from before cannot be read back: b.json, c.json | "));
  EXPECT_THAT(look(), Not(HasSubstr("note catalogs")));
  folder_.write("state/catalogs/d.json", "{\"form\":2}");
  EXPECT_THAT(look(), HasSubstr("note catalogs: of another version of Switchyard: d.json"));
}

TEST_F(CheckStateTest, ProcessesThatADeadGatewayLeft) {
  std::vector<std::string> words = {"sleep", "1000"};
  std::vector<char*> arguments = {words[0].data(), words[1].data(), nullptr};
  pid_t pid = -1;
  ASSERT_EQ(::posix_spawnp(&pid, "sleep", nullptr, nullptr, arguments.data(), environ), 0);
  std::string boot = mcp::read_proc_file("/proc/sys/kernel/random/boot_id");
  boot.pop_back();
  fs::create_directories(state_ + "/children/dead");
  folder_.write("state/children/dead/lock", "");
  folder_.write("state/children/dead/a.child",
                "switchyard child 1\nboot " + boot + " " + fs::read_symlink("/proc/self/ns/pid").string() + "\nsince 0\nmark " +
                    std::string(32, 'f') + "\ncommand sleep\nprogram " + std::to_string(pid) + " " +
                    std::to_string(mcp::read_process(pid)->id.start) + "\n");
  EXPECT_THAT(look(),
              HasSubstr("warning processes: 1 of servers of a gateway that died still runs (pid " + std::to_string(pid) + ") | "));
  EXPECT_FALSE(mcp::read_process(pid)->dead) << "it is only looked at";
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  EXPECT_THAT(look(), HasSubstr("ok processes: "));
}

TEST_F(CheckStateTest, Room) {
  EXPECT_EQ(check_room("/s", std::uint64_t{10} << 30).level, CheckLevel::ok);
  EXPECT_EQ(check_room("/s", std::uint64_t{50} << 20).level, CheckLevel::warning);
  EXPECT_EQ(check_room("/s", 0).level, CheckLevel::error);
}

TEST_F(CheckStateTest, Modes) {
  EXPECT_EQ(mode_text(0640), "0640");
  EXPECT_EQ(mode_text(0100000 | 07), "07");
}

}  // namespace
}  // namespace gateway
