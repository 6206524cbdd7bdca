#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "gateway/admin/explain_view.h"
#include "gateway/cli/commands.h"
#include "tests/gateway/admin/fake_source.h"
#include "tests/gateway/cli/cli_fixture.h"

namespace gateway {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

class ExplainTextTest : public testing::Test {
 protected:
  std::string text() { return explain_text(explain_json(answer_), now_, console_); }

  ExplainTextTest() { answer_.running = true; }

  std::istringstream in_;
  std::ostringstream out_, err_;
  Console console_{.in = in_, .out = out_, .err = err_};
  const SystemTime now_ = ExplainFact::Time(std::chrono::seconds(1'000'000'045));
  ExplainAnswer answer_ = sample_answer();
};

TEST_F(ExplainTextTest, OneLineForEachStep) {
  EXPECT_EQ(text(),
            "tool write of server files, at /mcp\n"
            "  configuration  ok           in f\n"
            "  runtime        warning      ready, for 45 s\n"
            "                              Do it.\n"
            "  login          -            a program\n"
            "  discovery      ok           listed\n"
            "  filter         failed       denied\n"
            "  name           not reached\n"
            "  client limits  not reached\n"
            "not callable. Allow it.\n");
}

TEST_F(ExplainTextTest, WhatAgentsSeeThoughTheyCannotCallIt) {
  answer_.matches[0].listed = true;
  answer_.matches[0].steps[1].facts = {{"state", std::string("backing_off")},
                                       {"since", ExplainFact::Time(std::chrono::seconds(1'000'000'042))},
                                       {"retryAt", ExplainFact::Time(std::chrono::seconds(1'000'000'047))}};
  EXPECT_THAT(text(), HasSubstr("\nnot callable, though agents see it as files__write. Allow it.\n"));
  EXPECT_THAT(text(), HasSubstr("ready, backing off for 3 s, next try in 2 s\n"));
}

TEST_F(ExplainTextTest, SeveralMatchesAndVerdicts) {
  answer_.matches.push_back(
      {.server = ServerName("b\x1b[2J"), .tool = {}, .callable = {}, .steps = {}, .verdict = "serves 3 tools"});
  EXPECT_THAT(text(), HasSubstr("Allow it.\n\nserver b?[2J, at /mcp\nserves 3 tools\n"));
}

TEST_F(ExplainTextTest, AGatewayOfItsOwnIsNoneThatAgentsReach) {
  answer_.running = false;
  EXPECT_THAT(text(), testing::StartsWith("No gateway runs here"));
  answer_.matches.clear();
  EXPECT_EQ(text(), "");
}

TEST_F(ExplainTextTest, OnATerminalLinesAreBrokenAndColoured) {
  console_.width = 60;
  console_.colour = true;
  answer_.matches[0].steps[4].found = "tools.deny of server files has a pattern";
  EXPECT_THAT(text(),
              HasSubstr("\x1b[31mfailed       \x1b[0mtools.deny of server files has\n" + std::string(30, ' ') + "a pattern\n"));
  EXPECT_THAT(text(), HasSubstr("\x1b[31mnot callable\x1b[0m. Allow it.\n"));
}

class ExplainCommandTest : public CliTest {
 protected:
  ExplainCommandTest() {
    const json config = {{"mcpServers",
                          {{"good", {{"command", mcp::program_path("stdio_fault")}, {"args", {"ok"}}}},
                           {"box", {{"command", mcp::program_path("stdio_fault")}, {"args", {"ok"}}, {"environment", "here"}}}}},
                         {"environments", {{"here", {{"probe", {"true"}}}}}},
                         {"profiles", {{"one", {{"servers", {"box"}}}}}}};
    variables_["SWITCHYARD_CONFIG"] = write("switchyard.json", config.dump());
  }
};

TEST_F(ExplainCommandTest, WithoutAGatewayItStartsTheServers) {
  const Outcome good = run({"explain", "good__echo"});
  EXPECT_EQ(good.exit, 0);
  EXPECT_EQ(good.err, "");
  EXPECT_THAT(good.out, HasSubstr("\ncallable as good__echo\n"));
  const Outcome near = run({"explain", "good__ecko"});
  EXPECT_EQ(near.exit, 1);
  EXPECT_THAT(near.out, HasSubstr("switchyard explain good/echo"));
  const Outcome json_answer = run({"explain", "good", "--json"});
  EXPECT_EQ(json_answer.exit, 0);
  EXPECT_EQ(json::parse(json_answer.out).at("matches").at(0).at("server"), "good");
}

TEST_F(ExplainCommandTest, EnvironmentsAreLookedAtFirst) {
  EXPECT_EQ(run({"explain", "box__echo"}).exit, 0);
}

TEST_F(ExplainCommandTest, NamesThatNobodyHas) {
  const Outcome unknown = run({"explain", "god"});
  EXPECT_EQ(unknown.exit, 1);
  EXPECT_EQ(unknown.out, "");
  EXPECT_THAT(unknown.err, HasSubstr("no server and no tool is called \"god\"; did you mean \"good\"?"));
  EXPECT_THAT(unknown.err, Not(HasSubstr("still starting")));
  const Outcome profile = run({"explain", "good", "--profile", "two", "--json"});
  EXPECT_EQ(profile.exit, 1);
  EXPECT_EQ(json::parse(profile.out).at("error").at("reason"), "config_invalid");
  EXPECT_EQ(run({"explain", "good", "--profile", "one"}).exit, 1);
  EXPECT_EQ(run({"explain"}).exit, 2);
}

}  // namespace
}  // namespace gateway
