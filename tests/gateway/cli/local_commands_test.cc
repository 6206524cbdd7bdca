// Commands where no gateway runs: they start the servers themselves.
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "tests/gateway/cli/cli_fixture.h"

namespace gateway {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;

class LocalCommandsTest : public CliTest {
 protected:
  LocalCommandsTest() {
    const json config = {{"mcpServers",
                          {{"good", {{"command", mcp::program_path("stdio_fault")}, {"args", {"ok"}}}},
                           {"gone", {{"command", "/no/such/program"}}},
                           {"off", {{"command", "true"}, {"enabled", false}}}}},
                         {"profiles", {{"one", {{"servers", {"good"}}}}}}};
    variables_["SWITCHYARD_CONFIG"] = write("switchyard.json", config.dump());
  }
};

TEST_F(LocalCommandsTest, ListShowsEveryServerAndSucceeds) {
  const Outcome list = run({"list"});
  EXPECT_EQ(list.exit, 0);
  EXPECT_EQ(list.err, "");
  EXPECT_THAT(list.out, HasSubstr("good  ready     stdio      1 "));
  EXPECT_THAT(list.out, HasSubstr("gone  failed    stdio      0 "));
  EXPECT_THAT(list.out, HasSubstr("off   disabled "));
  EXPECT_THAT(list.out, HasSubstr("'/no/such/program' does not exist"));
}

TEST_F(LocalCommandsTest, JsonIsOneLine) {
  const Outcome list = run({"list", "--json"});
  EXPECT_EQ(list.exit, 0);
  EXPECT_EQ(json::parse(list.out).at("servers").size(), 3U);
  EXPECT_EQ(list.out.find('\n'), list.out.size() - 1);
  EXPECT_EQ(json::parse(run({"--json", "status", "gone"}).out).at("cause").at("reason"), "spawn_failed");
  EXPECT_EQ(json::parse(run({"--json", "tools"}).out).at("tools").at(0).at("name"), "good__echo");
  EXPECT_EQ(json::parse(run({"--json", "describe", "good__echo"}).out).at("tool"), "echo");
  EXPECT_EQ(json::parse(run({"version", "--json"}).out).at("version"), SWITCHYARD_VERSION);
}

TEST_F(LocalCommandsTest, StatusOfOneServer) {
  const Outcome gone = run({"status", "gone"});
  EXPECT_EQ(gone.exit, 0);
  EXPECT_THAT(gone.out, HasSubstr("state       failed\n"));
  const Outcome unknown = run({"status", "god"});
  EXPECT_EQ(unknown.exit, 1);
  EXPECT_EQ(unknown.out, "");
  EXPECT_EQ(unknown.err, "switchyard: there is no server \"god\"; did you mean \"good\"?\n");
}

TEST_F(LocalCommandsTest, Tools) {
  EXPECT_THAT(run({"tools"}).out, HasSubstr("good__echo  good "));
  EXPECT_THAT(run({"tools", "--profile", "one"}).out, HasSubstr("good__echo"));
  const Outcome profile = run({"tools", "--profile", "two"});
  EXPECT_EQ(profile.exit, 1);
  EXPECT_THAT(profile.err, HasSubstr("there is no profile \"two\". There are: one."));
  const Outcome of_gone = run({"tools", "--server", "gone"});
  EXPECT_EQ(of_gone.exit, 0);
  EXPECT_EQ(of_gone.out, "");
  EXPECT_THAT(of_gone.err, StartsWith("switchyard: \"gone\" failed: "));
  EXPECT_THAT(run({"tools", "--server", "off"}).err, StartsWith("switchyard: \"off\" offers nothing: "));
  const Outcome of_none = run({"tools", "--server", "gon"});
  EXPECT_EQ(of_none.exit, 1);
  EXPECT_THAT(of_none.err, HasSubstr("did you mean \"gone\"?"));
}

TEST_F(LocalCommandsTest, ToolsOfOneServerWaitForNoOther) {
  const std::string fault = json(mcp::program_path("stdio_fault")).dump();
  const std::string config =
      write("hangs.json",
            R"({"profiles":{},"mcpServers":{"good":{"command":)" + fault + R"(,"args":["ok"]},"hangs":{"command":)" + fault +
                R"(,"args":["never-initialize"],"startupTimeout":20}}})");
  const auto before = std::chrono::steady_clock::now();
  EXPECT_THAT(run({"tools", "--server", "good", "--config", config}).out, HasSubstr("good__echo"));
  EXPECT_EQ(run({"tools", "--server", "none", "--config", config}).exit, 1);
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(15));
}

TEST_F(LocalCommandsTest, Describe) {
  EXPECT_THAT(run({"describe", "good__echo"}).out, HasSubstr("own name  echo\n"));
  const Outcome unknown = run({"describe", "good__ecko"});
  EXPECT_EQ(unknown.exit, 1);
  EXPECT_THAT(unknown.err, StartsWith("switchyard: there is no tool \"good__ecko\". Did you mean \"good__echo\"?"));
}

TEST_F(LocalCommandsTest, Call) {
  const Outcome plain = run({"call", "good__echo", R"({"text":"hi"})"});
  EXPECT_EQ(plain.exit, 0) << plain.err;
  EXPECT_EQ(plain.out, "hi\n");
  EXPECT_EQ(run({"call", "good__echo", "--arg", "text=hello there"}).out, "hello there\n");
  EXPECT_EQ(run({"call", "good__echo", "-", "--profile", "one"}, R"({"text":"from stdin"})").out, "from stdin\n");
  EXPECT_EQ(json::parse(run({"--json", "call", "good__echo", R"({"text":"hi"})"}).out).at("content").at(0).at("text"), "hi");
  const Outcome unknown = run({"call", "good__nothing"});
  EXPECT_EQ(unknown.exit, 1);
  EXPECT_THAT(unknown.err, HasSubstr("good__nothing"));
  const Outcome wrong = run({"call", "good__echo", "[]"});
  EXPECT_EQ(wrong.exit, 2);
  EXPECT_EQ(wrong.out, "");
  EXPECT_THAT(wrong.err, HasSubstr("not a JSON object"));
  EXPECT_EQ(run({"call", "good__echo", "--text", "text=42"}).out, "42\n");
  EXPECT_EQ(run({"call", "good__echo", "{"}).err.find(".. "), std::string::npos);
}

TEST_F(LocalCommandsTest, FailuresAreJsonWhereItIsAskedFor) {
  const auto error = [this](std::initializer_list<std::string> args) {
    const Outcome outcome = run(args);
    EXPECT_EQ(outcome.exit, 1);
    EXPECT_THAT(outcome.err, StartsWith("switchyard: "));
    EXPECT_EQ(outcome.out.find('\n'), outcome.out.size() - 1);
    return json::parse(outcome.out).at("error");
  };
  EXPECT_EQ(error({"status", "god", "--json"}),
            json::parse(R"({"reason":"config_invalid","message":"there is no server \"god\"; did you mean \"good\"?"})"));
  EXPECT_EQ(error({"describe", "good__ecko", "--json"}).at("reason"), "unknown_tool");
  EXPECT_EQ(error({"tools", "--server", "gon", "--json"}).at("reason"), "config_invalid");
  EXPECT_EQ(error({"tools", "--profile", "two", "--json"}).at("remedy"), "There are: one.");
  EXPECT_EQ(error({"call", "good__ecko", "--json"}).at("data").at("reason"), "unknown_tool");
  for (const char* command : {"list", "status", "tools", "serve"})
    EXPECT_EQ(error({command, "--json", "--config", folder_ + "/none.json"}).at("reason"), "io_error") << command;
  // A server that is there has no tools, which is no failure.
  const Outcome gone = run({"tools", "--server", "gone", "--json"});
  EXPECT_EQ(gone.exit, 0);
  EXPECT_EQ(json::parse(gone.out).at("tools").size(), 0U);
}

TEST_F(LocalCommandsTest, WhatIsOddInTheConfigurationIsSaid) {
  const json server = {{"command", mcp::program_path("stdio_fault")}, {"args", {"ok"}}};
  const std::string config = write("odd.json", "{\"policy\": {\"a\": 1}, \"mcpServers\": {\"good\": " + server.dump() + "}}");
  const std::string warning = "switchyard: warning: " + config + ":1:2: policy: has no effect in this version\n";
  for (const auto& args : {std::initializer_list<std::string>{"list", "--config", config},
                           {"status", "--config", config},
                           {"tools", "--config", config},
                           {"describe", "good__echo", "--config", config},
                           {"call", "good__echo", "--config", config}}) {
    EXPECT_EQ(run(args).err, warning) << *args.begin();
  }
  EXPECT_EQ(run({"list", "--json", "--config", config}).err, warning);
  testing::internal::CaptureStderr();
  const Outcome logged = run({"list", "--json", "--log-format", "json", "--config", config});
  mcp::flush_log();
  const json line = json::parse(testing::internal::GetCapturedStderr());
  EXPECT_EQ(logged.err, "");
  EXPECT_EQ(line.at("target"), "config");
  EXPECT_EQ(line.at("level"), "warn");
  EXPECT_EQ(line.at("line"), 1);
  EXPECT_EQ(line.at("path"), "policy");
}

TEST_F(LocalCommandsTest, AConfigurationIsFoundFromItsOwnFolder) {
  write("here.json", R"({"listen": ":0", "mcpServers": {}})");
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder_);
  variables_["SWITCHYARD_CONFIG"] = "here.json";
  const Outcome status = run({"status"});
  std::filesystem::current_path(before);
  EXPECT_THAT(status.err, StartsWith("switchyard: no servers configured in " + folder_ + "/here.json. "));
}

TEST_F(LocalCommandsTest, AnUnknownProfileOverStdioStartsNothing) {
  const Outcome serve = run({"serve", "--stdio", "--profile", "two", "--json"});
  EXPECT_EQ(serve.exit, 1);
  EXPECT_EQ(serve.out, "");
  EXPECT_EQ(serve.err, "switchyard: there is no profile \"two\". There are: one.\n");
  EXPECT_FALSE(std::filesystem::exists(variables_["SWITCHYARD_STATE"]));
}

/// A file that names, as "self", the program that reads it.
TEST_F(LocalCommandsTest, AGatewayIsNotItsOwnServer) {
  const std::string config = folder_ + "/self.json";
  const json self = {{"command", mcp::program_path("switchyard")},
                     {"args", {"serve", "--stdio", "--config", config, "--state", folder_ + "/inner"}}};
  write("self.json", json{{"mcpServers", {{"self", self}}}}.dump());
  const json status = json::parse(run({"--json", "status", "self", "--config", config}).out);
  EXPECT_EQ(status.at("state"), "failed");
  EXPECT_EQ(status.at("restarts"), 0);
  EXPECT_EQ(status.at("cause").at("reason"), "config_invalid");
  EXPECT_EQ(status.at("cause").at("message"),
            "the servers of " + config + " started a gateway on that same file: it would be its own server");
  EXPECT_EQ(status.at("cause").at("remedy"), "Take the server that runs switchyard out of that file.");
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/inner"));
}

TEST_F(LocalCommandsTest, AProgramThatEchoesIsNoServer) {
  const std::string config = write("cat.json", R"({"mcpServers":{"cat":{"command":"cat"}}})");
  const json cause = json::parse(run({"--json", "status", "cat", "--config", config}).out).at("cause");
  EXPECT_EQ(cause.at("reason"), "not_mcp");
  EXPECT_EQ(cause.at("remedy"), "Check that what is configured is an MCP server.");
}

TEST_F(LocalCommandsTest, AGatewayWithinAnotherIsFine) {
  const std::string inner = write("inner.json",
                                  R"({"listen":":0","admin":":0","mcpServers":{"good":{"command":)" +
                                      json(mcp::program_path("stdio_fault")).dump() + R"(,"args":["ok"]}}})");
  const json outer = {{"command", mcp::program_path("switchyard")},
                      {"args", {"serve", "--stdio", "--config", inner, "--state", folder_ + "/inner"}}};
  const std::string config = write("outer.json", json{{"mcpServers", {{"inner", outer}}}}.dump());
  EXPECT_THAT(run({"tools", "--config", config}).out, HasSubstr("inner__good__echo"));
}

TEST_F(LocalCommandsTest, ALogTargetThatIsNotThereIsWrongUsage) {
  const Outcome outcome = run({"list", "--log-level", "info,upstreams=debug"});
  EXPECT_EQ(outcome.exit, 2);
  EXPECT_THAT(outcome.err, HasSubstr("--log-level: there is no target \"upstreams\"; did you mean \"upstream\"?"));
}

TEST_F(LocalCommandsTest, WrongUsageIsTwoAndHelpIsZero) {
  const Outcome wrong = run({"lits"});
  EXPECT_EQ(wrong.exit, 2);
  EXPECT_EQ(wrong.out, "");
  EXPECT_EQ(wrong.err, "switchyard: unknown command \"lits\": did you mean \"list\"? Try \"switchyard --help\".\n");
  const Outcome help = run({"--help"});
  EXPECT_EQ(help.exit, 0);
  EXPECT_EQ(help.err, "");
  EXPECT_THAT(help.out, HasSubstr("Usage: switchyard"));
  EXPECT_EQ(run({"list", "--log-level", "loud"}).exit, 2);
  EXPECT_EQ(run({"version"}).out, "switchyard " SWITCHYARD_VERSION "\n");
}

TEST_F(LocalCommandsTest, AMissingConfigurationIsOneClearLine) {
  variables_.erase("SWITCHYARD_CONFIG");
  for (const char* command : {"list", "serve", "tools"}) {
    const Outcome outcome = run({command});
    EXPECT_EQ(outcome.exit, 1) << command;
    EXPECT_EQ(outcome.out, "") << command;
    EXPECT_THAT(outcome.err, StartsWith("switchyard: ")) << command;
    EXPECT_THAT(outcome.err, HasSubstr(folder_ + "/home/.config/switchyard/switchyard.json")) << command;
  }
}

TEST_F(LocalCommandsTest, NoServersIsSaid) {
  const std::string config = write("empty.json", "{}");
  for (const char* command : {"list", "tools"}) {
    const Outcome outcome = run({command, "--config", config});
    EXPECT_EQ(outcome.exit, 0);
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(
        outcome.err,
        "switchyard: no servers configured in " + config +
            ". Take over those of other clients with \"switchyard import\", or add one, for example: switchyard add files -- npx "
            "-y @modelcontextprotocol/server-filesystem /srv/docs\n");
  }
  EXPECT_THAT(run({"serve", "--config", config, "--listen", "127.0.0.1:0", "--admin", "0.0.0.0:0"}).err,
              StartsWith("switchyard: no servers configured in " + config));
}

TEST_F(LocalCommandsTest, ServeNeedsItsPorts) {
  const Outcome twice = run({"serve", "--listen", "127.0.0.1:7332", "--admin", ":7332"});
  EXPECT_EQ(twice.exit, 1);
  EXPECT_EQ(
      twice.err,
      "switchyard: agents and the admin API need an address each, and both have 127.0.0.1:7332. Change --listen or --admin.\n");
  const Outcome outside = run({"serve", "--listen", "127.0.0.1:0", "--admin", "0.0.0.0:0"});
  EXPECT_EQ(outside.exit, 1);
  EXPECT_EQ(outside.out, "");
  EXPECT_THAT(outside.err, HasSubstr("loopback"));
}

}  // namespace
}  // namespace gateway
