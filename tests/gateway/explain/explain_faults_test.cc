// Each thing that can be wrong, and the step at which the walk ends for it.
#include <algorithm>

#include "gateway/upstream/call_gate.h"
#include "tests/gateway/explain/explain_fixture.h"

namespace gateway {
namespace {

using mcp::ErrorCode;
using testing::HasSubstr;

/// One thing that is wrong, and where the walk ends.
struct Fault {
  std::string name;
  std::function<void(ServerSpec&, RuntimeStatus&, Config&)> make;
  std::function<void(std::optional<AbsentServer>&)> absent;
  ExplainStage stage;
  ErrorCode reason;
  std::string found, remedy;
  std::string asked = "files__read_file";
  std::string profile = {};
};

void PrintTo(const Fault& fault, std::ostream* out) {
  *out << fault.name;
}

class ExplainFaultTest : public ExplainTest, public testing::WithParamInterface<Fault> {};

TEST_P(ExplainFaultTest, EndsTheWalkAtItsStep) {
  const Fault& fault = GetParam();
  Entry& files = add_remote("files", {"read_file", "write_file"});
  add("other", {"thing"});
  config_.profiles = {{.name = "coding", .servers = {ServerName("other")}}};
  EXPECT_TRUE(ask(fault.asked).callable() || fault.stage == ExplainStage::discovery) << "it is sound without the fault";
  if (fault.make) fault.make(files.spec, files.status, config_);
  if (fault.absent) {
    std::optional<AbsentServer> absent;
    fault.absent(absent);
    make_absent(files, absent->kind, absent->why);
  }
  const ExplainAnswer answer = ask(fault.asked, fault.profile);
  ASSERT_EQ(answer.matches.size(), 1U);
  EXPECT_FALSE(answer.callable());
  const Explanation& walk = answer.matches.front();
  ASSERT_EQ(walk.steps.size(), kExplainStages);
  const ExplainStep* failed = walk.failed();
  ASSERT_NE(failed, nullptr);
  EXPECT_EQ(to_string(failed->stage), to_string(fault.stage));
  EXPECT_EQ(failed->reason, fault.reason);
  EXPECT_THAT(failed->found, HasSubstr(fault.found));
  EXPECT_THAT(failed->remedy, HasSubstr(fault.remedy));
  EXPECT_EQ(walk.verdict, "not callable: " + failed->found);
  for (std::size_t i = 0; i < kExplainStages; ++i) {
    const ExplainStep& step = walk.steps[i];
    EXPECT_EQ(static_cast<std::size_t>(step.stage), i);
    EXPECT_EQ(step.outcome == StepOutcome::not_reached, step.stage > fault.stage) << to_string(step.stage);
    EXPECT_EQ(step.found.empty(), step.stage > fault.stage) << to_string(step.stage);
  }
}

using Spec = ServerSpec;
using Status = RuntimeStatus;

std::function<void(std::optional<AbsentServer>&)> absence(AbsentServer::Kind kind, const mcp::Error& why) {
  return
      [kind, why](std::optional<AbsentServer>& absent) { absent = AbsentServer{.name = ServerName(), .why = why, .kind = kind}; };
}

std::function<void(Spec&, Status&, Config&)> down(RuntimeState state, const mcp::Error& cause) {
  return [state, cause](Spec&, Status& status, Config&) {
    status.state = state;
    status.cause = cause;
  };
}

std::function<void(Spec&, Status&, Config&)> environment(const EnvironmentSpec& spec) {
  return [spec](Spec& server, Status&, Config& config) {
    server.environment = spec.name;
    config.environments = {spec};
  };
}

const mcp::Error kAway{ErrorCode::environment_unavailable, "it is bound to \"box\", which is not there", "It comes back."};

INSTANTIATE_TEST_SUITE_P(
    Configuration,
    ExplainFaultTest,
    testing::Values(Fault{"broken",
                          {},
                          absence(AbsentServer::Kind::broken, {ErrorCode::variable_missing, "f.json:1:2: K is not set", "Set it."}),
                          ExplainStage::configuration,
                          ErrorCode::variable_missing,
                          "f.json:1:2",
                          "Set it."},
                    Fault{"disabled",
                          {},
                          absence(AbsentServer::Kind::disabled, {ErrorCode::server_unavailable, "switched off", "enable files"}),
                          ExplainStage::configuration,
                          ErrorCode::server_unavailable,
                          "switched off",
                          "enable files"},
                    Fault{"environment",
                          environment({.name = "box"}),
                          absence(AbsentServer::Kind::environment, kAway),
                          ExplainStage::configuration,
                          ErrorCode::environment_unavailable,
                          "\"box\"",
                          "\"available\": true in environments.box"},
                    Fault{"environment with a name for nobody's URL",
                          environment({.name = "my box/1"}),
                          absence(AbsentServer::Kind::environment, kAway),
                          ExplainStage::configuration,
                          ErrorCode::environment_unavailable,
                          "\"box\"",
                          "PUT /api/v1/environments/my%20box%2F1?available=true"},
                    Fault{"environment of a path",
                          environment({.name = "box", .path = "/mnt/box"}),
                          absence(AbsentServer::Kind::environment, kAway),
                          ExplainStage::configuration,
                          ErrorCode::environment_unavailable,
                          "\"box\"",
                          "when /mnt/box exists"},
                    Fault{"environment of a probe",
                          environment({.name = "box", .probe = {"ssh", "SECRET"}}),
                          absence(AbsentServer::Kind::environment, kAway),
                          ExplainStage::configuration,
                          ErrorCode::environment_unavailable,
                          "\"box\"",
                          "its probe, \"ssh\", ends with 0"},
                    Fault{"profile",
                          {},
                          {},
                          ExplainStage::configuration,
                          ErrorCode::unknown_tool,
                          "\"coding\" does not have the server \"files\"",
                          "Add \"files\" to profiles.coding.servers in f.json",
                          "files__read_file",
                          "coding"}));

INSTANTIATE_TEST_SUITE_P(
    Runtime,
    ExplainFaultTest,
    testing::Values(Fault{"backing off",
                          down(RuntimeState::backing_off, {ErrorCode::exited, "'x' ended", "Look."}),
                          {},
                          ExplainStage::runtime,
                          ErrorCode::exited,
                          "'x' ended",
                          "Look."},
                    Fault{"without a remedy",
                          down(RuntimeState::backing_off, {ErrorCode::connection_lost, "gone"}),
                          {},
                          ExplainStage::runtime,
                          ErrorCode::connection_lost,
                          "gone",
                          "tried again by itself"},
                    Fault{"failed",
                          down(RuntimeState::failed, {ErrorCode::spawn_failed, "no command", "Install it."}),
                          {},
                          ExplainStage::runtime,
                          ErrorCode::spawn_failed,
                          "no command",
                          "Install it. Then run \"switchyard reload\"."},
                    Fault{"stopped",
                          [](Spec&, Status& status, Config&) { status.state = RuntimeState::stopped; },
                          {},
                          ExplainStage::runtime,
                          ErrorCode::shutting_down,
                          "the gateway is ending",
                          "Start the gateway"},
                    Fault{"circuit open",
                          [](Spec&, Status& status, Config&) { status.open_until = std::chrono::system_clock::now(); },
                          {},
                          ExplainStage::runtime,
                          ErrorCode::server_unavailable,
                          "5 requests in a row",
                          "switchyard inspect files"},
                    Fault{"queue full",
                          [](Spec&, Status& status, Config&) { status.queued = CallGate::kMaxQueued; },
                          {},
                          ExplainStage::runtime,
                          ErrorCode::overloaded,
                          "1000 calls wait",
                          "mcpServers.files.maxConcurrent"},
                    Fault{"login",
                          down(RuntimeState::backing_off, {ErrorCode::login_required, "wants a login (HTTP 401)", "Set a header."}),
                          {},
                          ExplainStage::login,
                          ErrorCode::login_required,
                          "HTTP 401",
                          "Set a header."},
                    Fault{"login that is over",
                          down(RuntimeState::backing_off, {ErrorCode::reauthentication_required, "the login is over", "Log in."}),
                          {},
                          ExplainStage::login,
                          ErrorCode::reauthentication_required,
                          "is over",
                          "Log in."}));

INSTANTIATE_TEST_SUITE_P(Tool,
                         ExplainFaultTest,
                         testing::Values(Fault{"not listed",
                                               {},
                                               {},
                                               ExplainStage::discovery,
                                               ErrorCode::unknown_tool,
                                               "does not list a tool \"raed_file\" (it lists 2 tools)",
                                               "switchyard explain files/read_file",
                                               "files__raed_file"},
                                         Fault{"nothing like it",
                                               {},
                                               {},
                                               ExplainStage::discovery,
                                               ErrorCode::unknown_tool,
                                               "\"zzzzzzzz\"",
                                               "switchyard tools --server files",
                                               "files/zzzzzzzz"},
                                         Fault{"denied",
                                               [](Spec& spec, Status&, Config&) { spec.tools_deny = {"x", "read_*"}; },
                                               {},
                                               ExplainStage::filter,
                                               ErrorCode::tool_filtered,
                                               "tools.deny of server \"files\" has \"read_*\"",
                                               "Take \"read_*\" out of mcpServers.files.tools.deny in f.json"},
                                         Fault{"not allowed",
                                               [](Spec& spec, Status&, Config&) { spec.tools_allow = {"list_*"}; },
                                               {},
                                               ExplainStage::filter,
                                               ErrorCode::tool_filtered,
                                               "no pattern of tools.allow",
                                               "Add \"read_file\" to mcpServers.files.tools.allow in f.json"}));

}  // namespace
}  // namespace gateway
