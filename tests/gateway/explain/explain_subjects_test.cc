#include "gateway/catalog/callable_name.h"
#include "tests/gateway/explain/explain_fixture.h"

namespace gateway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ExplainSubjectsTest : public ExplainTest {
 protected:
  /// What a name is taken for: "files" for a server, "files/read_file" for a tool.
  std::vector<std::string> meaning(const std::string& asked, const std::string& profile = "") {
    std::vector<std::string> found;
    for (const Explanation& match : ask(asked, profile).matches)
      found.push_back(match.server.str() + (match.tool.empty() ? "" : "/" + match.tool.str()));
    return found;
  }
};

TEST_F(ExplainSubjectsTest, ServersToolsAndBoth) {
  add("files", {"read_file", "notes"});
  add("notes", {"read_file", "add"});
  EXPECT_THAT(meaning("files"), ElementsAre("files"));
  EXPECT_THAT(meaning("files__read_file"), ElementsAre("files/read_file"));
  EXPECT_THAT(meaning("files/read_file"), ElementsAre("files/read_file"));
  EXPECT_THAT(meaning("read_file"), ElementsAre("files/read_file", "notes/read_file"));
  EXPECT_THAT(meaning("notes"), ElementsAre("notes", "files/notes"));
}

TEST_F(ExplainSubjectsTest, ToolsThatAreHiddenRenamedOrNotThere) {
  Entry& files = add("files", {"read_file", "write_file", "a.b"});
  files.spec.tools_deny = {"write*", "a*"};
  files.spec.tools_override["read_file"].name = "read";
  EXPECT_THAT(meaning("files__write_file"), ElementsAre("files/write_file"));
  EXPECT_THAT(meaning("write_file"), ElementsAre("files/write_file"));
  EXPECT_THAT(meaning(callable_name(ServerName("files"), ToolName("a.b")).str()), ElementsAre("files/a.b"));
  for (const std::string asked : {"read", "read_file", "files__read", "files__read_file", "files/read", "files/read_file"})
    EXPECT_THAT(meaning(asked), ElementsAre("files/read_file")) << asked;
  EXPECT_THAT(meaning("files__nothing"), ElementsAre("files/nothing"));
  EXPECT_THAT(meaning("files/"), IsEmpty());
}

TEST_F(ExplainSubjectsTest, OneServersNameBeginsLikeAnothers) {
  add("a", {"b__c"});
  add("a__b", {"d"});
  EXPECT_THAT(meaning("a__b__c"), ElementsAre("a/b__c"));
  EXPECT_THAT(meaning("a__b__d"), ElementsAre("a__b/d"));
  EXPECT_THAT(meaning("a__b__e"), ElementsAre("a__b/e")) << "the longest";
}

TEST_F(ExplainSubjectsTest, ServersThatCannotRunAreFoundByTheirNames) {
  make_absent(add("off", {}), AbsentServer::Kind::disabled, {mcp::ErrorCode::server_unavailable, "off"});
  make_absent(add("my box", {}), AbsentServer::Kind::broken, {mcp::ErrorCode::config_invalid, "broken"});
  EXPECT_THAT(meaning("off"), ElementsAre("off"));
  EXPECT_THAT(meaning("off__tool"), ElementsAre("off/tool"));
  const std::string hashed = callable_name(ServerName("my box"), ToolName("tool")).str();
  EXPECT_THAT(meaning(hashed), ElementsAre("my box/" + hashed));
}

TEST_F(ExplainSubjectsTest, WhatAProfileLacksIsFoundElsewhere) {
  add("files", {"read_file"}).spec.tools_override["read_file"].name = "read";
  add("notes", {"read_file"});
  config_.profiles = {{.name = "p", .servers = {ServerName("notes")}}};
  EXPECT_THAT(meaning("read_file", "p"), ElementsAre("notes/read_file"));
  EXPECT_THAT(meaning("files__read", "p"), ElementsAre("files/read_file"));
  EXPECT_THAT(meaning("read", "p"), ElementsAre("files/read_file"));
  EXPECT_THAT(meaning("files", "p"), ElementsAre("files"));
  EXPECT_EQ(ask("files__read", "p").view, "/mcp/p");
}

TEST_F(ExplainSubjectsTest, AProfilesNamesCanBeShorter) {
  const std::string tool(30, 't');
  add("files", {tool});
  config_.profiles = {{.name = "p", .servers = {ServerName("files")}, .max_name_length = 20}};
  const ExplainAnswer answer = ask("files__" + tool, "p");
  ASSERT_EQ(answer.matches.size(), 1U);
  EXPECT_EQ(answer.matches[0].callable, callable_name(ServerName("files"), ToolName(tool), 20));
  EXPECT_THAT(answer.matches[0].verdict, HasSubstr("not as \"files__ttt"));
}

TEST_F(ExplainSubjectsTest, NamesThatNobodyHas) {
  add("files", {"read_file", "write_file"});
  ExplainAnswer answer = ask("fils__read_file");
  EXPECT_THAT(answer.matches, IsEmpty());
  EXPECT_FALSE(answer.callable());
  EXPECT_THAT(answer.unknown.value_or(mcp::Error()).message, HasSubstr("no server and no tool is called \"fils__read_file\""));
  EXPECT_THAT(answer.near, testing::Contains("files__read_file"));
  EXPECT_THAT(ask("fils/read_file").near, testing::Contains("files__read_file"));
  EXPECT_THAT(ask("filse").near, testing::Contains("files"));
  EXPECT_THAT(ask("wite_file").near, testing::Contains("write_file"));
  EXPECT_THAT(ask("quite something else").near, IsEmpty());
  EXPECT_THAT(ask(std::string(100'000, 'x')).near, IsEmpty());
  entries_.clear();
  EXPECT_THAT(ask("x").unknown.value_or(mcp::Error()).remedy, HasSubstr("switchyard add"));
}

TEST_F(ExplainSubjectsTest, WhatIsStillStartingIsToldWhereItMatters) {
  add("files", {"read_file"});
  Entry& slow = add("slow", {});
  slow.first_start = true;
  slow.status.state = RuntimeState::starting;
  EXPECT_THAT(ask("files__read_file").starting, IsEmpty());
  EXPECT_THAT(ask("files").starting, IsEmpty());
  EXPECT_THAT(ask("read_file").starting, ElementsAre("slow")) << "it may have one, too";
  EXPECT_THAT(ask("nobody").starting, ElementsAre("slow"));
}

}  // namespace
}  // namespace gateway
