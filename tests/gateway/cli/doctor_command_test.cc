#include <sys/stat.h>

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sstream>

#include "gateway/cli/doctor_text.h"
#include "tests/gateway/cli/cli_fixture.h"
#include "tests/support/programs.h"

namespace gateway {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(DoctorTextTest, GroupsWithWhatMendsThem) {
  std::istringstream in;
  std::ostringstream out, err;
  const Console console{.in = in, .out = out, .err = err};
  EXPECT_EQ(doctor_text({{CheckGroup::state, "folder", CheckLevel::ok, "/s"},
                         {CheckGroup::servers, "a\x1b[1m", CheckLevel::error, "not\nthere", "Install it."},
                         {CheckGroup::servers, "b", CheckLevel::note, "off"}},
                        console),
            "State\n"
            "  ok       folder: /s\n"
            "\n"
            "Servers\n"
            "  error    a?[1m: not there\n"
            "           Install it.\n"
            "  note     b: off\n"
            "\n"
            "1 error, 0 warnings, 1 note\n");
  EXPECT_THAT(doctor_text({{CheckGroup::state, "folder", CheckLevel::note, "/s"}}, console), HasSubstr("\nNothing is wrong"));
}

TEST(DoctorTextTest, ColoursOnATerminalAlone) {
  std::istringstream in;
  std::ostringstream out, err;
  Console console{.in = in, .out = out, .err = err};
  const Checks checks = {{CheckGroup::state, "folder", CheckLevel::error, "/s", "Make it."}};
  EXPECT_THAT(doctor_text(checks, console), Not(HasSubstr("\x1b")));
  console.colour = true;
  EXPECT_THAT(doctor_text(checks, console), HasSubstr("\x1b[31merror"));
}

class DoctorCommandTest : public CliTest {
 protected:
  std::string write_config(const std::string& servers) const {
    std::string file = write("c.json", R"({"listen":"127.0.0.1:0","admin":"127.0.0.1:0","mcpServers":{)" + servers + "}}");
    ::chmod(file.c_str(), 0600);
    return file;
  }

  const std::string program_ = mcp::program_path("stdio_fault");
};

TEST_F(DoctorCommandTest, NothingIsChanged) {
  const std::string file = write_config(R"("files":{"command":")" + program_ + R"(","args":["ok"]})");
  const auto outcome = run({"doctor", "--config", file});
  EXPECT_EQ(outcome.exit, 0) << outcome.out << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("ok       files: " + program_ + " can be started\n"));
  EXPECT_THAT(outcome.out, HasSubstr("ok       listen: 127.0.0.1:0: any free port\n"));
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/state")) << "not even the state folder is made";
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/home"));
}

TEST_F(DoctorCommandTest, AsJson) {
  const std::string file = write_config(R"("files":{"command":"/no/such/program"},"off":{"command":"/none","enabled":false})");
  const auto outcome = run({"doctor", "--json", "--config", file});
  EXPECT_EQ(outcome.exit, 1);
  EXPECT_EQ(outcome.err, "");
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json["errors"], 1);
  std::vector<std::string> servers;
  for (const auto& check : json["checks"]) {
    if (check["group"] == "servers")
      servers.push_back(check["subject"].get<std::string>() + " " + check["level"].get<std::string>());
  }
  EXPECT_THAT(servers, testing::ElementsAre("files error"));
}

TEST_F(DoctorCommandTest, ServersByName) {
  const std::string file = write_config(R"("files":{"command":"/no/such/program"},"off":{"command":"sh","enabled":false})");
  const auto outcome = run({"doctor", "off", "--config", file});
  EXPECT_EQ(outcome.exit, 0) << outcome.out;
  EXPECT_THAT(outcome.out, HasSubstr("note     off: is switched off\n"));
  EXPECT_THAT(outcome.out, HasSubstr("ok       off: sh is "));
  const auto unknown = run({"doctor", "fils", "--config", file});
  EXPECT_EQ(unknown.exit, 1);
  EXPECT_THAT(unknown.err, HasSubstr("there is no server \"fils\" in " + file + "; did you mean \"files\"?"));
  EXPECT_EQ(run({"doctor", "--no-such-option"}).exit, 2);
}

TEST_F(DoctorCommandTest, AnEnvironmentThatIsAway) {
  const std::string file = write("c.json", R"({"mcpServers":{"a":{"command":"/mnt/none/x","cwd":"/mnt/none","environment":"disk"}},
    "environments":{"disk":{"path":"/mnt/none"}},"listen":"127.0.0.1:0","admin":"127.0.0.1:0"})");
  const auto outcome = run({"doctor", "--config", file});
  EXPECT_EQ(outcome.exit, 0) << outcome.out;
  EXPECT_THAT(outcome.out, HasSubstr("note     a: not looked at: its environment \"disk\" is not there (/mnt/none)"));
}

TEST_F(DoctorCommandTest, WhereTheConfigurationIs) {
  const auto none = run({"doctor"});
  EXPECT_EQ(none.exit, 1);
  EXPECT_THAT(none.out,
              HasSubstr("error    file: configuration " + folder_ + "/home/.config/switchyard/switchyard.json: no such file"));
  std::filesystem::create_directories(folder_ + "/home/.config/switchyard");
  write("home/.config/switchyard/switchyard.json", "{}");
  variables_["SWITCHYARD_CONFIG"] = write_config("");
  const auto named = run({"doctor"});
  EXPECT_THAT(named.out, HasSubstr("c.json, named by SWITCHYARD_CONFIG\n"));
  EXPECT_THAT(named.out, HasSubstr("home/.config/switchyard/switchyard.json is there too, and is not read"));
}

}  // namespace
}  // namespace gateway
