#include "gateway/import/carry_out.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>

#include "tests/gateway/config/config_text.h"
#include "tests/gateway/import/memory_store.h"
#include "tests/support/temp_folder.h"

namespace gateway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr auto kServers = R"({"mcpServers": {"git": {"command": "x", "env": {"TOKEN": "tok-123456"}}, "plain": {"command": "y"}}})";

class CarryOutTest : public testing::Test {
 protected:
  CarryOutTest() : file_(folder_.file("switchyard.json")), environment_(environment_of({{"HOME", "/h"}})) {}

  static std::optional<std::string> read(const std::string& path) {
    if (!std::filesystem::exists(path)) return std::nullopt;
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }

  ImportRecords records() {
    auto opened = ImportRecords::open(folder_.file("state"));
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().text());
    return std::move(*opened);
  }

  mcp::Result<ImportOutcome> import(const std::string& text = kServers) {
    const auto before = read(file_);
    const ImportBase base{file_, before, environment_};
    auto reading = parse_source(text, {ImportClient::cursor, "/c/mcp.json", ""});
    auto plan = plan_import({reading.value()}, base, {});
    if (!plan) return std::unexpected(plan.error());
    auto all = records();
    return carry_out_import(*plan, base, all, store_);
  }

  mcp::Result<UndoPlan> undo(bool in_use = false) {
    auto all = records();
    auto plan = plan_undo(all, environment_, in_use);
    if (!plan) return plan;
    if (auto done = carry_out_undo(*plan, all, store_); !done) return std::unexpected(done.error());
    return plan;
  }

  mcp::TempFolder folder_;
  const std::string file_;
  const Environment environment_;
  MemoryStore store_;
};

TEST_F(CarryOutTest, SecretsGoIntoTheStoreAndNowhereElse) {
  const auto outcome = import();
  ASSERT_TRUE(outcome) << outcome.error().text();
  EXPECT_THAT(outcome->secrets, ElementsAre("GIT_TOKEN"));
  EXPECT_EQ(store_.secrets.at("GIT_TOKEN"), "tok-123456");
  EXPECT_THAT(*read(file_), HasSubstr(R"("TOKEN": "${secret:GIT_TOKEN}")"));
  EXPECT_THAT(*read(file_), Not(HasSubstr("tok-123456")));
  const std::string record = folder_.file("state/imports/00000001.json");
  EXPECT_THAT(*read(record), Not(HasSubstr("tok-123456")));
  struct stat status{};
  ASSERT_EQ(::stat(record.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
  ASSERT_EQ(::stat(folder_.file("state/imports").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0700U);
}

TEST_F(CarryOutTest, UndoRestoresEveryByte) {
  for (const std::string& before :
       {std::string("{\r\n\t// ours\r\n\t\"listen\": \":0\", \"mcpServers\": {\"a\": {\"command\": \"z\"} /* x */ }\r\n}"),
        std::string("{ \"profiles\": {}, }"),
        std::string("\xEF\xBB\xBF{\"profiles\":{},\"mcpServers\":{}}\n\n"),
        std::string("{}"),
        std::string("")}) {
    folder_.write("switchyard.json", before);
    const auto outcome = import();
    ASSERT_TRUE(outcome) << outcome.error().text();
    EXPECT_NE(*read(file_), before);
    const auto undone = undo();
    ASSERT_TRUE(undone) << undone.error().text();
    EXPECT_TRUE(undone->exact) << before;
    EXPECT_EQ(*read(file_), before);
    EXPECT_THAT(store_.secrets, IsEmpty());
    EXPECT_EQ(undo().error().message, "there is no import to take back");
  }
}

TEST_F(CarryOutTest, UndoRemovesAFileThatTheImportMade) {
  ASSERT_TRUE(import());
  const auto undone = undo();
  ASSERT_TRUE(undone) << undone.error().text();
  EXPECT_FALSE(read(file_));
}

TEST_F(CarryOutTest, AFileThatAGatewayUsesStaysThere) {
  ASSERT_TRUE(import());
  const auto undone = undo(true);
  ASSERT_TRUE(undone) << undone.error().text();
  EXPECT_THAT(undone->servers, ElementsAre("git", "plain"));
  EXPECT_THAT(*read(file_), Not(HasSubstr("\"git\"")));
}

TEST_F(CarryOutTest, WhatSomebodyChangedSinceStays) {
  ASSERT_TRUE(import());
  std::string text = *read(file_);
  text.replace(text.find("\"y\""), 3, "\"changed\"");
  folder_.write("switchyard.json", text);
  const auto undone = undo();
  ASSERT_TRUE(undone) << undone.error().text();
  EXPECT_FALSE(undone->exact);
  EXPECT_THAT(undone->servers, ElementsAre("git"));
  EXPECT_THAT(undone->changed, ElementsAre("plain"));
  EXPECT_THAT(*read(file_), HasSubstr("changed"));
  EXPECT_THAT(*read(file_), Not(HasSubstr("\"git\"")));
  EXPECT_THAT(store_.secrets, IsEmpty());
}

TEST_F(CarryOutTest, ASecretThatSomethingElseNamesStays) {
  ASSERT_TRUE(import());
  std::string text = *read(file_);
  text.replace(text.find("\"y\""), 3, R"("y", "env": {"X": "${secret:GIT_TOKEN}"})");
  folder_.write("switchyard.json", text);
  const auto undone = undo();
  ASSERT_TRUE(undone) << undone.error().text();
  EXPECT_THAT(undone->kept_secrets, ElementsAre("GIT_TOKEN"));
  EXPECT_EQ(store_.secrets.size(), 1U);
}

TEST_F(CarryOutTest, OneAfterTheOther) {
  ASSERT_TRUE(import());
  ASSERT_TRUE(import(R"({"mcpServers": {"third": {"command": "z"}}})"));
  EXPECT_THAT(undo().value().servers, ElementsAre("third"));
  EXPECT_THAT(undo().value().servers, ElementsAre("git", "plain"));
  EXPECT_FALSE(read(file_));
}

TEST_F(CarryOutTest, WhereTheStoreFailsNothingIsDone) {
  store_.room = 1;
  const auto outcome = import(
      R"({"mcpServers": {"a": {"command": "x", "env": {"TOKEN": "tok-a-1234"}}, "b": {"command": "x", "env": {"TOKEN": "tok-b-1234"}}}})");
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().message, "the disk is full");
  EXPECT_THAT(store_.secrets, IsEmpty());
  EXPECT_FALSE(read(file_));
  EXPECT_THAT(records().all(), IsEmpty());
}

TEST_F(CarryOutTest, WhereTheFileChangedMeanwhileNothingIsDone) {
  folder_.write("switchyard.json", R"({"profiles": {}})");
  const std::optional<std::string> before = R"({"profiles": {}, "mcpServers": {}})";
  const ImportBase base{file_, before, environment_};
  const auto plan = plan_import({parse_source(kServers, {ImportClient::cursor, "/c", ""}).value()}, base, {});
  ASSERT_TRUE(plan);
  auto all = records();
  const auto outcome = carry_out_import(*plan, base, all, store_);
  ASSERT_FALSE(outcome);
  EXPECT_THAT(outcome.error().message, HasSubstr("was changed by somebody else meanwhile"));
  EXPECT_THAT(store_.secrets, IsEmpty());
  EXPECT_THAT(all.all(), IsEmpty());
}

TEST_F(CarryOutTest, WhatAnInterruptedImportStoredIsCleared) {
  folder_.write("switchyard.json", R"({"profiles": {}, "mcpServers": {"a": {"command": "x", "env": {"X": "${secret:KEPT}"}}}})");
  store_.secrets = {{"KEPT", "k"}, {"LEFT", "l"}, {"OTHER", "o"}};
  auto all = records();
  ImportRecord record{.time = 1,
                      .file = file_,
                      .before_digest = ImportRecord::digest(*read(file_)),
                      .after_digest = "x",
                      .secrets = {"KEPT", "LEFT"}};
  ASSERT_TRUE(all.add(record));
  EXPECT_THAT(clear_interrupted(all, store_), ElementsAre("LEFT"));
  EXPECT_EQ(store_.secrets.size(), 2U);
  EXPECT_THAT(all.all(), IsEmpty());
}

TEST_F(CarryOutTest, OneThatIsDoneIsNotInterrupted) {
  ASSERT_TRUE(import());
  std::filesystem::remove(file_);
  auto all = records();
  EXPECT_THAT(clear_interrupted(all, store_), IsEmpty());
  EXPECT_EQ(store_.secrets.size(), 1U);
}

TEST_F(CarryOutTest, OneProcessAtATime) {
  const auto first = records();
  const auto second = ImportRecords::open(folder_.file("state"));
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, HasSubstr("another import is under way"));
}

TEST_F(CarryOutTest, TheNewestTwentyAreKept) {
  auto all = records();
  for (int i = 0; i < 25; ++i) {
    ImportRecord record{.time = i, .file = file_};
    ASSERT_TRUE(all.add(record));
  }
  const auto kept = all.all();
  ASSERT_EQ(kept.size(), 20U);
  EXPECT_EQ(kept.front().time, 24);
}

TEST(TextSpliceTest, GoesBackToWhatWas) {
  for (const auto& [before, after] : std::vector<std::pair<std::string, std::string>>{
           {"", "x"}, {"aa", "aaa"}, {"abc", "abc"}, {"{}", "{\"a\": {}}"}, {"abab", "ab"}, {"x", ""}}) {
    EXPECT_EQ(TextSplice::between(before, after).undone(after), before) << before << " → " << after;
  }
  EXPECT_FALSE((TextSplice{5, 1, ""}.undone("abc")));
}

}  // namespace
}  // namespace gateway
