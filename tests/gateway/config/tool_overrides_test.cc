#include "gateway/config/tool_overrides.h"

#include <gtest/gtest.h>

#include "gateway/config/jsonc.h"
#include "gateway/config/server_identity.h"
#include "tests/gateway/config/config_text.h"

namespace gateway {
namespace {

/// A file whose only server has this as its tools.override.
std::string with_overrides(const std::string& overrides) {
  return "{\"profiles\": {}, \"mcpServers\": {\"s\": {\"command\": \"x\", \"tools\": {\"override\":\n" + overrides + "}}}}";
}

TEST(ToolOverridesTest, ToolsCanBeShownOtherwise) {
  const std::string text = with_overrides(R"({
    "get.it": {"name": "get", "title": "Get it", "description": "Gets\nit."},
    "get": {"description": "${NOT_A_VARIABLE}"}
  })");
  const auto config = parse_config(text, "f", test_environment());
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_TRUE(config->diagnostics.empty());
  const std::map<std::string, ToolOverride, std::less<>> expected = {
      {"get", {.description = "${NOT_A_VARIABLE}"}}, {"get.it", {.name = "get", .title = "Get it", .description = "Gets\nit."}}};
  EXPECT_EQ(config->servers.at(0).tools_override, expected);
}

TEST(ToolOverridesTest, MistakesAreNamed) {
  EXPECT_EQ(report_on(with_overrides("[]")),
            "error f:2:1: mcpServers.s.tools.override: expected an object of tools, by the server's own names, found an array\n");
  EXPECT_EQ(report_on(with_overrides(R"({"a": 1, "": {"title": "x"}, "b": {"name": 1}, "c": {}})")),
            "error f:2:7: mcpServers.s.tools.override.a: expected an object with \"name\", \"title\" and \"description\", found a "
            "number\n"
            "error f:2:10: mcpServers.s.tools.override[\"\"]: expected the server's own name of a tool, found nothing\n"
            "error f:2:44: mcpServers.s.tools.override.b.name: expected a string, found a number\n"
            "warning f:2:53: mcpServers.s.tools.override.c: has no effect: it says nothing of the tool\n");
  EXPECT_EQ(report_on(with_overrides(R"({"a": {"title": "", "descripton": "x"}, "a": {"title": "x"}})")),
            "error f:2:17: mcpServers.s.tools.override.a.title: expected a text that is not empty; leave it out to keep the "
            "server's own\n"
            "error f:2:21: mcpServers.s.tools.override.a.descripton: unknown key \"descripton\"; did you mean \"description\"?\n"
            "error f:2:41: mcpServers.s.tools.override.a: written twice; the first is at line 2, column 2\n");
  EXPECT_EQ(report_on(with_overrides("{\"a\": {\"description\": \"" + std::string(16 * 1024 + 1, 'x') + "\"}}")),
            "error f:2:23: mcpServers.s.tools.override.a.description: longer than 16 KiB\n");
}

TEST(ToolOverridesTest, NamesAreGoodOnesAndNoTwoTheSame) {
  EXPECT_EQ(report_on(with_overrides(R"({"a": {"name": "x"}, "b": {"name": "x"}})")),
            "error f:2:36: mcpServers.s.tools.override.b.name: \"x\" is the name of \"a\" already\n");
  for (const std::string& name : {std::string(), std::string("é"), std::string("a b"), std::string("a.b"), std::string(65, 'a')}) {
    EXPECT_EQ(report_on(with_overrides("{\"a\": {\"name\": \"" + name + "\"}}")),
              "error f:2:16: mcpServers.s.tools.override.a.name: expected a name of 1 to 64 of A-Z a-z 0-9 _ -, found " +
                  gateway::quoted(name) + "\n");
  }
}

TEST(ToolOverridesTest, AChangeOfThemIsOneOfThePresentation) {
  ServerPresentation before, after;
  after.tools_override["a"] = {.name = "b"};
  EXPECT_EQ(differences(before, after), std::vector<std::string>{"tools.override"});
}

}  // namespace
}  // namespace gateway
