#include "gateway/host/self_reference.h"

#include <gtest/gtest.h>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

namespace gateway {
namespace {

Environment with(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(std::string(name));
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

TEST(SelfReferenceTest, ProgramsKnowEveryFileTheyRunWithin) {
  const Environment outside = with({{"HOME", "/h"}});
  EXPECT_FALSE(runs_within(outside, "/c/a.json"));
  const Environment inner = environment_within(environment_within(outside, "/c/a.json"), "/c/b.json");
  EXPECT_TRUE(runs_within(inner, "/c/a.json"));
  EXPECT_TRUE(runs_within(inner, "/c/./x/../b.json"));
  EXPECT_FALSE(runs_within(inner, "/c/c.json"));
  EXPECT_FALSE(runs_within(inner, ""));
  EXPECT_EQ(inner("HOME"), "/h");
  EXPECT_EQ(environment_within(outside, "")("SWITCHYARD_WITHIN"), std::nullopt);
}

TEST(SelfReferenceTest, RequestsAreRefusedUntilTheClientHangsUp) {
  std::istringstream in("no JSON\n" + std::string(100'000, 'x') +
                        "\n{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n"
                        "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"initialize\"}\n{\"jsonrpc\":\"2.0\",\"id\":2,");
  std::ostringstream out;
  refuse_requests(in, out, self_reference("/c/a.json"));
  const auto answer = nlohmann::json::parse(out.str());
  EXPECT_EQ(answer.at("id"), "a");
  EXPECT_EQ(answer.at("error").at("data").at("reason"), "config_invalid");
}

}  // namespace
}  // namespace gateway
