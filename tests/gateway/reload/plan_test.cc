#include "gateway/reload/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gateway/config/config_text.h"

namespace gateway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kKey = "0123456789abcdef";

/// The servers of a file, as if they ran, and those that do not.
struct Side {
  explicit Side(const std::string& text, const EnvironmentStates& environments = {}) {
    auto read = parse_config(text, "/etc/sw/switchyard.json", test_environment());
    EXPECT_TRUE(read) << read.error().text();
    config = std::move(*read);
    desired = resolve(config, environments, kKey);
    for (const DesiredServer& server : desired.servers)
      running.push_back({server.spec, server.identity});
  }

  Config config;
  Desired desired;
  std::vector<CurrentServer> running;
};

std::string servers(const std::string& entries) {
  return R"({"listen":":0","mcpServers":{)" + entries + "}}";
}

std::vector<std::string> texts(const Plan& plan) {
  std::vector<std::string> lines;
  for (const ServerStep& step : plan.servers)
    lines.push_back(step.name.str() + ": " + step.text());
  return lines;
}

Comparison compare_sides(const Side& before, const Side& after) {
  return compare(before.running, before.desired.absent, after.desired);
}

std::vector<std::string> between(const std::string& before, const std::string& after) {
  return texts(compare_sides(Side(servers(before)), Side(servers(after))).plan);
}

TEST(PlanTest, EveryServerHasAStepInTheOrderOfTheNewFileThenThoseThatGo) {
  EXPECT_THAT(
      between(R"("a":{"command":"a"},"b":{"command":"b"},"c":{"command":"c"},"d":{"command":"d"})",
              R"("c":{"command":"c"},"new":{"command":"n"},"a":{"command":"a","args":["1"]},"d":{"command":"d","enabled":false})"),
      ElementsAre("c: keep (nothing of it changed)",
                  "new: start (new in the configuration)",
                  "a: restart (args[0] added)",
                  "d: stop (switched off)",
                  "b: stop (removed from the configuration)"));
}

TEST(PlanTest, SaysHowServersThatDidNotRunComeToRun) {
  const std::string off = R"("a":{"command":"a","enabled":false},"b":{"command":"b","env":{"K":"${NOT_SET}"}})";
  const std::string on = R"("a":{"command":"a"},"b":{"command":"b"})";
  EXPECT_THAT(between(off, on), ElementsAre("a: start (switched on)", "b: start (mended in the configuration)"));
  EXPECT_THAT(between(on, off), ElementsAre("a: stop (switched off)", HasSubstr("b: stop (broken in the configuration: ")));
  EXPECT_THAT(between(on, off)[1], HasSubstr("NOT_SET"));
  EXPECT_THAT(between(off, off), ElementsAre("a: absent (switched off)", HasSubstr("b: absent (broken in the configuration: ")));
}

TEST(PlanTest, NamesAFewChangesAndCountsTheRest) {
  EXPECT_THAT(between(R"("a":{"command":"a"})", R"("a":{"command":"a","args":["1","2","3","4","5","6","7"]})"),
              ElementsAre("a: restart (args[0] added, args[1] added, args[2] added, args[3] added, args[4] added and 2 more)"));
}

TEST(PlanTest, TellsNoSecret) {
  const std::string before =
      R"("a":{"command":"a","env":{"TOKEN":"tell-nobody-1"}},"w":{"url":"http://h/mcp","headers":{"Authorization":"tell-nobody-2"}})";
  const std::string after =
      R"("a":{"command":"a","env":{"TOKEN":"tell-nobody-3"}},"w":{"url":"http://h/mcp","headers":{"Authorization":"tell-nobody-4"}})";
  const auto lines = between(before, after);
  EXPECT_THAT(lines, ElementsAre("a: restart (env TOKEN changed)", "w: restart (header Authorization changed)"));
}

TEST(PlanTest, AnotherSpellingOfTheSameIsNoChange) {
  EXPECT_THAT(between(R"("a":{"command":"a","args":[],"env":{"TOKEN":"t-1","B":"2"},"callTimeout":300})",
                      R"("a":{"env":{"B":"2","TOKEN":"${TOKEN}"},"command":"a","enabled":true})"),
              ElementsAre("a: keep (only what counts as a secret changed)"));
  EXPECT_THAT(between(R"("a":{"url":"http://h/mcp","type":"http"})", R"("a":{"url":"http://h/mcp","type":"streamable-http"})"),
              ElementsAre("a: keep (nothing of it changed)"));
  EXPECT_THAT(between(R"("a":{"url":"http://h/mcp","headers":{"A":"1","B":"2"}})",
                      R"("a":{"url":"http://h/mcp","headers":{"B":"2","A":"1"}})"),
              ElementsAre("a: keep (nothing of it changed)"));
}

TEST(PlanTest, OrderInTheFileIsNoChange) {
  const Side before(servers(R"("a":{"command":"a"},"b":{"command":"b"})"));
  const Side after(servers(R"("b":{"command":"b"},"a":{"command":"a"})"));
  const auto comparison = compare_sides(before, after);
  EXPECT_TRUE(comparison.plan.changes_nothing());
  EXPECT_THAT(comparison.kept, ElementsAre(1U, 0U));
  EXPECT_THAT(comparison.replaced, ElementsAre(std::nullopt, std::nullopt));
}

TEST(PlanTest, SaysWhichServerGoesOnAsWhichAndWhichTakesOver) {
  const Side before(servers(R"("a":{"command":"a"},"b":{"command":"b"},"c":{"command":"c"})"));
  const Side after(servers(R"("z":{"command":"c"},"b":{"command":"other"},"n":{"command":"n"})"));
  const auto comparison = compare_sides(before, after);
  EXPECT_THAT(texts(comparison.plan),
              ElementsAre("z: rename (was c)",
                          "b: restart (command changed)",
                          "n: start (new in the configuration)",
                          "a: stop (removed from the configuration)"));
  EXPECT_THAT(comparison.kept, ElementsAre(2U, std::nullopt, std::nullopt));
  EXPECT_THAT(comparison.replaced, ElementsAre(std::nullopt, 1U, std::nullopt));
}

TEST(PlanTest, NamesThatAreExchangedMoveNothing) {
  // Each name is there before and after, so each is what it was called: two restarts, no guess.
  EXPECT_THAT(between(R"("a":{"command":"x"},"b":{"command":"y"})", R"("a":{"command":"y"},"b":{"command":"x"})"),
              ElementsAre("a: restart (command changed)", "b: restart (command changed)"));
}

TEST(PlanTest, OneOfTwoAlikeThatIsRenamedIsFoundByItsName) {
  EXPECT_THAT(between(R"("a":{"command":"x"},"b":{"command":"x"})", R"("a":{"command":"x"},"c":{"command":"x"})"),
              ElementsAre("a: keep (nothing of it changed)", "c: rename (was b)"));
  EXPECT_THAT(between(R"("a":{"command":"x"})", R"("b":{"command":"x"},"c":{"command":"x"})"),
              ElementsAre("b: start (new in the configuration)",
                          "c: start (new in the configuration)",
                          "a: stop (removed from the configuration)"));
}

TEST(PlanTest, ARenamedEntryThatIsShownDifferentlyIsStillRenamed) {
  EXPECT_THAT(between(R"("a":{"command":"x"})", R"("b":{"command":"x","callTimeout":1})"),
              ElementsAre("b: rename (was a; callTimeout changed)"));
  EXPECT_THAT(between(R"("a":{"command":"x"})", R"("b":{"command":"x","enabled":false})"),
              ElementsAre("b: absent (switched off)", "a: stop (removed from the configuration)"));
}

TEST(PlanTest, FollowsEnvironments) {
  const std::string bound = servers(R"("a":{"command":"a","environment":"devbox"},"b":{"command":"b"})");
  const EnvironmentStates there = {{"devbox", {.available = true, .instance = 1}}};
  const EnvironmentStates away = {{"devbox", {.available = false, .instance = 1, .why = "its path /x does not exist"}}};
  const EnvironmentStates back = {{"devbox", {.available = true, .instance = 2}}};
  EXPECT_THAT(texts(compare_sides(Side(bound), Side(bound, there)).plan),
              ElementsAre("a: start (environment devbox is there)", "b: keep (nothing of it changed)"));
  EXPECT_THAT(texts(compare_sides(Side(bound, there), Side(bound, away)).plan),
              ElementsAre("a: stop (its environment is not there)", "b: keep (nothing of it changed)"));
  EXPECT_THAT(texts(compare_sides(Side(bound, there), Side(bound, back)).plan),
              ElementsAre("a: restart (instance of environment devbox changed)", "b: keep (nothing of it changed)"));
  const std::string free = servers(R"("a":{"command":"a"},"b":{"command":"b"})");
  EXPECT_THAT(texts(compare_sides(Side(bound, away), Side(free)).plan),
              ElementsAre("a: start (no longer bound to an environment)", "b: keep (nothing of it changed)"));
  const auto& absent = Side(bound, away).desired.absent;
  ASSERT_EQ(absent.size(), 1U);
  EXPECT_EQ(absent[0].why.code, mcp::ErrorCode::environment_unavailable);
  EXPECT_THAT(absent[0].why.message, HasSubstr("its path /x does not exist"));
}

TEST(PlanTest, WhoSeesTheChangeIsPartOfTheText) {
  ServerStep step{.name = ServerName("a"), .presentation = {"tools.deny"}};
  step.views = {{.view = "/mcp", .gained = {"x"}, .lost = {}}, {.view = "profile coding", .gained = {}, .lost = {"y", "z"}}};
  EXPECT_EQ(step.text(), "keep (only tools.deny changed; 1 tool comes to /mcp; 2 tools leave profile coding)");
}

TEST(PlanTest, SummaryCountsWhatHappens) {
  Plan plan;
  EXPECT_EQ(plan.summary(), "no servers");
  EXPECT_TRUE(plan.changes_nothing());
  for (const ServerAction action : {ServerAction::keep,
                                    ServerAction::keep,
                                    ServerAction::rename,
                                    ServerAction::start,
                                    ServerAction::start,
                                    ServerAction::restart,
                                    ServerAction::stop,
                                    ServerAction::absent})
    plan.servers.push_back({.name = ServerName("x"), .action = action});
  plan.settings = {{"listen", SettingStep::Effect::needs_restart}, {"startupWait", SettingStep::Effect::applied}};
  EXPECT_EQ(plan.summary(), "2 starts, 1 restart, 1 stop, 1 rename, 2 servers kept, 1 setting waits for a restart of the gateway");
  EXPECT_FALSE(plan.changes_nothing());
}

TEST(PlanTest, NothingChangesWhereNobodyWouldNotice) {
  Plan plan;
  plan.servers = {{.name = ServerName("a")}, {.name = ServerName("b"), .action = ServerAction::absent, .why = "switched off"}};
  EXPECT_TRUE(plan.changes_nothing());
  plan.warnings = {"something odd"};
  EXPECT_TRUE(plan.changes_nothing());
  plan.servers[0].presentation = {"callTimeout"};
  EXPECT_FALSE(plan.changes_nothing());
}

std::vector<std::string> settings_between(const std::string& before, const std::string& after) {
  std::vector<std::string> lines;
  for (const SettingStep& step : compare_settings(Side(before).config, Side(after).config))
    lines.push_back(step.what + (step.effect == SettingStep::Effect::needs_restart ? " (later)" : ""));
  return lines;
}

TEST(PlanTest, SettingsThatDifferAreNamed) {
  const std::string before = R"({"listen":":1","profiles":{"a":{"servers":[]},"b":{"servers":[]}},"environments":{"x":{},"y":{}}})";
  const std::string after = R"({"listen":":2","admin":":3","profiles":{"b":{"servers":[],"maxNameLength":20},"c":{"servers":[]}},)"
                            R"("environments":{"y":{"available":true},"z":{}},"startupWait":1,"listPageSize":2})";
  EXPECT_THAT(settings_between(before, after),
              ElementsAre("profile b changed",
                          "profile c added",
                          "profile a removed",
                          "environment y changed",
                          "environment z added",
                          "environment x removed",
                          "listen (later)",
                          "admin (later)",
                          "startupWait",
                          "listPageSize"));
  EXPECT_THAT(settings_between(after, after), IsEmpty());
}

}  // namespace
}  // namespace gateway
