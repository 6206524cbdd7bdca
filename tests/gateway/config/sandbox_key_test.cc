#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

#include "gateway/config/config_file.h"
#include "tests/gateway/config/config_text.h"

namespace gateway {
namespace {

std::string with_sandbox(const std::string& value, const std::string& more = "") {
  return R"({"mcpServers": {"a": {"command": "x", "sandbox": )" + value + more + R"(}}, "listen": "127.0.0.1:0"})";
}

/// The sandbox of the one server, which has to be good.
SandboxSpec sandbox_of(const std::string& value) {
  const auto config = parse_config(with_sandbox(value), "/srv/etc/f", test_environment());
  if (!config || config->servers.size() != 1 || !config->diagnostics.empty()) {
    ADD_FAILURE() << value << "\n" << report_on(with_sandbox(value));
    return {};
  }
  return std::get<StdioSpec>(config->servers.front().transport).sandbox;
}

TEST(SandboxKeyTest, IsALevel) {
  EXPECT_EQ(sandbox_of("\"off\""), SandboxSpec());
  EXPECT_EQ(sandbox_of("\"standard\""), (SandboxSpec{.level = SandboxLevel::standard, .network = true}));
  EXPECT_EQ(sandbox_of("\"strict\""), (SandboxSpec{.level = SandboxLevel::strict, .network = false}));
}

TEST(SandboxKeyTest, OrALevelWithPathsAndNetwork) {
  EXPECT_EQ(
      sandbox_of(R"({"level": "strict", "read": ["~/notes", "data/x"], "write": ["/srv/${REGION}"], "network": true})"),
      (SandboxSpec{
          .level = SandboxLevel::strict, .read = {"/home/ana/notes", "/srv/etc/data/x"}, .write = {"/srv/eu"}, .network = true}));
  EXPECT_EQ(sandbox_of(R"({"network": false})"), (SandboxSpec{.level = SandboxLevel::standard, .network = false}));
  EXPECT_EQ(sandbox_of(R"({"level": "off"})"), SandboxSpec());
}

TEST(SandboxKeyTest, IsPartOfWhatAServerIs) {
  StdioSpec one{.command = "x"};
  StdioSpec other = one;
  other.sandbox.write = {"/srv"};
  EXPECT_FALSE(one == other);
}

TEST(SandboxKeyTest, WhatCannotBeMeantBreaksTheServer) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"\"strickt\"", "f:1:50: mcpServers.a.sandbox: unknown level \"strickt\"; did you mean \"strict\"?"},
      {"true",
       "f:1:50: mcpServers.a.sandbox: expected \"off\", \"standard\", \"strict\", or an object with \"level\", found a boolean"},
      {R"({"levle": "strict"})", "f:1:51: mcpServers.a.sandbox.levle: unknown key \"levle\"; did you mean \"level\"?"},
      {R"({"write": "x"})", "f:1:60: mcpServers.a.sandbox.write: expected an array of paths, found a string"},
      {R"({"write": [""]})", "f:1:61: mcpServers.a.sandbox.write[0]: expected a path, found nothing"},
      {R"({"write": ["//"]})",
       "f:1:61: mcpServers.a.sandbox.write[0]: the whole file system; without a sandbox (\"off\") the program may write as its "
       "user "
       "may"},
      {R"({"network": "no"})", "f:1:62: mcpServers.a.sandbox.network: expected true or false, found a string"},
      {R"({"level": "off", "read": ["/x"]})",
       "f:1:39: mcpServers.a.sandbox: \"off\" goes with no other key: nothing would hold the program to them"},
      {R"({"read": [], "read": []})", "f:1:63: mcpServers.a.sandbox.read: written twice; the first is at line 1, column 51"},
      {R"({"read": ["${NO}"]})",
       "f:1:60: mcpServers.a.sandbox.read[0]: the variable NO is not set; set it where switchyard runs, or write ${NO:-default}"},
  };
  for (const auto& [written, expected] : cases)
    EXPECT_EQ(report_on(with_sandbox(written)), "error " + expected + "\n") << written;
}

TEST(SandboxKeyTest, IsNotForAServerOverHttp) {
  EXPECT_EQ(report_on(R"({"mcpServers": {"a": {"url": "https://h", "sandbox": "strict"}}, "listen": "127.0.0.1:0"})"),
            "error f:1:43: mcpServers.a.sandbox: \"sandbox\" is not supported for an HTTP server (one with a URL)\n");
}

TEST(SandboxKeyTest, HoldsInAFileOfAnotherClientToo) {
  const auto config = parse_config(R"({"mcpServers": {"a": {"command": "x", "sandbox": "strict"}}})", "f", test_environment());
  ASSERT_TRUE(config);
  ASSERT_EQ(config->servers.size(), 1U);
  EXPECT_EQ(std::get<StdioSpec>(config->servers.front().transport).sandbox.level, SandboxLevel::strict);
}

TEST(SandboxKeyTest, InAFileOfAnotherClientNothingLikeItIsPassedOver) {
  for (const std::string key : {"sandBox", "sand_box", "Sandbox", "sandboxed", "sanbox", "sandbox-level", "enableSandbox"}) {
    const std::string text = R"({"mcpServers": {"a": {"command": "x", ")" + key + R"(": "strict"}}})";
    const auto config = parse_config(text, "f", test_environment());
    ASSERT_TRUE(config);
    EXPECT_TRUE(config->servers.empty()) << key;
    ASSERT_EQ(config->broken.size(), 1U) << key;
    EXPECT_TRUE(config->broken.front().error.message.contains("unknown key \"" + key + "\""))
        << config->broken.front().error.message;
  }
  EXPECT_EQ(
      report_on(R"({"mcpServers": {"a": {"command": "x", "sandbox": null}}})"),
      "error f:1:50: mcpServers.a.sandbox: expected \"off\", \"standard\", \"strict\", or an object with \"level\", found null\n");
}

}  // namespace
}  // namespace gateway
