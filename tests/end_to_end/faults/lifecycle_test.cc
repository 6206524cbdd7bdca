// Starting, being ready, stopping: as a person or a service manager sees it.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <gmock/gmock.h>

#include "tests/end_to_end/faults/fault_test.h"

namespace gateway {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class LifecycleTest : public FaultTest {
 protected:
  std::string make_gate(const std::string& name) {
    const std::string path = file(name);
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
    return path;
  }

  /// Lets whoever waits at the gate go on; waits for somebody to come there.
  static void open_gate(const std::string& path) { ::close(::open(path.c_str(), O_WRONLY)); }

  /// What a gateway that could not start said, without the log.
  struct Failure {
    int exit = 0;
    std::string text;
  };

  Failure run_to_end(const std::string& config_text,
                     const std::vector<std::string>& args = {},
                     const std::string& state = "state") {
    const auto program = launch(config_text, args, state);
    const int exit = program->wait_exit();
    return {exit, program->stderr_text()};
  }
};

TEST_F(LifecycleTest, RequiredServersThatFailEndTheStartWithEveryReason) {
  const std::string required = R"("required":true)";
  Failure failure;
  std::string late;
  // On a busy machine the silent one may need more time to come as far as initialize.
  for (const std::string time : {"0.3", "3", "10"}) {
    failure = run_to_end(config({healthy(),
                                 stdio("licence", "exit-before-init", "7", required),
                                 stdio("silent", "never-initialize", "0", required + R"(,"startupTimeout":)" + time),
                                 R"("missing":{"command":"no-such-program-here","required":true})",
                                 R"("broken":{"command":"x","env":{"KEY":"${NO_SUCH_VARIABLE}"},"required":true})"},
                                R"("profiles":{})"));
    late = "initialize within " + time + " s";
    if (failure.text.find(late) != std::string::npos) break;
  }
  EXPECT_EQ(failure.exit, 1);
  EXPECT_THAT(failure.text,
              AllOf(HasSubstr("licence: "),
                    HasSubstr("exit code 7"),
                    HasSubstr("fatal: no licence"),
                    HasSubstr("silent: "),
                    HasSubstr(late),
                    HasSubstr("missing: "),
                    HasSubstr("no-such-program-here"),
                    HasSubstr("broken: "),
                    HasSubstr("NO_SUCH_VARIABLE")));
  ASSERT_THAT(failure.text, HasSubstr("{\"time\""));
  EXPECT_LT(failure.text.rfind("{\"time\""), failure.text.find("switchyard: required servers")) << "the log comes first";
  EXPECT_THAT(processes_with("HOME=" + folder()), IsEmpty());
}

TEST_F(LifecycleTest, ReadyOnlyWhenRequiredServersAre) {
  const auto gate = make_gate("gate");
  start({healthy(), stdio("slow", "start-gate", gate, R"("required":true)")});
  for (const std::uint16_t face : {port(), admin_port()}) {
    EXPECT_EQ(http_get(face, "/healthz").status, 200);
    const auto answer = http_get(face, "/readyz");
    EXPECT_EQ(answer.status, 503);
    EXPECT_THAT(answer.body, HasSubstr("slow"));
  }
  open_gate(gate);
  wait_for_state("slow", "ready");
  for (const std::uint16_t face : {port(), admin_port()})
    EXPECT_EQ(http_get(face, "/readyz").status, 200);
}

TEST_F(LifecycleTest, StoppingWhileAServerStarts) {
  const auto gate = make_gate("gate");
  start({healthy(), stdio("slow", "start-gate", gate)});
  expect_text(McpClient(port(), "/mcp/servers/healthy").call("echo", "early"), "early");
  stop();
}

TEST_F(LifecycleTest, AKillWhileAServerStarts) {
  const auto gate = make_gate("gate");
  start({healthy(), stdio("slow", "start-gate", gate)});
  wait_for_state("healthy", "ready");
  kill();
}

TEST_F(LifecycleTest, ACallInFlightIsFinishedAtTheEnd) {
  const auto gate = make_gate("gate");
  start({healthy(), stdio("slow", "gate", gate)});
  wait_for_state("slow", "ready");
  auto& caller = client();
  McpClient idle(port());
  caller.send_call("1", "slow__echo", "patience");
  wait_for("slow", [](const ServerView& now) { return now.open_calls == 1; });
  gateway().signal(SIGTERM);
  EXPECT_TRUE(idle.connection().at_end()) << "who asks for nothing is let go at once";
  EXPECT_FALSE(gateway().ended_within(0));
  open_gate(gate);
  expect_text(caller.read_answer(), "patience");
  expect_end();
}

TEST_F(LifecycleTest, ASecondSignalEndsTheWaitForCalls) {
  const auto gate = make_gate("gate");
  start({healthy(), stdio("slow", "gate", gate)});
  wait_for_state("slow", "ready");
  McpClient idle(port());
  client().send_call("1", "slow__echo", "patience");
  wait_for("slow", [](const ServerView& now) { return now.open_calls == 1; });
  gateway().signal(SIGTERM);
  EXPECT_TRUE(idle.connection().at_end());
  gateway().signal(SIGTERM);
  expect_end(130);
}

TEST_F(LifecycleTest, OneGatewayForEachStateFolder) {
  start({healthy()});
  const auto failure = run_to_end(config({healthy()}));
  EXPECT_EQ(failure.exit, 1);
  EXPECT_THAT(failure.text, HasSubstr(std::to_string(gateway().pid())));
  wait_for_state("healthy", "ready");
  expect_healthy();
}

TEST_F(LifecycleTest, AKilledGatewayLeavesTheStateFolderFree) {
  start({healthy()});
  wait_for_state("healthy", "ready");
  kill();
  start({healthy()});
  expect_healthy();
}

TEST_F(LifecycleTest, APortInUseIsOneClearLine) {
  start({healthy()});
  const std::string taken = "127.0.0.1:" + std::to_string(port());
  for (const std::vector<std::string>& args :
       {std::vector<std::string>{"--listen", taken, "--admin", "127.0.0.1:0"}, {"--listen", "127.0.0.1:0", "--admin", taken}}) {
    const std::string state = "other" + args.back();
    const auto failure = run_to_end(config({healthy()}), args, state);
    EXPECT_EQ(failure.exit, 1);
    EXPECT_THAT(failure.text, AllOf(HasSubstr(taken), HasSubstr("in use")));
    EXPECT_EQ(std::ranges::count(failure.text, '\n'), 1) << failure.text;
  }
  wait_for_state("healthy", "ready");
  expect_healthy();
}

TEST_F(LifecycleTest, ASyntaxErrorNamesItsPlace) {
  const auto failure = run_to_end("{\n  \"mcpServers\": {\n    \"a\" \"b\"\n  }\n}\n");
  EXPECT_EQ(failure.exit, 1);
  EXPECT_THAT(failure.text, HasSubstr("state.config.json:3:"));
  EXPECT_EQ(std::ranges::count(failure.text, '\n'), 1) << failure.text;
}

TEST_F(LifecycleTest, AnUnknownKeyAtTheTopFailsTheFile) {
  const auto failure = run_to_end(config({healthy()}, R"("profles":{})"));
  EXPECT_EQ(failure.exit, 1);
  EXPECT_THAT(failure.text, AllOf(HasSubstr("profles"), HasSubstr("profiles")));
}

TEST_F(LifecycleTest, AMistakeInOneServerLeavesTheOthersRunning) {
  start({healthy(),
         stdio("typo", "ok", "0", R"("callTimout":5)"),
         stdio("nokey", "ok", "0", R"("env":{"KEY":"${NO_SUCH_VARIABLE}"})")});
  const auto typo = view("typo");
  EXPECT_EQ(typo.state, "broken");
  EXPECT_EQ(typo.reason, "config_invalid");
  EXPECT_THAT(typo.message, AllOf(HasSubstr("callTimout"), HasSubstr("callTimeout")));
  const auto nokey = view("nokey");
  EXPECT_EQ(nokey.state, "broken");
  EXPECT_EQ(nokey.reason, "variable_missing");
  EXPECT_THAT(nokey.message, HasSubstr("NO_SUCH_VARIABLE"));
  wait_for_state("healthy", "ready");
  expect_error(client().call("nokey__echo", ""), "server_unavailable", {"NO_SUCH_VARIABLE"}, "nokey");
  EXPECT_THAT(client().tools(), UnorderedElementsAre("healthy__echo"));
  expect_healthy();
}

}  // namespace
}  // namespace gateway
