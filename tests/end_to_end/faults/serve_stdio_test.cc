// `switchyard serve --stdio` as an agent starts it: where no gateway runs.
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

}  // namespace
}  // namespace gateway
