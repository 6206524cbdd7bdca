// What the steps say of what works, or works for some.
#include "tests/gateway/explain/explain_fixture.h"

namespace gateway {
namespace {

using mcp::ErrorCode;
using testing::HasSubstr;

class ExplainStepsTest : public ExplainTest {
 protected:
  /// The only walk there is, which does not fail.
  Explanation passing(const std::string& asked, const std::string& profile = "") {
    const ExplainAnswer answer = ask(asked, profile);
    EXPECT_EQ(answer.matches.size(), 1U);
    EXPECT_TRUE(answer.callable());
    return answer.matches.empty() ? Explanation{.server = {}, .tool = {}, .callable = {}} : answer.matches.front();
  }

  static StepOutcome outcome(const Explanation& walk, ExplainStage stage) { return step_of(walk, stage).outcome; }
};

TEST_F(ExplainStepsTest, AToolThatCanBeCalled) {
  add("files", {"read_file", "write_file"}).spec.tools_allow = {"write*", "read*"};
  const Explanation walk = passing("files__read_file");
  EXPECT_EQ(walk.verdict, "callable as files__read_file");
  EXPECT_TRUE(walk.listed);
  EXPECT_EQ(outcome(walk, ExplainStage::login), StepOutcome::not_applicable);
  EXPECT_THAT(step_of(walk, ExplainStage::configuration).found, HasSubstr("mcpServers.files in f.json"));
  EXPECT_THAT(step_of(walk, ExplainStage::discovery).found, HasSubstr("among 2 tools"));
  EXPECT_THAT(step_of(walk, ExplainStage::filter).found, HasSubstr("tools.allow has \"read*\""));
  EXPECT_EQ(step_of(walk, ExplainStage::name).found, "files__read_file");
  EXPECT_THAT(step_of(walk, ExplainStage::client).found, HasSubstr("16 characters, one of 2 tools"));
  for (const ExplainStep& step : walk.steps)
    EXPECT_NE(step.outcome, StepOutcome::warning) << to_string(step.stage);
}

TEST_F(ExplainStepsTest, AGatewayThatEndsWithTheAnswerIsNotReloaded) {
  Entry& files = add("files", {"read_file"});
  files.status.state = RuntimeState::failed;
  files.status.cause = mcp::Error{ErrorCode::spawn_failed, "no command", "Install it."};
  running_ = false;
  const ExplainAnswer answer = ask("files");
  EXPECT_EQ(answer.matches.at(0).failed()->remedy, "Install it.");
  EXPECT_EQ(answer.matches.at(0).verdict, "not usable: no command");
}

TEST_F(ExplainStepsTest, AServerWithoutToolsThatSleepsIsNoServerThatWasNotRead) {
  Entry& files = add("files", {});
  files.status.state = RuntimeState::dormant;
  const ExplainAnswer answer = ask("files");
  ASSERT_EQ(answer.matches.size(), 1U);
  EXPECT_EQ(answer.matches[0].failed(), nullptr) << answer.matches[0].verdict;
  EXPECT_THAT(step_of(answer.matches[0], ExplainStage::filter).found, HasSubstr("it has no tools"));
}

TEST_F(ExplainStepsTest, ALoginThatWorksAndWillNotLastIsAWarning) {
  Entry& files = add("files", {"read_file"});
  files.spec.transport = HttpSpec{.url = "https://x/mcp"};
  files.status.login = ServerLogin{.kind = ServerLogin::Kind::login, .subject = "ana", .issuer = "https://as", .logged_in = true};
  Explanation walk = passing("files__read_file");
  EXPECT_EQ(outcome(walk, ExplainStage::login), StepOutcome::passed);
  EXPECT_EQ(step_of(walk, ExplainStage::login).found, "it is given the login of ana at https://as");
  files.status.login->needs_person = true;
  files.status.login->trouble = mcp::Error{ErrorCode::reauthentication_required, "the login is over"};
  walk = passing("files__read_file");
  EXPECT_EQ(outcome(walk, ExplainStage::login), StepOutcome::warning);
  EXPECT_THAT(step_of(walk, ExplainStage::login).found, HasSubstr("the login is over"));
  EXPECT_EQ(step_of(walk, ExplainStage::login).remedy, "Run: switchyard login files");
  files.status.login->needs_person = false;
  files.status.login->trouble.reset();
  files.status.login->wanted = {"admin"};
  walk = passing("files__read_file");
  EXPECT_THAT(step_of(walk, ExplainStage::login).found, HasSubstr("wants the scope admin"));
}

TEST_F(ExplainStepsTest, ServersThatComeWhenTheyAreAskedPass) {
  Entry& files = add("files", {"read_file"});
  files.status.state = RuntimeState::dormant;
  files.status.stale = true;
  Explanation walk = passing("files__read_file");
  EXPECT_THAT(step_of(walk, ExplainStage::runtime).found, HasSubstr("the first call starts it"));
  EXPECT_THAT(step_of(walk, ExplainStage::discovery).found, HasSubstr("as last known"));
  files.status.state = RuntimeState::starting;
  files.status.phase = "initialize";
  walk = passing("files__read_file");
  EXPECT_EQ(outcome(walk, ExplainStage::runtime), StepOutcome::passed);
  EXPECT_THAT(step_of(walk, ExplainStage::runtime).found, HasSubstr("starting (initialize); calls wait"));
  files.status.cause = mcp::Error{ErrorCode::exited, "it ended"};
  walk = passing("files__read_file");
  EXPECT_EQ(outcome(walk, ExplainStage::runtime), StepOutcome::warning);
  EXPECT_THAT(step_of(walk, ExplainStage::runtime).found, HasSubstr("it ended"));
}

TEST_F(ExplainStepsTest, ServersThatClientsDoNotShare) {
  add("files", {"read_file"}).spec.isolation = Isolation::per_session;
  EXPECT_THAT(step_of(passing("files__read_file"), ExplainStage::runtime).found, HasSubstr("each client session has of its own"));
}

TEST_F(ExplainStepsTest, ToolsThatNobodyHasReadYet) {
  Entry& files = add("files", {});
  files.status.state = RuntimeState::starting;
  files.status.was_read = false;
  files.first_start = true;
  for (const std::string asked : {"files__x", "files"}) {
    const ExplainAnswer answer = ask(asked);
    ASSERT_EQ(answer.matches.size(), 1U) << asked;
    EXPECT_EQ(answer.matches[0].failed()->stage, ExplainStage::discovery);
    EXPECT_THAT(answer.matches[0].failed()->found, HasSubstr("was not read yet"));
    EXPECT_THAT(answer.starting, testing::ElementsAre("files"));
  }
}

TEST_F(ExplainStepsTest, TheLoginIsNamedAndNeverShown) {
  Entry& tickets = add_remote("tickets", {"list"});
  EXPECT_EQ(step_of(passing("tickets__list"), ExplainStage::login).found, "it asks for none");
  std::get<HttpSpec>(tickets.spec.transport).headers = {{"X-Trace", "1"}, {"authorization", "Bearer hush"}};
  const Explanation walk = passing("tickets__list");
  EXPECT_EQ(step_of(walk, ExplainStage::login).found, "it takes the header authorization of the configuration");
  for (const ExplainStep& step : walk.steps)
    EXPECT_THAT(step.found + step.remedy, testing::Not(HasSubstr("hush")));
  tickets.status.state = RuntimeState::starting;
  EXPECT_THAT(step_of(passing("tickets__list"), ExplainStage::login).found, HasSubstr("shows when it answers"));
}

TEST_F(ExplainStepsTest, WhatASandboxDeniedIsAWarning) {
  add("files", {"read_file"}).status.denied = {"writing /a", "connecting to b"};
  const Explanation walk = passing("files__read_file");
  EXPECT_EQ(outcome(walk, ExplainStage::runtime), StepOutcome::warning);
  EXPECT_THAT(step_of(walk, ExplainStage::runtime).found, HasSubstr("denied it: writing /a, connecting to b"));
  EXPECT_EQ(
      step_of(walk, ExplainStage::runtime).remedy,
      "Where it needs that: create \"/a\" and add it to \"write\" in mcpServers.files.sandbox; set \"network\" there to true.");
}

TEST_F(ExplainStepsTest, NamesInCommandsAreForAShell) {
  add("my $files", {"read_file"}).refused = {"a \"b\""};
  EXPECT_THAT(ask("my $files/reed_file").matches.at(0).failed()->remedy, HasSubstr("switchyard explain 'my $files/read_file'"));
  EXPECT_THAT(ask("my $files/x").matches.at(0).failed()->remedy, HasSubstr("\"switchyard tools --server 'my $files'\""));
  EXPECT_THAT(step_of(passing("my $files"), ExplainStage::discovery).remedy, HasSubstr("switchyard inspect 'my $files'"));
}

TEST_F(ExplainStepsTest, ToolsForClientsThatCanBeAsked) {
  add("s", {"plain", "asks"}).tools.back().only_for = {R"({"sampling":{}})"};
  const Explanation walk = passing("s__asks");
  EXPECT_EQ(outcome(walk, ExplainStage::discovery), StepOutcome::warning);
  EXPECT_THAT(step_of(walk, ExplainStage::discovery).found, HasSubstr(R"({"sampling":{}})"));
  EXPECT_THAT(walk.verdict, HasSubstr("by clients that its server can ask"));
  EXPECT_EQ(outcome(passing("s__plain"), ExplainStage::discovery), StepOutcome::passed);
}

TEST_F(ExplainStepsTest, AToolThatRunsAsATaskStaysCallable) {
  add("s", {}).tools.push_back(tool("slow", R"(,"execution":{"taskSupport":"required"})"));
  EXPECT_THAT(step_of(passing("s__slow"), ExplainStage::discovery).found, HasSubstr("runs as a task only"));
}

TEST_F(ExplainStepsTest, NamesSayWhyTheyAreAsTheyAre) {
  Entry& files = add("files", {"issues.list", std::string(50, 'x'), "read_file"});
  files.spec.tools_override["read_file"].name = "read";
  add("my_", {"tool"});
  add("a", {"b_0123abcd"});
  const auto name = [this](const std::string& asked) { return step_of(passing(asked), ExplainStage::name).found; };
  EXPECT_THAT(name("issues.list"), testing::AllOf(HasSubstr("files__issues_list_"), HasSubstr("are replaced"), HasSubstr("hash")));
  EXPECT_THAT(name(std::string(50, 'x')), HasSubstr("cut to maxNameLength"));
  EXPECT_THAT(name("my_/tool"), HasSubstr("ends in \"_\""));
  EXPECT_THAT(name("a/b_0123abcd"), HasSubstr("as one with a hash does"));
  EXPECT_EQ(name("read"), "files__read: tools.override calls \"read_file\" \"read\"");
  EXPECT_EQ(passing("files__read").verdict, "callable as files__read");
  EXPECT_EQ(passing("files__read_file").verdict, "callable as files__read, not as \"files__read_file\"");
  EXPECT_EQ(passing("read_file").verdict, "callable as files__read");
}

TEST_F(ExplainStepsTest, ANameThatAnotherHas) {
  add("files", {"read_file", "write_file"}).spec.tools_override["write_file"].name = "read_file";
  EXPECT_EQ(passing("files__read_file").tool, ToolName("write_file"));
  const ExplainAnswer answer = ask("files/read_file");
  ASSERT_EQ(answer.matches.size(), 2U);
  const ExplainStep* failed = answer.matches[0].failed();
  ASSERT_NE(failed, nullptr);
  EXPECT_EQ(failed->stage, ExplainStage::name);
  EXPECT_EQ(failed->reason, ErrorCode::unknown_tool);
  EXPECT_EQ(failed->found, "its name files__read_file is that of \"write_file\" of server \"files\"");
  EXPECT_EQ(failed->remedy, R"(Give it another name in mcpServers.files.tools: "override": {"read_file": {"name": "NEW_NAME"}})");
  EXPECT_FALSE(answer.matches[0].listed);
  EXPECT_EQ(answer.matches[1].failed(), nullptr);
}

TEST_F(ExplainStepsTest, WhatClientsMayNotTake) {
  const auto client = [this](const std::string& asked) { return step_of(passing(asked), ExplainStage::client); };
  const std::string name(41, 't');  // 48 with "files__"
  add("files", {"a", "b", name});
  config_.max_name_length = 47;
  EXPECT_EQ(client(name).outcome, StepOutcome::passed) << "64 with the prefix";
  config_.max_name_length = 48;
  EXPECT_EQ(client(name).outcome, StepOutcome::warning);
  EXPECT_THAT(client(name).found, HasSubstr("that is 65"));
  EXPECT_THAT(client(name).remedy, HasSubstr("maxNameLength"));
  EXPECT_THAT(client("files").found, HasSubstr("1 name over 64"));
  config_.list_page_size = 1;
  EXPECT_EQ(client("a").outcome, StepOutcome::passed);
  EXPECT_THAT(client("b").found, HasSubstr("on page 2"));
  EXPECT_THAT(client("b").remedy, HasSubstr("listPageSize"));
  config_.list_page_size = 1000;
  std::vector<std::string> many;
  for (int i = 0; i < 125; ++i)
    many.push_back("t" + std::to_string(i));
  Entry& lots = add("lots", many);
  EXPECT_EQ(client("a").outcome, StepOutcome::passed) << "128";
  lots.tools.push_back(tool("one_more"));
  EXPECT_THAT(client("a").found, HasSubstr("129 tools"));
}

TEST_F(ExplainStepsTest, AServerAsAWhole) {
  Entry& files = add("files", {"read_file", "write_file", "x.y"});
  files.spec.tools_deny = {"write*"};
  files.refused = {"a tool without a name"};
  add("empty", {});
  Explanation walk = passing("files");
  EXPECT_EQ(walk.verdict, "serves 2 tools at /mcp");
  EXPECT_EQ(outcome(walk, ExplainStage::discovery), StepOutcome::warning);
  EXPECT_THAT(step_of(walk, ExplainStage::discovery).found, HasSubstr("a tool without a name"));
  EXPECT_THAT(step_of(walk, ExplainStage::filter).found, HasSubstr("leave 2 of 3 tools; hidden: write_file"));
  EXPECT_THAT(step_of(walk, ExplainStage::name).found, HasSubstr("1 of them not as files__TOOL"));
  walk = passing("empty");
  EXPECT_EQ(walk.verdict, "serves 0 tools at /mcp");
  EXPECT_EQ(outcome(walk, ExplainStage::filter), StepOutcome::not_applicable);
  files.spec.tools_deny = {"*"};
  const ExplainAnswer answer = ask("files");
  EXPECT_EQ(answer.matches.at(0).failed()->stage, ExplainStage::filter);
  EXPECT_THAT(answer.matches.at(0).verdict, HasSubstr("leave none of its 3 tools"));
  files.spec.tools_deny.clear();
  files.spec.tools_override["write_file"].name = "read_file";
  EXPECT_THAT(step_of(passing("files"), ExplainStage::name).found, HasSubstr("the names of others have: read_file"));
}

TEST_F(ExplainStepsTest, AnotherClientsFileHasKeysOfItsOwn) {
  config_.foreign = true;
  add("files", {"read_file"}).spec.tools_deny = {"*"};
  EXPECT_THAT(ask("files__read_file").matches.at(0).failed()->remedy, HasSubstr("out of tools.deny of the entry \"files\""));
}

}  // namespace
}  // namespace gateway
