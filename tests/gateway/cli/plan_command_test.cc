// switchyard plan, switchyard reload.
#include <gmock/gmock.h>
#include <memory>
#include <nlohmann/json.hpp>

#include "gateway/admin/admin_server.h"
#include "gateway/admin/admin_views.h"
#include "gateway/admin/plan_view.h"
#include "gateway/cli/commands.h"
#include "gateway/host/event_feed.h"
#include "gateway/host/state_file.h"
#include "tests/gateway/admin/fake_source.h"
#include "tests/gateway/cli/cli_fixture.h"

namespace gateway {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class PlanCommandTest : public CliTest {
 protected:
  /// A gateway runs from here on, with folder_/switchyard.json.
  void start_gateway() {
    auto lock = StateLock::acquire(folder_ + "/state");
    ASSERT_TRUE(lock);
    lock_ = std::move(*lock);
    auto admin = start_admin_server({"127.0.0.1", 0}, "secret", source_);
    ASSERT_TRUE(admin);
    admin_ = std::move(*admin);
    EXPECT_TRUE(lock_->publish({.pid = 4321,
                                .mcp_url = "http://127.0.0.1:1/mcp",
                                .admin_url = "http://127.0.0.1:" + std::to_string(admin_->port()),
                                .token = "secret",
                                .config = folder_ + "/switchyard.json"}));
  }

  FakeSource source_;
  std::unique_ptr<StateLock> lock_;
  std::unique_ptr<AdminServer> admin_;
};

const std::string kSampleText =
    "files: keep (only tools.deny changed; 1 tool leaves /mcp; 1 tool comes to /mcp)\n"
    "  /mcp: -files__old +files__new\n"
    "docs: rename (was notes)\n"
    "linear: restart (env KEY changed)\n"
    "listen: takes effect when the gateway is started again\n"
    "startupWait\n"
    "note: f:1:2: odd\n"
    "\n";

const std::string kSampleDone = "Done: 1 restart, 1 rename, 1 server kept, 1 setting waits for a restart of the gateway.\n";

TEST_F(PlanCommandTest, APlanIsShownBeforeItIsDone) {
  start_gateway();
  const Outcome plan = run({"plan"});
  EXPECT_EQ(plan.exit, 0) << plan.err;
  EXPECT_EQ(plan.out, kSampleText + "Apply it with \"switchyard reload\".\n");
  EXPECT_THAT(source_.requests, ElementsAre("plan "));
}

TEST_F(PlanCommandTest, AReloadSaysWhatHappened) {
  start_gateway();
  const Outcome reload = run({"reload", "--no-wait"});
  EXPECT_EQ(reload.exit, 0) << reload.err;
  EXPECT_EQ(reload.out, kSampleText + kSampleDone);
  EXPECT_THAT(source_.requests, ElementsAre("reload"));
}

TEST_F(PlanCommandTest, AReloadWaitsForTheServersItStarts) {
  start_gateway();
  Outcome reload = run({"reload"});
  EXPECT_EQ(reload.exit, 0) << "it was done, whatever the server makes of it: " << reload.err;
  EXPECT_THAT(reload.out, StartsWith(kSampleText + kSampleDone + "linear: backing_off: cannot connect. Is it running?"));
  source_.answer.servers[1].state = RuntimeState::starting;
  source_.answer.servers[1].cause.reset();
  RuntimeStatus ready = source_.answer.servers[1];
  ready.state = RuntimeState::ready;
  ready.tools = 2;
  source_.on_moment = [&] {
    EventFeed feed(source_.log);
    feed.server_changed(ready);
  };
  reload = run({"reload"});
  EXPECT_EQ(reload.exit, 0) << reload.err;
  EXPECT_EQ(reload.out, kSampleText + kSampleDone + "linear: ready: 2 tools\n");
  const json plan = json::parse(run({"reload", "--json"}).out);
  EXPECT_EQ(plan.at("summary"), json::parse(plan_json(sample_plan())).at("summary"));
  ASSERT_EQ(plan.at("outcomes").size(), 1U);
  EXPECT_EQ(plan.at("outcomes").at(0), json::parse(server_json(ready)));
}

TEST_F(PlanCommandTest, NothingChangesIsSaid) {
  start_gateway();
  source_.planned = Plan{.servers = {{.name = ServerName("files")}}};
  const std::string text = "files: keep (nothing of it changed)\n\nNothing changes.\n";
  EXPECT_EQ(run({"plan"}).out, text);
  EXPECT_EQ(run({"reload"}).out, text);
}

TEST_F(PlanCommandTest, MachinesGetThePlanAsItIs) {
  start_gateway();
  for (const Outcome& outcome : {run({"plan", "--json"}), run({"reload", "--json", "--no-wait"})}) {
    EXPECT_EQ(outcome.exit, 0);
    EXPECT_EQ(outcome.out, plan_json(sample_plan()) + "\n");
  }
}

TEST_F(PlanCommandTest, APlanOfAnotherFileIsAskedOfTheGateway) {
  start_gateway();
  const std::string other = write("other & more.json", "{}");
  const Outcome plan = run({"plan", "--config", other});
  EXPECT_EQ(plan.exit, 0) << plan.err;
  EXPECT_THAT(plan.out, HasSubstr("if the file were in place of " + folder_ + "/switchyard.json."));
  EXPECT_THAT(source_.requests, ElementsAre("plan " + other));
  run({"plan", "--config", folder_ + "/./switchyard.json"});
  EXPECT_EQ(source_.requests.back(), "plan ") << "that is the gateway's own";
}

TEST_F(PlanCommandTest, AReloadTakesNoOtherFile) {
  start_gateway();
  const std::string other = write("other.json", "{}");
  const Outcome reload = run({"reload", "--config", other});
  EXPECT_EQ(reload.exit, 1);
  EXPECT_THAT(reload.err, HasSubstr("(pid 4321) uses " + folder_ + "/switchyard.json, not " + other));
  EXPECT_THAT(reload.err, HasSubstr("switchyard plan --config " + other));
  EXPECT_THAT(source_.requests, IsEmpty());
}

TEST_F(PlanCommandTest, ABrokenFileIsAnErrorThatSaysWhere) {
  start_gateway();
  source_.planned = mcp::fail(mcp::ErrorCode::config_invalid, "f:1:2: expected ','", "Mend it.");
  for (const char* command : {"plan", "reload"}) {
    const Outcome text = run({command});
    EXPECT_EQ(text.exit, 1);
    EXPECT_EQ(text.out, "");
    EXPECT_THAT(text.err, HasSubstr("f:1:2: expected ','"));
    const Outcome machine = run({command, "--json"});
    EXPECT_EQ(machine.exit, 1);
    EXPECT_EQ(json::parse(machine.out).at("error").at("reason"), "config_invalid");
  }
}

TEST_F(PlanCommandTest, WithoutAGatewayAPlanIsOfItsStart) {
  const std::string file = write("own.json",
                                 R"({"listen":":0","policy":{"x":1},"environments":{"away":{}},"mcpServers":{"a":{"command":"x"},)"
                                 R"("off":{"command":"x","enabled":false},"bound":{"command":"x","environment":"away"},)"
                                 R"("bad":{"command":7}}})");
  const Outcome plan = run({"plan", "--config", file});
  EXPECT_EQ(plan.exit, 0) << plan.err;
  EXPECT_THAT(plan.out, HasSubstr("a: start (no gateway runs yet)\n"));
  EXPECT_THAT(plan.out, HasSubstr("off: absent (switched off)\n"));
  EXPECT_THAT(plan.out, HasSubstr("bound: absent (its environment is not there)\n"));
  EXPECT_THAT(plan.out, HasSubstr("bad: absent (broken in the configuration: "));
  EXPECT_THAT(plan.out, HasSubstr("note: " + file + ":1:"));
  EXPECT_THAT(plan.out, HasSubstr("\nNo gateway runs. Start it with \"switchyard serve\".\n"));
  EXPECT_EQ(json::parse(run({"plan", "--config", file, "--json"}).out).at("servers").size(), 4U);
  const Outcome broken = run({"plan", "--config", write("broken.json", "{")});
  EXPECT_EQ(broken.exit, 1);
  EXPECT_THAT(broken.err, HasSubstr("broken.json:1:"));
  const Outcome none = run({"plan", "--config", folder_ + "/none.json"});
  EXPECT_EQ(none.exit, 1);
  EXPECT_THAT(none.err, HasSubstr("none.json"));
}

TEST_F(PlanCommandTest, WithoutAGatewayThereIsNothingToReload) {
  const Outcome reload = run({"reload"});
  EXPECT_EQ(reload.exit, 1);
  EXPECT_THAT(reload.err, HasSubstr("no gateway runs on " + folder_ + "/state"));
  EXPECT_THAT(reload.err, HasSubstr("switchyard serve"));
}

TEST_F(PlanCommandTest, AGatewayThatDoesNotAnswerIsNamed) {
  start_gateway();
  admin_->stop();
  for (const char* command : {"plan", "reload"}) {
    const Outcome outcome = run({command});
    EXPECT_EQ(outcome.exit, 1);
    EXPECT_THAT(outcome.err, HasSubstr("the gateway (pid 4321"));
    EXPECT_THAT(outcome.err, HasSubstr("does not answer"));
  }
}

TEST(PlanTextTest, OfManyToolsAFewAreNamed) {
  Plan plan;
  plan.servers.push_back({.name = ServerName("files")});
  std::vector<std::string> names;
  for (char c = 'a'; c <= 'j'; ++c)
    names.emplace_back(1, c);
  plan.servers.back().views.push_back({.view = "/mcp", .gained = names, .lost = {}});
  std::istringstream in;
  std::ostringstream out, err;
  const Console console{.in = in, .out = out, .err = err};
  EXPECT_EQ(plan_text(plan_json(plan), console),
            "files: keep (nothing of it changed; 10 tools come to /mcp)\n"
            "  /mcp: +a +b +c +d +e +f +g +h … (10)\n");
}

TEST(PlanTextTest, NothingThatANameHoldsReachesTheTerminal) {
  Plan plan;
  plan.servers.push_back({.name = ServerName("a\x1b[2J"), .why = "x"});
  plan.warnings = {"f:1: \x1b]0;title\x07"};
  std::istringstream in;
  std::ostringstream out, err;
  const Console console{.in = in, .out = out, .err = err};
  EXPECT_THAT(plan_text(plan_json(plan), console), Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace gateway
