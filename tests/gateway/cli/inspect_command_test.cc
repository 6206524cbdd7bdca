#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sstream>

#include "gateway/cli/inspection_text.h"
#include "gateway/inspect/rules.h"
#include "tests/gateway/cli/cli_fixture.h"
#include "tests/support/programs.h"

namespace gateway {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(InspectionTextTest, ParametersInShort) {
  EXPECT_EQ(parameters_text(
                R"({"type":"object","properties":{"limit":{"type":"integer"},"path":{"type":"string"}},"required":["path"]})"),
            "path*: string, limit: integer");
  EXPECT_EQ(parameters_text(R"({"properties":{"a":{},"b":{"enum":[1]}}})"), "a: any, b: enum");
  EXPECT_EQ(parameters_text("{}"), "");
  EXPECT_EQ(parameters_text(R"({"properties":{"a\u001b[1m":{"type":"x\ny"}}})"), "a?[1m: x y");
}

TEST(InspectionTextTest, Hints) {
  EXPECT_EQ(hints_text(R"({"annotations":{"readOnlyHint":true,"destructiveHint":true,"openWorldHint":true}})"),
            "read-only, open world");
  EXPECT_EQ(hints_text(R"({"annotations":{"destructiveHint":true},"execution":{"taskSupport":"optional"}})"),
            "destructive, task optional");
  EXPECT_EQ(hints_text(R"({"name":"a"})"), "");
}

TEST(InspectionTextTest, SaysWhatWasFoundTheWorstFirst) {
  Inspection inspection;
  inspection.target = "npx thing";
  inspection.transport = "stdio";
  inspection.server_info = R"({"name":"thing","version":"1.2","title":"A\u001bThing"})";
  inspection.capabilities = R"({"tools":{"listChanged":true},"logging":{}})";
  inspection.tools.items = {R"({"name":"go","description":"Goes.\nFar.","annotations":{"readOnlyHint":true}})"};
  for (int i = 0; i < 7; ++i) {
    inspection.findings.add(rules::kToolUndescribed, "tools without a description", "t" + std::to_string(i));
  }
  inspection.findings.add(rules::kPing, "a ping was not answered: no answer");
  std::istringstream in;
  std::ostringstream out, err;
  const Console console{.in = in, .out = out, .err = err};
  const std::string text = inspection_text(inspection, console);
  EXPECT_THAT(text, HasSubstr("server        thing 1.2 (A?Thing)\n"));
  EXPECT_THAT(text, HasSubstr("reached by    stdio, npx thing\n"));
  EXPECT_THAT(text, HasSubstr("capabilities  tools (listChanged), logging\n"));
  EXPECT_THAT(text, HasSubstr("go    read-only         Goes.\n"));
  EXPECT_THAT(text, HasSubstr("warning  tools without a description: t0, t1, t2, t3, t4 and 2 more\n"));
  EXPECT_THAT(text, HasSubstr("\n1 error, 1 warning, 0 notes\n"));
  EXPECT_LT(text.find("error  a ping"), text.find("warning  tools"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

class InspectCommandTest : public CliTest {
 protected:
  const std::string program_ = mcp::program_path("stdio_fault");
};

TEST_F(InspectCommandTest, OfACommand) {
  const auto shown = run({"inspect", "--", program_, "ok"});
  EXPECT_EQ(shown.exit, 0) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("1 tool ("));
  EXPECT_EQ(run({"inspect", "--strict", "--", program_, "ok"}).exit, 1);
  const auto printed = run({"inspect", "--json", "--", program_, "ok"});
  EXPECT_EQ(printed.exit, 0);
  EXPECT_EQ(nlohmann::json::parse(printed.out)["transport"], "stdio");
}

TEST_F(InspectCommandTest, OfAnEntryOfTheConfiguration) {
  const std::string file = write(
      "c.json",
      R"({"mcpServers":{"files":{"command":")" + program_ + R"(","args":["ok"]},"broken":{"command":"${NO_SUCH_VARIABLE}"}}})");
  const auto shown = run({"inspect", "files", "--config", file});
  EXPECT_EQ(shown.exit, 0) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("stdio_fault"));
  const auto unknown = run({"inspect", "fils", "--config", file});
  EXPECT_EQ(unknown.exit, 1);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean \"files\"?"));
  const auto broken = run({"inspect", "broken", "--config", file});
  EXPECT_EQ(broken.exit, 1);
  EXPECT_THAT(broken.err, HasSubstr("NO_SUCH_VARIABLE"));
}

TEST_F(InspectCommandTest, OfASandboxedEntryAsInTheGateway) {
  std::filesystem::create_directories(folder_ + "/etc");
  const std::string file = write("etc/c.json",
                                 R"({"mcpServers":{"files":{"command":")" + program_ +
                                     R"(","args":["ok"],"sandbox":{"write":["."]}}},"listen":"127.0.0.1:0"})");
  const auto refused = run({"inspect", "files", "--config", file});
  EXPECT_EQ(refused.exit, 1);
  if (refused.err.contains("bubblewrap (bwrap) is not")) GTEST_SKIP() << "this system makes no sandbox: " << refused.err;
  EXPECT_THAT(refused.err, HasSubstr("etc/c.json, which the gateway reads")) << "its configuration is kept from it";
}

TEST_F(InspectCommandTest, WhatCannotBeReachedIsAFailure) {
  const auto missing = run({"inspect", "--json", "--", "/no/such/program"});
  EXPECT_EQ(missing.exit, 1);
  EXPECT_EQ(nlohmann::json::parse(missing.out)["error"]["reason"], "spawn_failed");
  const auto refused = run({"inspect", "http://127.0.0.1:1/mcp"});
  EXPECT_EQ(refused.exit, 1);
  EXPECT_THAT(refused.err, HasSubstr("cannot connect"));
  EXPECT_EQ(run({"inspect", "http://"}).exit, 1);
}

TEST_F(InspectCommandTest, WrongUsage) {
  for (const auto& outcome : {run({"inspect"}),
                              run({"inspect", "--"}),
                              run({"inspect", "a", "b"}),
                              run({"inspect", "a", "--", "b"}),
                              run({"inspect", "--no-such-option", "--", "b"})}) {
    EXPECT_EQ(outcome.exit, 2);
    EXPECT_THAT(outcome.err, HasSubstr("switchyard inspect --help"));
  }
}

}  // namespace
}  // namespace gateway
