#include "gateway/import/import_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/config/jsonc_write.h"
#include "tests/gateway/config/config_text.h"

namespace gateway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

SourceReading source(ImportClient client, const std::string& servers, const std::string& path = "/c/file.json") {
  auto reading = parse_source("{\"mcpServers\": {" + servers + "}}", {client, path, ""});
  EXPECT_TRUE(reading) << (reading ? "" : reading.error().text());
  return reading.value_or(SourceReading{});
}

class ImportPlanTest : public testing::Test {
 protected:
  mcp::Result<ImportPlan> plan(std::vector<SourceReading> sources, const ImportChoices& choices = {}) {
    const Environment environment = environment_of(variables_);
    return plan_import(std::move(sources), {file_, text_, environment}, choices);
  }

  /// "found[ as name]: verdict[ (why)]" each.
  std::vector<std::string> verdicts(std::vector<SourceReading> sources, const ImportChoices& choices = {}) {
    const auto made = plan(std::move(sources), choices);
    if (!made) return {made.error().text()};
    static const std::map<ImportVerdict, std::string> kWords = {{ImportVerdict::add, "add"},
                                                                {ImportVerdict::same, "same"},
                                                                {ImportVerdict::taken, "taken"},
                                                                {ImportVerdict::unusable, "unusable"},
                                                                {ImportVerdict::not_asked, "not asked"}};
    std::vector<std::string> out;
    for (const ImportedServer& server : made->servers) {
      out.push_back(server.found_as + (server.name == server.found_as ? "" : " as " + server.name) + ": " +
                    kWords.at(server.verdict) + (server.why.empty() ? "" : " (" + server.why + ")"));
    }
    return out;
  }

  const std::string file_ = "/etc/sw/switchyard.json";
  std::optional<std::string> text_;
  std::map<std::string, std::string, std::less<>> variables_ = {{"HOME", "/home/u"}};
};

TEST_F(ImportPlanTest, EverythingIsNewWhereThereIsNoFile) {
  EXPECT_THAT(verdicts({source(ImportClient::cursor, R"("a": {"command": "x"}, "b": {"url": "https://b.test/mcp"})")}),
              ElementsAre("a: add", "b: add"));
}

TEST_F(ImportPlanTest, WhatIsThereIsTheSameOrTaken) {
  text_ = R"({"profiles": {}, "mcpServers": {"a": {"command": "x", "tools": {"deny": ["y"]}, "enabled": false},
                                              "b": {"command": "z", "args": ["--token", "secret-1"]}}})";
  EXPECT_THAT(verdicts({source(ImportClient::cursor, R"("a": {"command": "x"}, "b": {"command": "x"})")}),
              ElementsAre("a: same (there already)", "b: taken (the name is taken: z --token …)"));
}

TEST_F(ImportPlanTest, ASecretInTheStoreIsTheSameAsTheOneThere) {
  text_ = R"({"profiles": {}, "mcpServers": {"a": {"command": "x", "env": {"TOKEN": "${secret:MINE}", "B": "1"}}}})";
  variables_["secret:MINE"] = "tok-123456";
  EXPECT_THAT(verdicts({source(ImportClient::cursor, R"("a": {"command": "x", "env": {"B": "1", "TOKEN": "tok-123456"}})")}),
              ElementsAre("a: same (there already)"));
  EXPECT_THAT(verdicts({source(ImportClient::cursor, R"("a": {"command": "x", "env": {"B": "1", "TOKEN": "tok-other"}})")}),
              ElementsAre(HasSubstr("a: taken")));
}

TEST_F(ImportPlanTest, OneNameInSeveralSources) {
  const auto sources = [] {
    return std::vector{source(ImportClient::claude_desktop, R"("a": {"command": "x"})"),
                       source(ImportClient::cursor, R"("a": {"command": "x"})"),
                       source(ImportClient::vscode, R"("a": {"command": "other"})")};
  };
  EXPECT_THAT(
      verdicts(sources()),
      ElementsAre(
          "a: add", "a: same (the same as that of Claude Desktop)", "a: taken (the name is taken by that of Claude Desktop: x)"));
  EXPECT_THAT(verdicts(sources(), {.number_taken = true}), ElementsAre("a: add", HasSubstr("a: same"), "a as a-2: add"));
  EXPECT_THAT(verdicts(sources(), {.renames = {{"a", "b"}}}), ElementsAre("a: add", HasSubstr("a: same"), "a as b: add"));
}

TEST_F(ImportPlanTest, ARenameIsForTheOneThatNeedsIt) {
  text_ = R"({"profiles": {}, "mcpServers": {"a": {"command": "ours"}}})";
  EXPECT_THAT(verdicts({source(ImportClient::cursor, R"("a": {"command": "x"})")}, {.renames = {{"a", "b"}}}),
              ElementsAre("a as b: add"));
  text_.reset();
  EXPECT_THAT(verdicts({source(ImportClient::cursor, R"("a": {"command": "x"})")}, {.renames = {{"a", "b"}}}),
              ElementsAre("a as b: add"));
  EXPECT_THAT(verdicts({source(ImportClient::cursor, R"("a/b": {"command": "x"})")}, {.renames = {{"a/b", "b"}}}),
              ElementsAre("a/b as b: add"));
}

TEST_F(ImportPlanTest, ChoicesThatMeanNothing) {
  const auto sources = [] {
    return std::vector{source(ImportClient::cursor, R"("files": {"command": "x"}, "b": {"command": "y"})")};
  };
  EXPECT_THAT(verdicts(sources(), {.only = {"fils"}}),
              ElementsAre("there is no server \"fils\" to import; did you mean \"files\"?"));
  EXPECT_THAT(verdicts(sources(), {.renames = {{"zzzzzz", "a"}}}), ElementsAre(HasSubstr("there is no server \"zzzzzz\"")));
  EXPECT_THAT(verdicts(sources(), {.renames = {{"files", "n"}, {"b", "n"}}}),
              ElementsAre("two servers cannot both be named \"n\". Give them different names."));
  EXPECT_THAT(verdicts(sources(), {.only = {"b"}}), ElementsAre("files: not asked (not asked for)", "b: add"));
}

TEST_F(ImportPlanTest, WhatCannotBeOursSaysWhy) {
  EXPECT_THAT(
      verdicts({source(ImportClient::cursor,
                       R"("a/b": {"command": "x"}, "c": {"url": "ftp://x"}, "d": {}, "e": {"type": "ws", "url": "https://x"})")}),
      ElementsAre(HasSubstr("a/b: unusable (a server's name cannot hold '/')"),
                  HasSubstr("c: unusable (url: "),
                  HasSubstr("d: unusable (expected \"command\""),
                  HasSubstr("e: unusable (type: unknown type \"ws\"")));
}

TEST_F(ImportPlanTest, SwitchyardItselfIsNoServerOfItsOwn) {
  text_ = R"({"listen": "127.0.0.1:9000", "mcpServers": {}})";
  EXPECT_THAT(verdicts({source(ImportClient::cursor,
                               R"("a": {"command": "/usr/bin/switchyard", "args": ["serve", "--stdio"]},
                                  "b": {"url": "http://localhost:9000/mcp/x"}, "c": {"url": "http://localhost:9001/mcp"})")}),
              ElementsAre("a: unusable (it is Switchyard itself)", "b: unusable (it is Switchyard itself)", "c: add"));
}

TEST_F(ImportPlanTest, SecretsOfThoseThatAreAddedAlone) {
  text_ = R"({"profiles": {}, "mcpServers": {"b": {"command": "ours"}}})";
  const auto made =
      plan({source(ImportClient::cursor,
                   R"("a": {"command": "x", "env": {"TOKEN": "tok-a-123"}}, "b": {"command": "x", "env": {"TOKEN": "tok-b"}})")});
  ASSERT_TRUE(made);
  EXPECT_THAT(made->secrets, ElementsAre(Pair("A_TOKEN", "tok-a-123")));
}

TEST_F(ImportPlanTest, WhatIsMissingIsANote) {
  const auto made = plan({source(ImportClient::cursor, R"("a": {"command": "x", "env": {"KEY": "${env:NOT_SET}"}})")});
  ASSERT_TRUE(made);
  EXPECT_EQ(made->servers[0].verdict, ImportVerdict::add);
  EXPECT_THAT(made->servers[0].converted.notes, ElementsAre(HasSubstr("env.KEY: the variable NOT_SET is not set")));
}

TEST_F(ImportPlanTest, WhatIsThereAlreadyIsNotNeeded) {
  auto reading =
      parse_source(R"({"inputs": [{"id": "k", "password": true}], "servers": {"a": {"command": "x", "env": {"K": "${input:k}"}}}})",
                   {ImportClient::vscode, "/c/mcp.json", ""});
  ASSERT_TRUE(reading);
  auto made = plan({*reading});
  ASSERT_EQ(made.value().servers[0].converted.needed.size(), 1U);
  EXPECT_THAT(made->servers[0].converted.notes, IsEmpty());
  variables_["secret:K"] = "stored";
  made = plan({*reading});
  EXPECT_THAT(made.value().servers[0].converted.needed, IsEmpty());
}

TEST_F(ImportPlanTest, WhatIsStillToBeGivenKeepsNoServerOut) {
  auto reading = parse_source(
      R"({"inputs": [{"id": "k", "password": true}],
          "servers": {"a": {"command": "x", "env": {"K": "${input:k}", "B": "${env:NOT_SET}"}, "envFile": "/nowhere/at/all/.env"}}})",
      {ImportClient::vscode, "/c/mcp.json", ""});
  ASSERT_TRUE(reading);
  const auto made = plan({*reading});
  ASSERT_TRUE(made);
  EXPECT_EQ(made->servers[0].verdict, ImportVerdict::unusable);
  EXPECT_EQ(made->servers[0].why, "envFile: /nowhere/at/all/.env: no such file");
  EXPECT_EQ(made->servers[0].converted.needed.size(), 1U);
}

TEST_F(ImportPlanTest, WithAClientsSecretAServerIsTakenOver) {
  const auto made = plan(
      {source(ImportClient::cursor, R"("a": {"url": "https://a.test", "auth": {"CLIENT_ID": "i", "CLIENT_SECRET": "hush-1"}})")});
  ASSERT_TRUE(made);
  EXPECT_EQ(made->servers[0].verdict, ImportVerdict::add) << made->servers[0].why;
  EXPECT_THAT(made->secrets, ElementsAre(Pair("A_CLIENT_SECRET", "hush-1")));
}

TEST_F(ImportPlanTest, ANameThatAFileHasTwiceIsTold) {
  const auto made = plan(
      {source(ImportClient::cursor, "\"a\": {\"command\": \"x\"},\n\"b\": {\"command\": \"y\"},\n\"a\": {\"command\": \"z\"}")});
  ASSERT_TRUE(made);
  ASSERT_EQ(made->servers.size(), 2U);
  EXPECT_EQ(made->servers[0].twice,
            "the file has this name more than once; the one at line 3, column 1 is taken, that at line 1, column 17 is not");
  EXPECT_EQ(made->servers[1].twice, "");
}

TEST_F(ImportPlanTest, ABrokenConfigurationIsMendedFirst) {
  text_ = "{ \"profiles\": ";
  EXPECT_THAT(verdicts({source(ImportClient::cursor, R"("a": {"command": "x"})")}), ElementsAre(HasSubstr("Mend that first.")));
}

}  // namespace
}  // namespace gateway
