// What is said of a tool that is not to be had under the name that somebody asked for.
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "tests/gateway/cli/cli_fixture.h"

namespace gateway {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class MissingToolTest : public CliTest {
 protected:
  MissingToolTest() {
    const json good = {{"command", mcp::program_path("stdio_fault")}, {"args", {"ok"}}};
    json renamed = good, kept = good;
    renamed["tools"] = {{"override", {{"echo", {{"name", "say"}}}}}};
    kept["tools"] = {{"deny", {"ec*"}}};
    const json licence = {{"command", mcp::program_path("stdio_fault")}, {"args", {"exit-before-init", "3"}}};
    const json config = {
        {"mcpServers",
         {{"good", good}, {"renamed", renamed}, {"kept", kept}, {"gone", {{"command", "/no/such/program"}}}, {"licence", licence}}},
        {"profiles", {{"small", {{"servers", {"kept", "gone"}}}}, {"one", {{"servers", {"good"}}}}}}};
    file_ = write("switchyard.json", config.dump());
    variables_["SWITCHYARD_CONFIG"] = file_;
  }

  /// The same of both commands.
  std::string said(const std::string& tool) {
    const Outcome describe = run({"describe", tool}), call = run({"call", tool});
    EXPECT_EQ(describe.exit, 1);
    EXPECT_EQ(call.exit, 1);
    EXPECT_EQ(describe.out + call.out, "");
    EXPECT_EQ(describe.err, call.err);
    return call.err;
  }

  std::string file_;
};

TEST_F(MissingToolTest, ARenamedToolIsNamed) {
  EXPECT_EQ(said("renamed__echo"),
            "switchyard: tool \"renamed__echo\" is called \"renamed__say\" here. See \"switchyard explain renamed__echo\".\n");
}

TEST_F(MissingToolTest, AToolThatIsKeptBackSaysWhatKeepsIt) {
  EXPECT_THAT(said("kept__echo"),
              AllOf(StartsWith("switchyard: tool \"kept__echo\" is kept back: tools.deny of server \"kept\" has \"ec*\""),
                    HasSubstr("out of mcpServers.kept.tools.deny in " + file_),
                    EndsWith(" See \"switchyard explain kept__echo\".\n")));
}

TEST_F(MissingToolTest, AToolOfAServerThatIsDownSaysWhatIsWrongWithIt) {
  EXPECT_THAT(
      said("gone__x"),
      AllOf(StartsWith(
                "switchyard: tool \"gone__x\" is not there: server \"gone\" failed: command '/no/such/program' does not exist"),
            EndsWith(" See \"switchyard explain gone__x\".\n")));
  EXPECT_THAT(said("licence__x"),
              AllOf(StartsWith("switchyard: tool \"licence__x\" is not there: server \"licence\" is down: "),
                    Not(HasSubstr("tried again"))));
}

TEST_F(MissingToolTest, ItsOwnNameLeadsToTheNameItHasHere) {
  EXPECT_EQ(run({"call", "echo", "--profile", "one"}).err,
            "switchyard: there is no tool \"echo\". Did you mean \"good__echo\"? See \"switchyard explain echo --profile one\".\n");
  EXPECT_EQ(
      said("echo"),
      "switchyard: there is no tool \"echo\". Did you mean \"good__echo\" or \"renamed__say\"? See \"switchyard explain echo\".\n");
}

TEST_F(MissingToolTest, AServerIsNoTool) {
  EXPECT_EQ(said("good"),
            "switchyard: \"good\" is a server, not a tool. Its tools: switchyard tools --server good. See \"switchyard explain "
            "good\".\n");
}

TEST_F(MissingToolTest, AnUnknownNameLeadsToTheNearest) {
  EXPECT_EQ(said("good__ecko"),
            "switchyard: there is no tool \"good__ecko\". Did you mean \"good__echo\"? See \"switchyard explain good__ecko\".\n");
  EXPECT_EQ(said("some weather"), "switchyard: there is no tool \"some weather\". See \"switchyard explain 'some weather'\".\n");
}

TEST_F(MissingToolTest, AProfileWithoutTheToolNamesItsServers) {
  for (const char* command : {"call", "describe"}) {
    EXPECT_THAT(
        run({command, "good__echo", "--profile", "small"}).err,
        AllOf(StartsWith("switchyard: profile \"small\" has no tool \"good__echo\"; its servers: kept, gone. Add \"good\" to "),
              EndsWith(" See \"switchyard explain good__echo --profile small\".\n")))
        << command;
  }
}

TEST_F(MissingToolTest, AProfileThatOffersNothingSaysHowItsServersDo) {
  const Outcome tools = run({"tools", "--profile", "small"});
  EXPECT_EQ(tools.exit, 0);
  EXPECT_EQ(tools.out, "");
  EXPECT_THAT(tools.err,
              AllOf(StartsWith("switchyard: profile \"small\" offers no tools; its servers: kept (ready), gone (failed). "),
                    Not(HasSubstr("good"))));
}

TEST_F(MissingToolTest, WhatWasStartedForTheCommandAloneIsNotTriedAgain) {
  const Outcome list = run({"list"}), status = run({"status"}), one = run({"status", "licence"}), good = run({"status", "good"});
  const std::string alone = "No gateway runs here with " + file_ + "; its servers were started for this command alone.\n\n";
  EXPECT_THAT(list.out, StartsWith(alone));
  EXPECT_THAT(status.out, StartsWith(alone));
  EXPECT_THAT(good.out, HasSubstr("state       ready\n"));
  for (const Outcome& outcome : {list, status, one, good, run({"explain", "licence"}), run({"explain", "good"})}) {
    for (const char* promise : {"ext try", "tried again", "rying again", "pid "})
      EXPECT_THAT(outcome.out, Not(HasSubstr(promise)));
  }
}

}  // namespace
}  // namespace gateway
