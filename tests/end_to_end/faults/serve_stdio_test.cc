// `switchyard serve --stdio` as an agent starts it: where no gateway runs, and beside one that ends and comes back.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "tests/end_to_end/faults/fault_test.h"
#include "tests/support/programs.h"

namespace gateway {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ServeStdioTest : public FaultTest {
 protected:
  /// What an agent starts. Its processes are known by another HOME than the gateway's.
  std::unique_ptr<ChildProgram> agent(const std::vector<std::string>& more_args = {},
                                      const std::string& state = "state",
                                      std::uint16_t listen = 0,
                                      std::uint16_t admin = 0) {
    std::vector<std::string> args = {"serve", "--stdio", "--config", file("state.config.json"), "--state", file(state)};
    args.insert(args.end(), {"--listen", "127.0.0.1:" + std::to_string(listen), "--admin", "127.0.0.1:" + std::to_string(admin)});
    args.insert(args.end(), more_args.begin(), more_args.end());
    const std::vector<std::string> environment = {home(), "PATH=/usr/bin:/bin"};
    return std::make_unique<ChildProgram>(mcp::program_path("switchyard"), args, environment, file("agent.log"));
  }

  std::string home() const { return "HOME=" + file("agent"); }

  static void send(const ChildProgram& agent, const json& id, const std::string& method, const json& params = json::object()) {
    json message = {{"jsonrpc", "2.0"}, {"method", method}, {"params", params}};
    if (!id.is_null()) message["id"] = id;
    agent.write_line(message.dump());
  }

  static json answer(ChildProgram& agent, const json& id) { return json::parse(agent.wait_line("\"id\":" + id.dump())); }

  static json ask(ChildProgram& agent, const std::string& method, const json& params = json::object()) {
    static int asked = 0;
    const json id = "ask-" + std::to_string(++asked);
    send(agent, id, method, params);
    return answer(agent, id);
  }

  static void shake_hands(ChildProgram& agent) {
    const json hello = {
        {"protocolVersion", "2025-06-18"}, {"capabilities", json::object()}, {"clientInfo", {{"name", "agent"}, {"version", "1"}}}};
    EXPECT_TRUE(ask(agent, "initialize", hello).contains("result"));
    send(agent, nullptr, "notifications/initialized");
  }

  static std::vector<std::string> tools(ChildProgram& agent) {
    std::vector<std::string> names;
    const json answer = ask(agent, "tools/list");
    for (const json& tool : answer.at("result").at("tools"))
      names.push_back(tool.at("name"));
    return names;
  }

  static void send_call(const ChildProgram& agent, const json& id, const std::string& tool) {
    send(agent, id, "tools/call", {{"name", tool}, {"arguments", {{"text", "hi"}}}});
  }

  static std::string text_of(const json& answer) { return answer.at("result").at("content").at(0).at("text"); }

  static void expect_echo(ChildProgram& agent) {
    send_call(agent, "echo", "healthy__echo");
    EXPECT_EQ(text_of(answer(agent, "echo")), "hi");
  }

  void wait_for_open_call(const std::string& name) {
    wait_for(name, [](const ServerView& now) { return now.open_calls == 1; });
  }

  void expect_end_of(ChildProgram& agent) {
    agent.close_input();
    EXPECT_EQ(agent.wait_exit(), 0) << agent.stderr_text();
    EXPECT_THAT(processes_with(home()), IsEmpty());
  }
};

TEST_F(ServeStdioTest, AGatewayOfItsOwnServesTheProfile) {
  std::ofstream(file("state.config.json")) << config({healthy(), stdio("other", "ok")},
                                                     R"("profiles":{"one":{"servers":["other"]}})");
  const auto first = agent({"--profile", "one"});
  shake_hands(*first);
  EXPECT_THAT(tools(*first), ElementsAre("other__echo"));
  // It is a gateway like any: others find the rest there.
  const auto second = agent();
  shake_hands(*second);
  EXPECT_THAT(tools(*second), ElementsAre("healthy__echo", "other__echo"));
  second->close_input();
  EXPECT_EQ(second->wait_exit(), 0);
  expect_end_of(*first);
}

TEST_F(ServeStdioTest, PortsThatAreTakenAreReplacedByFreeOnes) {
  start({healthy()});
  const auto first = agent({}, "agents", port(), admin_port());
  shake_hands(*first);
  EXPECT_THAT(tools(*first), ElementsAre("healthy__echo"));
  const std::string log = first->stderr_text();
  EXPECT_THAT(log, HasSubstr("127.0.0.1:" + std::to_string(port()) + " and 127.0.0.1:" + std::to_string(admin_port())));
  EXPECT_EQ(log.find("listening elsewhere"), log.rfind("listening elsewhere")) << log;
  const auto second = agent({}, "agents", port(), admin_port());
  shake_hands(*second);
  EXPECT_THAT(tools(*second), ElementsAre("healthy__echo"));
  second->close_input();
  EXPECT_EQ(second->wait_exit(), 0);
  expect_end_of(*first);
}

TEST_F(ServeStdioTest, AClosedStandardInputIsOneAtItsEnd) {
  std::ofstream(file("state.config.json")) << config({healthy()});
  const std::vector<std::string> args = {"-c",
                                         R"(exec "$@" <&-)",
                                         "sh",
                                         mcp::program_path("switchyard"),
                                         "serve",
                                         "--stdio",
                                         "--config",
                                         file("state.config.json"),
                                         "--state",
                                         file("state"),
                                         "--listen",
                                         ":0",
                                         "--admin",
                                         ":0"};
  ChildProgram program("/bin/sh", args, {home(), "PATH=/usr/bin:/bin"}, file("agent.log"));
  EXPECT_EQ(program.wait_exit(), 0) << program.stderr_text();
  EXPECT_FALSE(std::filesystem::exists(file("state/gateway.json")));
}

TEST_F(ServeStdioTest, AClosedTerminalEndsItLikeAnyOtherSignal) {
  std::ofstream(file("state.config.json")) << config({healthy()});
  const auto first = agent();
  shake_hands(*first);
  first->signal(SIGHUP);
  first->signal(SIGHUP);
  EXPECT_EQ(first->wait_exit(), 0) << first->stderr_text();
  EXPECT_FALSE(std::filesystem::exists(file("state/gateway.json")));
}

TEST_F(ServeStdioTest, ARelayOutlivesItsGateway) {
  start({healthy(), stdio("slow", "hold", "2")});
  const auto relay = agent();
  shake_hands(*relay);
  expect_echo(*relay);
  send_call(*relay, "lost", "slow__echo");
  wait_for_open_call("slow");
  kill();
  const json lost = answer(*relay, "lost");
  EXPECT_TRUE(lost.at("result").at("isError"));
  EXPECT_THAT(text_of(lost), HasSubstr("may or may not have run"));
  // It waits, for the next gateway and with it.
  send_call(*relay, "patient", "healthy__echo");
  start({healthy()});
  EXPECT_EQ(text_of(answer(*relay, "patient")), "hi");
  EXPECT_THAT(tools(*relay), ElementsAre("healthy__echo"));
  expect_end_of(*relay);
}

TEST_F(ServeStdioTest, AnIdleRelayTellsItsClientOfTheNextGateway) {
  start({healthy()});
  const auto relay = agent();
  shake_hands(*relay);
  expect_echo(*relay);
  stop();
  start({healthy(), stdio("other", "ok")});
  relay->wait_line("notifications/tools/list_changed");
  EXPECT_THAT(tools(*relay), ElementsAre("healthy__echo", "other__echo"));
  expect_end_of(*relay);
}

TEST_F(ServeStdioTest, ARestartOnTheSamePortIsNoticedToo) {
  start({healthy()});
  const std::string listen = "127.0.0.1:" + std::to_string(port());
  const auto relay = agent();
  shake_hands(*relay);
  expect_echo(*relay);
  stop();
  const auto next = launch(config({healthy(), stdio("other", "ok")}), {"--listen", listen, "--admin", "127.0.0.1:0"});
  next->wait_line("listening at http");
  relay->wait_line("notifications/tools/list_changed");
  EXPECT_THAT(tools(*relay), ElementsAre("healthy__echo", "other__echo"));
  expect_end_of(*relay);
  next->signal(SIGTERM);
  EXPECT_EQ(next->wait_exit(), 0);
}

TEST_F(ServeStdioTest, AGatewayThatStopsAnswersTheRelayStill) {
  const std::string gate = file("gate");
  ASSERT_EQ(::mkfifo(gate.c_str(), 0600), 0);
  start({healthy(), stdio("slow", "gate", gate)});
  wait_for_state("slow", "ready");
  const auto relay = agent();
  shake_hands(*relay);
  send_call(*relay, "slow", "slow__echo");
  wait_for_open_call("slow");
  gateway().signal(SIGTERM);
  ::close(::open(gate.c_str(), O_WRONLY));
  EXPECT_EQ(text_of(answer(*relay, "slow")), "hi");
  expect_end();
  start({healthy()});
  expect_echo(*relay);
  expect_end_of(*relay);
}

}  // namespace
}  // namespace gateway
