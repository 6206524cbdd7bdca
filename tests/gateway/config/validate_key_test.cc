#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

#include "gateway/config/config_file.h"
#include "tests/gateway/config/config_text.h"

namespace gateway {
namespace {

/// A file whose server "a" has this value of "validate", and whose server "b" has none.
mcp::Result<Config> with_validate(const std::string& value) {
  const std::string servers = R"({"a": {"command": "x", "validate": )" + value + R"(}, "b": {"command": "x"}})";
  return parse_config(R"({"mcpServers": )" + servers + R"(, "listen": "127.0.0.1:0"})", "f", test_environment());
}

TEST(ValidateKeyTest, SaysWhatOfCallsIsChecked) {
  const std::vector<std::pair<std::string, CallChecks>> cases = {{"\"off\"", {}},
                                                                 {"false", {}},
                                                                 {"\"arguments\"", {.arguments = true}},
                                                                 {"\"results\"", {.results = true}},
                                                                 {"\"both\"", {.arguments = true, .results = true}},
                                                                 {"true", {.arguments = true, .results = true}}};
  for (const auto& [written, expected] : cases) {
    const auto config = with_validate(written);
    ASSERT_TRUE(config) << config.error().text();
    EXPECT_EQ(config->diagnostics.size(), 0U) << written;
    ASSERT_EQ(config->servers.size(), 2U);
    EXPECT_EQ(config->servers[0].checks, expected) << written;
    EXPECT_FALSE(config->servers[1].checks.any());
  }
}

TEST(ValidateKeyTest, AnythingElseBreaksTheServer) {
  for (const auto& [written, found] : std::vector<std::pair<std::string, std::string>>{
           {"\"all\"", "\"all\""}, {"[\"arguments\"]", "an array"}, {"1", "a number"}}) {
    const auto config = with_validate(written);
    ASSERT_TRUE(config) << config.error().text();
    ASSERT_EQ(config->diagnostics.size(), 1U) << written;
    EXPECT_EQ(config->diagnostics[0].text("f"),
              "f:1:51: mcpServers.a.validate: expected \"off\", \"arguments\", \"results\" or \"both\", found " + found);
    ASSERT_EQ(config->broken.size(), 1U);
    EXPECT_EQ(config->servers.size(), 1U);
  }
}

}  // namespace
}  // namespace gateway
