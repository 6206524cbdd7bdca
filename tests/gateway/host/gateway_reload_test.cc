#include <csignal>

#include "tests/gateway/host/reload_fixture.h"
#include "tests/support/gate.h"
#include "tests/support/processes.h"

namespace gateway {
namespace {

using std::chrono::milliseconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kToolsChanged = "notifications/tools/list_changed";

TEST_F(ReloadTest, AnotherPresentationTouchesNoProcessAndTellsOnlyWhoSeesIt) {
  start({program("files", {"ok"}), program("other", {"ok"})}, {profile("coding", {"files"}), profile("rest", {"other"})});
  const auto before = pid("files");
  auto& coding = open("/mcp/coding");
  auto& rest = open("/mcp/rest");
  EXPECT_THAT(coding.tools(), ElementsAre("files__echo"));
  EXPECT_THAT(rest.tools(), ElementsAre("other__echo"));
  server("files").tools_deny = {"echo"};
  const Plan plan = reload();
  EXPECT_THAT(texts(plan),
              ElementsAre("files: keep (only tools.deny changed; 1 tool leaves /mcp; 1 tool leaves profile coding)",
                          "other: keep (nothing of it changed)"));
  EXPECT_THAT(plan.servers[0].views[1].lost, ElementsAre("files__echo"));
  mcp::run_until(loop_, [&] { return coding.pushed() > 0; });
  EXPECT_THAT(coding.take_pushed(), ElementsAre(kToolsChanged));
  EXPECT_THAT(rest.take_pushed(), IsEmpty());
  EXPECT_THAT(coding.tools(), IsEmpty());
  EXPECT_THAT(coding.call("files__echo"), HasSubstr("kept back by the configuration"));
  EXPECT_EQ(pid("files"), before);
  EXPECT_EQ(spawned(), 2U);
}

TEST_F(ReloadTest, ACallEndsOnTheProcessItBeganWith) {
  mcp::Gate gate;
  start({program("files", {"gate", gate.path()})});
  const auto before = pid("files");
  auto& client = open();
  const int call = client.begin_call("files__echo", "old");
  run_ready();
  mcp::run_until(loop_, [&] { return runtime("files")->status().open_calls == 1; });
  set_env(server("files"), "A", "1");
  EXPECT_THAT(texts(reload()), ElementsAre("files: restart (env A added)"));
  EXPECT_EQ(gateway_->retiring(), 1U);
  settle_all();
  EXPECT_NE(pid("files"), before);
  EXPECT_EQ(spawned(), 2U);
  EXPECT_FALSE(client.answers->contains(call));
  gate.open();
  EXPECT_EQ(client.text_of(client.wait(call)), "old");
  EXPECT_EQ(client.call("files__echo", "new"), "new");
  mcp::run_until(loop_, [&] { return gateway_->retiring() == 0; });
  EXPECT_TRUE(mcp::wait_until_dead(*before));
}

TEST_F(ReloadTest, AnIdleProcessEndsBeforeTheNextOneStarts) {
  start({program("files", {"ok"})});
  const pid_t before = pid("files").value();
  set_env(server("files"), "A", "1");
  reload();
  bool gone_first = false;
  mcp::run_until(loop_, [&] {
    if (spawned() == 2 && !gone_first) gone_first = ::kill(before, 0) != 0;
    return spawned() == 2;
  });
  EXPECT_TRUE(gone_first);
  auto& client = open();
  EXPECT_EQ(client.call("files__echo", "new"), "new");
}

TEST_F(ReloadTest, WhatWaitsForAServerThatIsReplacedGoesToTheNextOne) {
  mcp::Gate gate;
  config_.servers = {program("files", {"start-gate", gate.path()})};
  gateway_ = std::make_unique<Gateway>(dependencies_, config_);
  gateway_->start();
  config_.startup_wait = milliseconds(0);
  auto& client = open("/mcp");
  // It is known by its name already, as from a former life of the gateway; here from the list of the one before.
  config_.servers = {program("files", {"ok"})};
  reload();
  settle_all();
  EXPECT_EQ(client.call("files__echo", "1"), "1");
  config_.servers = {program("files", {"start-gate", gate.path()})};
  reload();
  const int call = client.begin_call("files__echo", "2");
  run_ready();
  EXPECT_FALSE(client.answers->contains(call));
  config_.servers = {program("files", {"ok"})};
  reload();
  EXPECT_EQ(client.text_of(client.wait(call)), "2");
}

TEST_F(ReloadTest, CallsThatTakeTooLongEndWithTheirServer) {
  mcp::Gate gate;
  dependencies_.retire_grace = milliseconds(50);
  start({program("files", {"gate", gate.path()})});
  auto& client = open();
  const int call = client.begin_call("files__echo");
  mcp::run_until(loop_, [&] { return runtime("files")->status().open_calls == 1; });
  config_.servers.clear();
  EXPECT_THAT(texts(reload()), ElementsAre("files: stop (removed from the configuration; 1 tool leaves /mcp)"));
  const auto answer = client.wait(call);
  EXPECT_THAT(client.text_of(answer), HasSubstr("not in the configuration any more"));
  EXPECT_THAT(client.text_of(answer), HasSubstr("may or may not have run"));
  EXPECT_THAT(client.tools(), IsEmpty());
  EXPECT_THAT(client.call("files__echo"), HasSubstr("there is no tool"));
  mcp::run_until(loop_, [&] { return gateway_->retiring() == 0; });
}

TEST_F(ReloadTest, ARenamedEntryKeepsItsProcess) {
  start({program("files", {"ok"}), program("other", {"ok"})});
  const auto before = pid("files");
  auto& client = open();
  auto& alone = open("/mcp/servers/files");
  client.tools();
  server("files").name = ServerName("docs");
  const Plan plan = reload();
  EXPECT_EQ(plan.servers[0].action, ServerAction::rename);
  EXPECT_THAT(plan.servers[0].text(), HasSubstr("rename (was files; 1 tool leaves /mcp; 1 tool comes to /mcp)"));
  EXPECT_EQ(pid("docs"), before);
  EXPECT_EQ(spawned(), 2U);
  EXPECT_THAT(client.tools(), ElementsAre("docs__echo", "other__echo"));
  EXPECT_EQ(client.call("docs__echo", "hi"), "hi");
  EXPECT_THAT(alone.tools(),
              ElementsAre("server \"files\" is not in the configuration any more. See tools/list for what there is."));
  EXPECT_EQ(gateway_->status().servers[0].name, ServerName("docs"));
}

TEST_F(ReloadTest, OfEntriesThatAreAlikeNoneMoves) {
  start({program("a", {"ok"}), program("b", {"ok"})});
  server("a").name = ServerName("c");
  server("b").name = ServerName("d");
  const Plan plan = reload();
  EXPECT_EQ(plan.count(ServerAction::start), 2U);
  EXPECT_EQ(plan.count(ServerAction::stop), 2U);
  settle_all();
  EXPECT_EQ(spawned(), 4U);
}

TEST_F(ReloadTest, AServerIsSwitchedOffAndOnAgain) {
  start({program("files", {"ok"})});
  const pid_t before = pid("files").value();
  auto& client = open();
  auto& alone = open("/mcp/servers/files");
  server("files").enabled = false;
  EXPECT_THAT(texts(reload()), ElementsAre("files: stop (switched off; 1 tool leaves /mcp)"));
  EXPECT_TRUE(client.tools().empty());
  EXPECT_THAT(client.call("files__echo"), HasSubstr("is switched off in the configuration"));
  EXPECT_THAT(alone.call("echo"), HasSubstr("is switched off in the configuration"));
  mcp::run_until(loop_, [&] { return gateway_->retiring() == 0; });
  EXPECT_TRUE(mcp::wait_until_dead(before));
  server("files").enabled = true;
  EXPECT_THAT(texts(reload()), ElementsAre("files: start (switched on)"));
  settle_all();
  EXPECT_EQ(client.call("files__echo", "back"), "back");
  EXPECT_EQ(alone.call("echo", "back"), "back");
}

TEST_F(ReloadTest, ProfilesComeGoAndComeBack) {
  start({program("files", {"ok"})}, {profile("coding", {"files"})});
  auto& client = open("/mcp/coding");
  config_.profiles = {profile("writing", {})};
  const Plan plan = reload();
  ASSERT_EQ(plan.settings.size(), 2U);
  EXPECT_EQ(plan.settings[0].what, "profile writing added");
  EXPECT_EQ(plan.settings[1].what, "profile coding removed");
  EXPECT_THAT(client.tools(), ElementsAre("there is no profile \"coding\". There are: writing."));
  EXPECT_TRUE(client.ask("ping").contains("result"));
  EXPECT_FALSE(gateway_->open_session("/mcp/coding"));
  EXPECT_THAT(open("/mcp/writing").tools(), IsEmpty());
  config_.profiles = {profile("coding", {"files"})};
  reload();
  EXPECT_THAT(client.tools(), ElementsAre("files__echo"));
  EXPECT_EQ(spawned(), 1U);
}

TEST_F(ReloadTest, SubscriptionsOutliveTheRuntimeTheyWereMadeAt) {
  auto& first = add_server();
  auto& second = add_server();
  for (auto* one : {&first, &second}) {
    one->capabilities = {{"resources", {{"subscribe", true}}}};
    one->resources = {mcp::FakeServer::resource("a:1")};
  }
  start({remote("web", first.url())});
  auto& client = open();
  EXPECT_TRUE(client.ask("resources/subscribe", {{"uri", "a:1"}}).contains("result"));
  std::get<HttpSpec>(server("web").transport).url = second.url();
  EXPECT_THAT(texts(reload()), ElementsAre("web: restart (url changed)"));
  mcp::run_until(loop_, [&] { return second.count("resources/subscribe") == 1; });
}

TEST_F(ReloadTest, PagesOfOneListingAreOfOneList) {
  config_.list_page_size = 1;
  auto& web = add_server({"a", "b", "c"});
  start({remote("web", web.url())});
  auto& client = open();
  const json first = client.ask("tools/list");
  server("web").tools_deny = {"b"};
  reload();
  const json second = client.ask("tools/list", {{"cursor", first["result"]["nextCursor"]}});
  EXPECT_EQ(second["result"]["tools"][0]["name"], "web__b");
  const json third = client.ask("tools/list", {{"cursor", second["result"]["nextCursor"]}});
  EXPECT_EQ(third["result"]["tools"][0]["name"], "web__c");
  EXPECT_FALSE(third["result"].contains("nextCursor"));
  mcp::run_until(loop_, [&] { return client.pushed() > 0; });
  EXPECT_THAT(client.take_pushed(), ElementsAre(kToolsChanged));
  const json again = client.ask("tools/list", {{"cursor", client.ask("tools/list")["result"]["nextCursor"]}});
  EXPECT_EQ(again["result"]["tools"][0]["name"], "web__c");
}

TEST_F(ReloadTest, TheNextOneShowsWhatWasKnownUntilItIsThere) {
  mcp::Gate gate;
  start({program("files", {"ok"})});
  config_.servers = {program("files", {"start-gate", gate.path()})};
  reload();
  auto& client = open();
  EXPECT_THAT(client.tools(), ElementsAre("files__echo")) << "without waiting for the start";
  const int call = client.begin_call("files__echo", "later");
  run_ready();
  EXPECT_FALSE(client.answers->contains(call));
  gate.open();
  EXPECT_EQ(client.text_of(client.wait(call)), "later");
}

TEST_F(ReloadTest, AServerFollowsItsEnvironment) {
  ServerSpec bound = program("bound", {"ok"});
  bound.environment = "devbox";
  start({program("files", {"ok"}), bound});
  auto& client = open();
  EXPECT_THAT(client.tools(), ElementsAre("files__echo"));
  EXPECT_THAT(client.call("bound__echo"), HasSubstr("environment \"devbox\", which is not there"));
  EXPECT_EQ(spawned(), 1U);
  environments_["devbox"] = {.available = true, .instance = 1};
  EXPECT_THAT(texts(reload()), ElementsAre("files: keep (nothing of it changed)", "bound: start (environment devbox is there)"));
  settle_all();
  const pid_t first = pid("bound").value();
  EXPECT_EQ(client.call("bound__echo", "1"), "1");
  environments_["devbox"] = {.available = false, .instance = 1, .why = "it was announced as not being there"};
  EXPECT_THAT(texts(reload()), Contains(HasSubstr("bound: stop (its environment is not there")));
  mcp::run_until(loop_, [&] { return gateway_->retiring() == 0; });
  EXPECT_TRUE(mcp::wait_until_dead(first));
  EXPECT_THAT(client.call("bound__echo"), HasSubstr("it was announced as not being there"));
  environments_["devbox"] = {.available = true, .instance = 2};
  reload();
  settle_all();
  EXPECT_NE(pid("bound"), first);
  EXPECT_EQ(client.call("bound__echo", "2"), "2");
  EXPECT_EQ(spawned(), 3U);
}

TEST_F(ReloadTest, AnotherInstanceOfAnEnvironmentIsAnotherProcess) {
  ServerSpec bound = program("bound", {"ok"});
  bound.environment = "devbox";
  environments_["devbox"] = {.available = true, .instance = 1};
  start({bound});
  reload();
  settle_all();
  const auto before = pid("bound");
  environments_["devbox"].instance = 2;
  EXPECT_THAT(texts(reload()), ElementsAre("bound: restart (instance of environment devbox changed)"));
  settle_all();
  EXPECT_NE(pid("bound"), before);
}

TEST_F(ReloadTest, AnEnvironmentWithoutServersChangesNothing) {
  start({program("files", {"ok"})});
  const auto before = pid("files");
  for (std::uint64_t instance = 1; instance < 10; ++instance) {
    environments_["skills"] = {.available = instance % 2 == 1, .instance = instance};
    const Plan plan = reload();
    EXPECT_TRUE(plan.changes_nothing());
  }
  EXPECT_EQ(pid("files"), before);
  EXPECT_EQ(spawned(), 1U);
}

TEST_F(ReloadTest, ARequiredServerWhoseEnvironmentIsAwayIsNotReady) {
  ServerSpec bound = program("bound", {"ok"});
  bound.environment = "devbox";
  bound.required = true;
  environments_["devbox"] = {.available = true, .instance = 1};
  start({program("files", {"ok"})});
  EXPECT_TRUE(gateway_->ready());
  config_.servers.push_back(bound);
  reload();
  settle_all();
  EXPECT_TRUE(gateway_->ready());
  environments_["devbox"].available = false;
  reload();
  EXPECT_FALSE(gateway_->ready());
}

TEST_F(ReloadTest, ARequiredServerThatFailsRejectsNothing) {
  start({program("files", {"ok"})});
  ServerSpec gone = program("gone", {});
  std::get<StdioSpec>(gone.transport).command = "/no/such/program";
  gone.required = true;
  config_.servers.push_back(gone);
  server("files").tools_deny = {"echo"};
  reload();
  settle_all();
  EXPECT_FALSE(gateway_->ready());
  EXPECT_THAT(open().tools(), IsEmpty());
  EXPECT_EQ(runtime("gone")->state(), RuntimeState::failed);
}

}  // namespace
}  // namespace gateway
