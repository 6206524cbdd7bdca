#include "gateway/host/local_gateway.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/gate.h"
#include "tests/support/processes.h"
#include "tests/support/programs.h"

namespace gateway {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

class LocalGatewayTest : public testing::Test {
 protected:
  ~LocalGatewayTest() override {
    gateway_.reset();
    EXPECT_TRUE(mcp::child_processes().empty());
  }

  void add(const std::string& name, std::vector<std::string> args) {
    ServerSpec spec;
    spec.name = ServerName(name);
    StdioSpec stdio;
    stdio.command = mcp::program_path("stdio_fault");
    stdio.args = std::move(args);
    spec.transport = std::move(stdio);
    config_.servers.push_back(std::move(spec));
  }

  void start() {
    HostEnvironment environment = HostEnvironment::of_process();
    auto started = LocalGateway::start(config_, std::move(environment), "");
    ASSERT_TRUE(started) << started.error().text();
    gateway_ = std::move(*started);
  }

  json call(const std::string& tool, const std::string& arguments = "{}", const std::string& profile = {}) {
    const auto answer = gateway_->call(profile, tool, arguments, {});
    return answer ? json::parse(*answer) : json(answer.error().text());
  }

  Config config_;
  std::unique_ptr<LocalGateway> gateway_;
};

TEST_F(LocalGatewayTest, CallsAToolWithoutAListener) {
  add("files", {"ok"});
  start();
  // No need to wait: the call does.
  EXPECT_EQ(call("files__echo", R"({"text":"hello"})")["result"]["content"][0]["text"], "hello");
  EXPECT_TRUE(gateway_->wait_settled(seconds(30), {}));
  EXPECT_TRUE(gateway_->wait_settled(milliseconds(0), {}));
  EXPECT_EQ(gateway_->tools("")->tools.size(), 1u);
  EXPECT_EQ(gateway_->status()->servers[0].state, RuntimeState::ready);
  EXPECT_THAT(call("files__nothing")["error"]["message"].get<std::string>(), HasSubstr("there is no tool"));
}

TEST_F(LocalGatewayTest, KnowsProfiles) {
  add("files", {"ok"});
  add("zoo", {"ok"});
  config_.profiles = {{"coding", {ServerName("files")}, 46}};
  start();
  ASSERT_TRUE(gateway_->wait_settled(seconds(30), {}));
  EXPECT_EQ(gateway_->tools("coding")->tools.size(), 1u);
  EXPECT_FALSE(gateway_->tools("nothing"));
  EXPECT_TRUE(call("files__echo", "{}", "coding").contains("result"));
  EXPECT_TRUE(call("zoo__echo", "{}", "coding").contains("error"));
  EXPECT_EQ(call("files__echo", "{}", "nothing"), "there is no profile \"nothing\". There are: coding.");
  EXPECT_EQ(call("echo", "{}", "servers/files"), "there is no profile \"servers/files\". There are: coding.");
}

TEST_F(LocalGatewayTest, WaitingForStartsShowsProgressAndEnds) {
  mcp::Gate gate;
  add("slow", {"start-gate", gate.path()});
  add("files", {"ok"});
  start();
  EXPECT_FALSE(gateway_->wait_settled(milliseconds(1), {}));
  int shown = 0;
  const auto progress = [&](const GatewayStatus& status) {
    ++shown;
    EXPECT_EQ(status.servers.size(), 2u);
    if (status.servers[1].state == RuntimeState::ready) gate.open();
    return false;
  };
  EXPECT_TRUE(gateway_->wait_settled(std::chrono::minutes(1), progress));
  EXPECT_TRUE(gateway_->status()->settled);
  EXPECT_GT(shown, 1) << "at first, and whenever something has changed";
}

TEST_F(LocalGatewayTest, WaitingForStartsEndsWhereItIsEnough) {
  mcp::Gate gate;
  add("slow", {"start-gate", gate.path()});
  add("files", {"ok"});
  start();
  const auto enough = [](const GatewayStatus& status) { return status.servers[1].state == RuntimeState::ready; };
  EXPECT_TRUE(gateway_->wait_settled(std::chrono::minutes(1), enough));
  EXPECT_FALSE(gateway_->status()->settled);
}

TEST_F(LocalGatewayTest, EndsAtOnceAfterItsStart) {
  add("files", {"ok"});
  add("mute", {"never-initialize"});
  start();
}

TEST_F(LocalGatewayTest, AServerThatFailsIsAToolErrorOfTheCall) {
  add("crashing", {"crash"});
  start();
  ASSERT_TRUE(gateway_->wait_settled(seconds(30), {}));
  const json result = call("crashing__echo")["result"];
  EXPECT_EQ(result["isError"], true);
  EXPECT_THAT(result["content"][0]["text"].get<std::string>(), HasSubstr("signal 11"));
}

}  // namespace
}  // namespace gateway
