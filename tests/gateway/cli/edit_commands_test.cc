// Commands that edit the configuration.
#include <sys/stat.h>

#include <algorithm>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <thread>

#include "gateway/host/state_file.h"
#include "tests/gateway/cli/cli_fixture.h"

namespace gateway {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class EditCommandsTest : public CliTest {
 protected:
  EditCommandsTest() : usual_(folder_ + "/home/.config/switchyard/switchyard.json") {}

  static std::string read(const std::string& file) {
    std::stringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
  }

  const std::string usual_;
};

TEST_F(EditCommandsTest, TheFirstServerOfANewUser) {
  const Outcome added = run({"add", "files", "--env", "A=${B:-c}", "--", "npx", "-y", "--env", "x"});
  EXPECT_EQ(added.exit, 0) << added.err;
  EXPECT_EQ(added.err, "");
  EXPECT_EQ(added.out, "Added \"files\" to " + usual_ + ", a new file.\nStart it with: switchyard serve\n");
  EXPECT_THAT(read(usual_), HasSubstr(R"(
    "files": {
      "command": "npx",
      "args": ["-y", "--env", "x"],
      "env": { "A": "${B:-c}" }
    }
)"));
  struct stat status{};
  ASSERT_EQ(::stat(usual_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
  const Outcome second = run({"add", "web", "--url", "https://x.test/mcp", "--profile", "one", "--profile", "two", "--disabled"});
  EXPECT_EQ(
      second.out,
      "Added \"web\" to " + usual_ +
          ".\nMade the profile \"one\" for it, which is served at /mcp/one.\nMade the profile \"two\" for it, which is served at "
          "/mcp/two.\nStart it with: switchyard serve\n");
  EXPECT_EQ(run({"enable", "web"}).out, "Enabled \"web\" in " + usual_ + ".\nStart it with: switchyard serve\n");
  EXPECT_EQ(run({"enable", "web", "files"}).out,
            "\"web\" and \"files\" are enabled already in " + usual_ + "; nothing was changed.\n");
  EXPECT_EQ(run({"disable", "web", "files"}).out, "Disabled \"web\" and \"files\" in " + usual_ + ".\n");
  EXPECT_EQ(
      run({"remove", "web"}).out,
      "Removed \"web\" from " + usual_ + ".\nTook \"web\" out of the profile \"one\".\nTook \"web\" out of the profile \"two\".\n");
}

TEST_F(EditCommandsTest, SecretsAreWarnedAboutAndNeverShown) {
  const Outcome added = run({"add", "web", "--url", "https://x.test/mcp", "--header", "Authorization:  Bearer abcdef123456 "});
  EXPECT_EQ(added.exit, 0);
  EXPECT_EQ(
      added.err,
      "switchyard: warning: web: headers.Authorization: looks like a secret written into the file; keep it in the environment: "
      "export WEB_TOKEN=… and write \"Bearer ${WEB_TOKEN}\" here\n");
  EXPECT_THAT(read(usual_), HasSubstr(R"("Authorization": "Bearer abcdef123456")"));
  const Outcome again = run({"add", "web", "--", "x"});
  EXPECT_EQ(again.exit, 1);
  EXPECT_EQ(
      again.err,
      "switchyard: \"web\" is in " + usual_ + " already: https://x.test/mcp. Replace it with --replace, or take another name.\n");
  const Outcome replaced = run({"add", "web", "--replace", "--", "x"});
  EXPECT_EQ(replaced.out,
            "Replaced \"web\" in " + usual_ +
                ".\nThe old entry's \"url\" and \"headers\" went with it.\nStart it with: switchyard serve\n");
}

TEST_F(EditCommandsTest, ADryRunShowsTheLinesAndWritesNothing) {
  const std::string text = "{\n  \"profiles\": {},\n  \"mcpServers\": {\n    // mine\n    \"a\": { \"command\": \"x\" }\n  }\n}\n";
  const std::string file = write("switchyard.json", text);
  const Outcome shown = run({"add", "b", "--dry-run", "--config", file, "--", "y"});
  EXPECT_EQ(shown.exit, 0);
  EXPECT_EQ(shown.out,
            "--- " + file + "\n+++ " + file +
                "\n@@ -2,6 +2,7 @@\n   \"profiles\": {},\n   \"mcpServers\": {\n     // mine\n-    \"a\": { \"command\": \"x\" }\n"
                "+    \"a\": { \"command\": \"x\" },\n+    \"b\": { \"command\": \"y\" }\n   }\n }\n");
  EXPECT_EQ(shown.err, "switchyard: this would change " + file + "; nothing was written\n");
  EXPECT_EQ(read(file), text);
  const json answer = json::parse(run({"remove", "a", "--dry-run", "--json", "--config", file}).out);
  EXPECT_EQ(answer.at("dryRun"), true);
  EXPECT_THAT(answer.at("diff").get<std::string>(), HasSubstr("-    // mine\n-    \"a\""));
  EXPECT_EQ(read(file), text);
  EXPECT_EQ(run({"add", "a", "--dry-run", "--", "x"}).exit, 0);
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/home"));
}

TEST_F(EditCommandsTest, JsonForMachines) {
  const Outcome added = run({"--json", "add", "a", "--profile", "p", "--env", "K=${NOT_SET}", "--", "x"});
  EXPECT_EQ(added.out.find('\n'), added.out.size() - 1);
  const std::string warning =
      "a: env.K: the variable NOT_SET is not set; set it where switchyard runs, or write ${NOT_SET:-default}";
  EXPECT_EQ(json::parse(added.out),
            (json{{"file", usual_},
                  {"action", "add"},
                  {"names", {"a"}},
                  {"changed", {"a"}},
                  {"unchanged", json::array()},
                  {"profiles", {{{"profile", "p"}, {"server", "a"}, {"made", true}}}},
                  {"lostKeys", json::array()},
                  {"warnings", {warning}},
                  {"newFile", true},
                  {"gatewayRuns", false},
                  {"dryRun", false}}));
  EXPECT_EQ(json::parse(run({"--json", "add", "a", "--replace", "--", "y"}).out).at("action"), "replace");
  const Outcome unknown = run({"--json", "disable", "b"});
  EXPECT_EQ(unknown.exit, 1);
  EXPECT_EQ(json::parse(unknown.out).at("error").at("reason"), "config_invalid");
}

TEST_F(EditCommandsTest, WhereAGatewayRunsItsFileIsMeant) {
  const std::string file = write("switchyard.json", R"({ "profiles": {}, "mcpServers": { "a": { "command": "x" } } })");
  auto lock = StateLock::acquire(variables_["SWITCHYARD_STATE"]);
  ASSERT_TRUE(lock);
  ASSERT_TRUE((*lock)->publish({.pid = 1, .mcp_url = "http://x", .admin_url = "http://y", .token = "t", .config = file}));
  EXPECT_EQ(run({"disable", "a"}).out, "Disabled \"a\" in " + file + ".\nThe running gateway takes it up by itself.\n");
  EXPECT_THAT(read(file), HasSubstr("\"enabled\": false"));
  const std::string other = write("other.json", R"({ "profiles": {} })");
  EXPECT_EQ(run({"add", "b", "--config", other, "--", "x"}).out,
            "Added \"b\" to " + other + ".\nStart it with: switchyard serve --config " + other + "\n");
}

TEST_F(EditCommandsTest, WhatCannotBeDoneIsOneLineAndChangesNothing) {
  const std::string foreign = R"({ "mcpServers": { "a": { "command": "x" } } })";
  const std::string file = write("claude.json", foreign);
  const Outcome refused = run({"remove", "a", "--config", file});
  EXPECT_EQ(refused.exit, 1);
  EXPECT_EQ(refused.out, "");
  EXPECT_THAT(refused.err, StartsWith("switchyard: " + file + " is another client's file"));
  EXPECT_EQ(read(file), foreign);
  const std::string broken = write("broken.json", "{ \"profiles\": {}\n");
  EXPECT_THAT(run({"add", "a", "--config", broken, "--", "x"}).err,
              StartsWith("switchyard: " + broken + ":1:1: the '{' here is never closed"));
  EXPECT_EQ(run({"remove", "a"}).err, "switchyard: configuration " + usual_ + ": no such file. \"switchyard add\" begins one.\n");
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/home"));
  EXPECT_THAT(run({"add", "a", "--url", "ftp://x"}).err, StartsWith("switchyard: server \"a\" was not added: url: "));
  EXPECT_EQ(run({"add", "a/b", "--", "x"}).err, "switchyard: server \"a/b\" was not added: a server's name cannot hold '/'\n");
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/home"));
}

TEST_F(EditCommandsTest, WrongUsage) {
  const auto mistake = [this](std::initializer_list<std::string> args) {
    const Outcome outcome = run(args);
    EXPECT_EQ(outcome.exit, 2) << outcome.err;
    EXPECT_FALSE(std::filesystem::exists(folder_ + "/home"));
    return outcome.err;
  };
  EXPECT_THAT(mistake({"add", "a"}), HasSubstr("add takes either a command behind -- or --url"));
  EXPECT_THAT(mistake({"add", "a", "--url", "https://x", "--", "y"}), HasSubstr("not both"));
  EXPECT_THAT(mistake({"add", "a", "npx"}),
              HasSubstr("add does not take \"npx\". A command stands behind --: switchyard add NAME -- "));
  EXPECT_THAT(mistake({"add", "--", "npx"}), HasSubstr("NAME is required"));
  EXPECT_THAT(mistake({"add", "a", "--env", "TOKEN", "--", "x"}), HasSubstr("--env 'TOKEN=${TOKEN}'"));
  EXPECT_THAT(mistake({"add", "a", "--env", "T=1", "--env", "T=2", "--", "x"}), HasSubstr("--env T is there twice"));
  EXPECT_THAT(mistake({"add", "a", "--env", "T=1", "--url", "https://x"}), HasSubstr("--env goes with a command"));
  EXPECT_THAT(mistake({"add", "a", "--cwd", "/", "--url", "https://x"}), HasSubstr("--cwd goes with a command"));
  EXPECT_THAT(mistake({"add", "a", "--header", "A: b", "--", "x"}), HasSubstr("--header goes with --url"));
  EXPECT_THAT(mistake({"add", "a", "--type", "sse", "--", "x"}), HasSubstr("--type goes with --url"));
  const std::string secret = mistake({"add", "a", "--header", "Bearer hidden", "--url", "https://x"});
  EXPECT_THAT(secret, AllOf(HasSubstr("expected \"NAME: VALUE\""), Not(HasSubstr("hidden"))));
  EXPECT_THAT(mistake({"add", "a", "--header", "A: b", "--header", "a: c", "--url", "https://x"}),
              HasSubstr("--header a is there twice"));
  EXPECT_THAT(mistake({"add", "a", "--type", "stdio", "--url", "https://x"}), HasSubstr("stdio"));
  EXPECT_THAT(mistake({"add", "a", "--", "caf\xE9"}), HasSubstr("is not UTF-8"));
  EXPECT_THAT(mistake({"add", "a", "--env", "", "--", "x"}), HasSubstr("the value is empty"));
  EXPECT_THAT(mistake({"remove"}), HasSubstr("NAME is required"));
  EXPECT_THAT(run({"add", "--help"}).out, HasSubstr("'${VAR}' in single quotes is written as it is"));
}

TEST_F(EditCommandsTest, PathsAreThoseOfTheShellsFolder) {
  std::filesystem::create_directories(folder_ + "/work/bin");
  write("work/bin/server", "");
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder_ + "/work");
  run({"add", "a", "--cwd", "bin", "--", "./bin/server", "./bin/server"});
  run({"add", "b", "--cwd", "${HOME}/x", "--", "./not/there"});
  std::filesystem::current_path(before);
  EXPECT_THAT(read(usual_),
              HasSubstr("\"command\": \"" + folder_ +
                        "/work/bin/server\",\n      \"args\": [\"./bin/server\"],\n      \"cwd\": \"" + folder_ + "/work/bin\""));
  EXPECT_THAT(read(usual_), HasSubstr("\"command\": \"./not/there\",\n      \"cwd\": \"${HOME}/x\""));
}

}  // namespace
}  // namespace gateway
