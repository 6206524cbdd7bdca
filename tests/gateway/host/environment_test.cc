#include "gateway/host/environment.h"

#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <map>

#include "tests/support/programs.h"

namespace gateway {
namespace {

Environment with(std::map<std::string, std::string, std::less<>> variables) {
  return [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

TEST(EnvironmentTest, FilesAreWhereTheDesktopSaysOrBelowHome) {
  EXPECT_EQ(default_config_file(with({{"HOME", "/h"}})), "/h/.config/switchyard/switchyard.json");
  EXPECT_EQ(default_state_dir(with({{"HOME", "/h"}})), "/h/.local/state/switchyard");
  const auto desktop = with({{"HOME", "/h"}, {"XDG_CONFIG_HOME", "/x/c"}, {"XDG_STATE_HOME", "/x/s"}});
  EXPECT_EQ(default_config_file(desktop), "/x/c/switchyard/switchyard.json");
  EXPECT_EQ(default_state_dir(desktop), "/x/s/switchyard");
}

TEST(EnvironmentTest, RelativeAndEmptyVariablesAreIgnored) {
  const auto odd = with({{"HOME", "/h"}, {"XDG_CONFIG_HOME", "c"}, {"XDG_STATE_HOME", ""}, {"SWITCHYARD_CONFIG", ""}});
  EXPECT_EQ(default_config_file(odd), "/h/.config/switchyard/switchyard.json");
  EXPECT_EQ(default_state_dir(odd), "/h/.local/state/switchyard");
}

TEST(EnvironmentTest, OurOwnVariablesWin) {
  const auto own = with({{"XDG_CONFIG_HOME", "/x"}, {"SWITCHYARD_CONFIG", "here.json"}, {"SWITCHYARD_STATE", "/s"}});
  EXPECT_EQ(default_config_file(own), (std::filesystem::current_path() / "here.json").string());
  EXPECT_EQ(default_state_dir(own), "/s");
}

TEST(EnvironmentTest, PathsAreWholeWithoutFollowingLinks) {
  std::string folder = testing::TempDir() + "switchyard-paths-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  std::filesystem::create_directories(folder + "/far/inner");
  std::filesystem::create_directory_symlink(folder + "/far/inner", folder + "/link");
  EXPECT_EQ(absolute_path(folder + "/./x/..//a.json"), folder + "/a.json");
  EXPECT_EQ(absolute_path(folder + "/link/"), folder + "/link");
  // The folder above a link's target is another than the one above the link.
  EXPECT_EQ(absolute_path(folder + "/link/.."), folder + "/link/..");
  EXPECT_EQ(absolute_path("/"), "/");
  std::filesystem::remove_all(folder);
}

TEST(EnvironmentTest, TheRealOneFindsTheGuardianBesideTheProgram) {
  const auto environment = HostEnvironment::of_process();
  EXPECT_EQ(environment.guardian, mcp::program_path("switchyard-guardian"));
  EXPECT_EQ(environment.variables("A variable that nobody sets"), std::nullopt);
  EXPECT_TRUE(environment.variables("PATH"));
}

}  // namespace
}  // namespace gateway
