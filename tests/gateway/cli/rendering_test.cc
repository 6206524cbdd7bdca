#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>

#include "gateway/admin/admin_views.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/startup_text.h"
#include "tests/gateway/admin/fake_source.h"

namespace gateway {
namespace {

using testing::HasSubstr;
using testing::Not;

class RenderingTest : public testing::Test {
 protected:
  std::istringstream in_;
  std::ostringstream out_, err_;
  Console console_{.in = in_, .out = out_, .err = err_};
  const SystemTime now_ = at_milliseconds(1'700'000'010'000);
  const std::string servers_ = servers_json(sample_status());
};

TEST_F(RenderingTest, List) {
  EXPECT_EQ(list_text(servers_, now_, console_),
            "NAME    STATE        TRANSPORT  TOOLS  DETAIL\n"
            "files   ready        stdio      14     npx -y files-mcp\n"
            "off     disabled                       it is switched off. Enable it.\n"
            "linear  backing_off  http       0      cannot connect. Is it running? Next try in 2 s.\n"
            "bad     broken                         KEY is not set\n");
  EXPECT_EQ(list_text(R"({"servers":[]})", now_, console_), "");
}

TEST_F(RenderingTest, ListOnATerminalIsCutAndColoured) {
  console_.width = 50;
  console_.colour = true;
  const std::string text = list_text(servers_, now_, console_);
  EXPECT_THAT(text, HasSubstr("files   \x1b[32mready\x1b[0m        stdio"));
  EXPECT_THAT(text, HasSubstr("cannot conn…\n"));
  EXPECT_THAT(text, HasSubstr("\n\n\x1b[2mWhat ends in … is whole in \"switchyard status NAME\".\x1b[0m\n"));
  console_.width = 200;
  EXPECT_THAT(list_text(servers_, now_, console_), Not(HasSubstr("switchyard status")));
}

TEST_F(RenderingTest, Status) {
  EXPECT_EQ(status_text(servers_, now_, console_),
            "Switchyard 1.2.3, pid 4321, up 10 s, not ready\n"
            "MCP http://127.0.0.1:7332/mcp  admin http://127.0.0.1:7333\n"
            "Clients need a token: ci, ana\n"
            "Configuration /etc/switchyard.json\n"
            "\n"
            "NAME    STATE        SINCE  TRANSPORT  TOOLS  OPEN  RESTARTS  MEMORY  PID\n"
            "files   ready        8 s    stdio      14     2+3   1         85 MiB  99\n"
            "off     disabled\n"
            "linear  backing_off  8 s    http       0      0     0\n"
            "bad     broken\n"
            "\n"
            "linear: cannot connect. Is it running? Next try in 2 s.\n"
            "bad: KEY is not set\n"
            "\n"
            "two \"clashes\"\n");
}

TEST_F(RenderingTest, OfManyClashesAFewAreShown) {
  GatewayStatus status = sample_status();
  status.clashes.assign(7, "a\nclash");
  const std::string text = status_text(servers_json(status), now_, console_);
  EXPECT_THAT(text, testing::EndsWith("a clash\na clash\nand 2 more clashes\n"));
}

TEST_F(RenderingTest, AFailedServerNeedsTheGatewayToBeRestarted) {
  GatewayStatus status = sample_status();
  status.servers[1].state = RuntimeState::failed;
  status.servers[1].retry_at.reset();
  EXPECT_THAT(status_text(servers_json(status), now_, console_),
              HasSubstr("\nlinear: cannot connect. Is it running? Then run \"switchyard reload\".\n"));
  EXPECT_THAT(*server_text(servers_json(status), "linear", now_, console_),
              HasSubstr("\ndo          Is it running? Then run \"switchyard reload\".\n"));
  status.servers[1].cause->remedy.clear();
  EXPECT_THAT(*server_text(servers_json(status), "linear", now_, console_),
              HasSubstr("\ndo          Fix it, then run \"switchyard reload\".\n"));
  // What was started for the command alone ends with it.
  status.mcp_url.clear();
  EXPECT_THAT(status_text(servers_json(status), now_, console_), Not(HasSubstr("restart")));
}

TEST_F(RenderingTest, AHeaderThatIsRenewedNeedsAReloadAndALoginNone) {
  GatewayStatus status = sample_status();
  status.servers[1].cause->code = mcp::ErrorCode::credential_refused;
  EXPECT_THAT(*server_text(servers_json(status), "linear", now_, console_),
              HasSubstr("\ndo          Is it running? Then run \"switchyard reload\".\n"));
  status.servers[1].cause->code = mcp::ErrorCode::login_required;
  EXPECT_THAT(*server_text(servers_json(status), "linear", now_, console_), HasSubstr("\ndo          Is it running?\n"));
}

TEST_F(RenderingTest, AFileThatCannotBeUsedIsSpokenOf) {
  GatewayStatus status = sample_status();
  status.reload.error = mcp::Error{mcp::ErrorCode::config_invalid, "f:1:2: expected ','\nf:3:4: \x1b[2J", "Mend it."};
  const std::string text = status_text(servers_json(status), now_, console_);
  EXPECT_THAT(text,
              HasSubstr("ana\nConfiguration /etc/switchyard.json\n"
                        "It cannot be used as it is now, and nothing has changed: f:1:2: expected ','\nf:3:4: "));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, HasSubstr("Mend it.\n\nNAME "));
}

TEST_F(RenderingTest, StatusOfServersStartedForTheCommand) {
  GatewayStatus status = sample_status();
  status.mcp_url.clear();
  const std::string answer = servers_json(status);
  for (const std::string& text : {status_text(answer, now_, console_), list_text(answer, now_, console_)}) {
    EXPECT_THAT(text,
                testing::StartsWith(
                    "No gateway runs here with /etc/switchyard.json; its servers were started for this command alone.\n\nNAME "));
    EXPECT_THAT(text, Not(HasSubstr("Next try")));
    EXPECT_THAT(text, Not(HasSubstr(" 99\n")));
  }
  EXPECT_THAT(*server_text(answer, "linear", now_, console_), Not(HasSubstr("next try")));
  EXPECT_THAT(*server_text(answer, "files", now_, console_), Not(HasSubstr("pid")));
}

TEST_F(RenderingTest, WhatASandboxDeniedComesWithWhatAllowsIt) {
  const std::string folder = std::filesystem::path(testing::TempDir()).parent_path();
  GatewayStatus status = sample_status();
  status.servers[0].denied = {"writing " + folder + "/tmp-x1", "writing " + folder + "/tmp-x2", "connecting to 203.0.113.5:443"};
  const std::string text = *server_text(servers_json(status), "files", now_, console_);
  EXPECT_THAT(text, HasSubstr("\ndenied      writing " + folder + "/tmp-x1, "));
  EXPECT_THAT(text,
              HasSubstr("\nallow       Where it needs that: add \"" + folder +
                        "\" to \"write\" in its \"sandbox\"; set \"network\" there to true.\n"));
  status.servers[0].denied = {"writing /no/such/folder/file"};
  EXPECT_THAT(
      *server_text(servers_json(status), "files", now_, console_),
      HasSubstr("\nallow       Where it needs that: create \"/no/such/folder\" and add it to \"write\" in its \"sandbox\".\n"));
}

TEST_F(RenderingTest, StatusOfOneServer) {
  EXPECT_EQ(server_text(servers_, "linear", now_, console_),
            "name        linear\n"
            "state       backing_off\n"
            "since       8 s (2023-11-14T22:13:22.000Z)\n"
            "cause       cannot connect\n"
            "reason      connect_failed\n"
            "do          Is it running?\n"
            "next try    2023-11-14T22:13:32.000Z\n"
            "transport   http\n"
            "url         https://mcp.example.com/mcp\n"
            "required    yes\n"
            "tools       0\n"
            "prompts     0\n"
            "resources   0\n"
            "templates   0\n"
            "open calls  0\n"
            "restarts    0\n");
  EXPECT_FALSE(server_text(servers_, "linea", now_, console_));
}

TEST_F(RenderingTest, Tools) {
  EXPECT_EQ(tools_text(tools_json(sample_tools(), ""), console_),
            "NAME         SERVER  DESCRIPTION\n"
            "files__read  files   Reads\n"
            "linear__add  linear  Add\n");
}

TEST_F(RenderingTest, LongDescriptionsAreCutWhereNoTerminalDoes) {
  ToolTable table;
  table.tools.push_back({"a__b", "a", "b", R"({"name":"a__b","description":")" + std::string(119, 'x') + R"(yz"})"});
  table.tools.push_back({"a__c", "a", "c", R"({"name":"a__c","description":")" + std::string(120, 'x') + R"("})"});
  EXPECT_EQ(
      tools_text(tools_json(table, ""), console_),
      "NAME  SERVER  DESCRIPTION\na__b  a       " + std::string(119, 'x') + "…\na__c  a       " + std::string(120, 'x') + "\n");
  console_.width = 200;
  EXPECT_THAT(tools_text(tools_json(table, ""), console_), HasSubstr("xyz\n"));
}

TEST_F(RenderingTest, DescriptionsAreWrappedOnATerminal) {
  const std::string entry = R"({"name":"a__b","description":"one two three four\n  - five six seven"})";
  EXPECT_EQ(tool_text(entry, console_), "name      a__b\n\none two three four\n  - five six seven\n");
  console_.width = 13;
  EXPECT_EQ(tool_text(entry, console_), "name      a__b\n\none two three\nfour\n  - five six\n  seven\n");
}

TEST_F(RenderingTest, WhatPeoplePasteHasAType) {
  EXPECT_EQ(
      connect_text("https://gateway.example.com/mcp", true),
      "Connect a client:\n"
      "  claude mcp add --transport http switchyard https://gateway.example.com/mcp --header \"Authorization: Bearer TOKEN\"\n"
      "or, in a client's configuration:\n"
      "  {\"mcpServers\":{\"switchyard\":{\"type\":\"http\",\"url\":\"https://gateway.example.com/mcp\","
      "\"headers\":{\"Authorization\":\"Bearer TOKEN\"}}}}\n");
  EXPECT_EQ(connect_text("http://127.0.0.1:7332/mcp", false),
            "Connect a client:\n"
            "  claude mcp add --transport http switchyard http://127.0.0.1:7332/mcp\n"
            "or, in a client's configuration:\n"
            "  {\"mcpServers\":{\"switchyard\":{\"type\":\"http\",\"url\":\"http://127.0.0.1:7332/mcp\"}}}\n");
}

TEST_F(RenderingTest, Describe) {
  EXPECT_EQ(tool_text(R"({"name":"a__b","server":"a","tool":"b","title":"B","description":"One\n\u001b[2Jtwo",)"
                      R"("definition":{"inputSchema":{"type":"object","required":["x"]},"annotations":{"readOnlyHint":true}}})",
                      console_),
            "name      a__b\n"
            "server    a\n"
            "own name  b\n"
            "title     B\n"
            "\n"
            "One\n"
            "?[2Jtwo\n"
            "\n"
            "input schema\n"
            "{\n"
            "  \"type\": \"object\",\n"
            "  \"required\": [\n"
            "    \"x\"\n"
            "  ]\n"
            "}\n"
            "\n"
            "annotations\n"
            "{\n"
            "  \"readOnlyHint\": true\n"
            "}\n");
}

TEST_F(RenderingTest, ResultsArePlainTextAndOtherContentIsJson) {
  const std::string result =
      R"({"content":[{"type":"text","text":"a\u001bb"},{"type":"text","text":"c\n"},{"type":"image","data":"AA=="}]})";
  EXPECT_EQ(result_text(result, console_),
            "a\x1b"
            "b\nc\n{\"type\":\"image\",\"data\":\"AA==\"}\n");
  console_.out_terminal = true;
  EXPECT_THAT(result_text(result, console_), HasSubstr("a?b\n"));
  EXPECT_EQ(result_text(R"({"content":[],"structuredContent":{"n":1}})", console_), "{\"n\":1}\n");
  EXPECT_EQ(result_text(R"({"content":[{"type":"text","text":"t"}],"structuredContent":{"n":1}})", console_), "t\n");
  EXPECT_EQ(result_text("{}", console_), "");
}

TEST_F(RenderingTest, CallArguments) {
  const auto arguments = [this](CallCommand command, const std::string& input = "") {
    in_.str(input);
    in_.clear();
    const auto answer = call_arguments(command, in_);
    return answer ? *answer : "error: " + answer.error().message;
  };
  EXPECT_EQ(arguments({.arguments = R"( {"a": 1e400} )"}), R"( {"a": 1e400} )");
  EXPECT_EQ(arguments({.arguments = "-"}, "{\"a\":\n2}"), "{\"a\":\n2}");
  EXPECT_EQ(arguments({}), "{}");
  EXPECT_EQ(arguments({.pairs = {"n=1", "s=one", "q=\"1\"", "o={\"x\":[]}", "e=", "b=true", "t=a=b"}}),
            R"({"b":true,"e":"","n":1,"o":{"x":[]},"q":"1","s":"one","t":"a=b"})");
  EXPECT_EQ(arguments({.pairs = {"n=1"}, .texts = {"m=42", "t=null", "e="}}), R"({"e":"","m":"42","n":1,"t":"null"})");
  EXPECT_EQ(arguments({.pairs = {"a=1"}, .texts = {"a=2"}}), "error: --text a=2: \"a\" was given before");
  EXPECT_EQ(arguments({.texts = {"novalue"}}), "error: --text novalue: expected KEY=VALUE");
  EXPECT_THAT(arguments({.arguments = "{"}), HasSubstr("the arguments are not valid JSON: "));
  EXPECT_THAT(arguments({.arguments = "[1]"}), HasSubstr("not a JSON object"));
  EXPECT_THAT(arguments({.arguments = "-"}, ""), HasSubstr("not valid JSON"));
  EXPECT_THAT(arguments({.pairs = {"novalue"}}), HasSubstr("expected KEY=VALUE"));
  EXPECT_THAT(arguments({.pairs = {"=1"}}), HasSubstr("expected KEY=VALUE"));
  EXPECT_THAT(arguments({.pairs = {"a=1", "a=2"}}), HasSubstr("given before"));
}

TEST_F(RenderingTest, StartupNamesWhatIsStarting) {
  GatewayStatus status = sample_status();
  status.servers[1].state = RuntimeState::starting;
  EXPECT_EQ(startup_text(status), "starting: linear (1 of 2 ready)");
  status.servers[0].state = RuntimeState::starting;
  EXPECT_EQ(startup_text(status), "starting: files, linear (0 of 2 ready)");
}

}  // namespace
}  // namespace gateway
