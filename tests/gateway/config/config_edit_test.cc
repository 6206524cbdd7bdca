#include "gateway/config/config_edit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gateway/config/config_text.h"

namespace gateway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class ConfigEditTest : public testing::Test {
 protected:
  EditBase base() const { return {file_, environment_}; }

  mcp::Result<ConfigEdit> add(const std::optional<std::string>& text, const NewServer& server, bool replace = false) const {
    return add_server(base(), text, server, replace);
  }

  mcp::Result<ConfigEdit> remove(const std::string& text, const std::vector<std::string>& names) const {
    return remove_servers(base(), text, names);
  }

  std::string switched(const std::string& entry, bool on) const {
    const std::string before = R"({ "profiles": {}, "mcpServers": { "a": )", after = " } }";
    const auto edit = switch_servers(base(), before + entry + after, {"a"}, on);
    if (!edit) return edit.error().text();
    if (edit->changed.empty()) {
      EXPECT_EQ(edit->text, before + entry + after);
      return "as before";
    }
    return edit->text.substr(before.size(), edit->text.size() - before.size() - after.size());
  }

  template <class Outcome>
  static std::string error_of(const Outcome& outcome) {
    return outcome ? "none" : outcome.error().text();
  }

  const std::string file_ = "/etc/sw/switchyard.json";
  const Environment environment_ = test_environment();
};

const NewServer kFiles{.name = "files", .command = {"npx", "-y", "server", "/srv/docs"}};

TEST_F(ConfigEditTest, TheFirstServerBeginsAFile) {
  for (const std::optional<std::string>& text : {std::optional<std::string>(), std::optional<std::string>(" \n")}) {
    const auto edit = add(text, kFiles);
    ASSERT_TRUE(edit) << error_of(edit);
    EXPECT_THAT(edit->text, HasSubstr(R"(
  "mcpServers": {
    "files": {
      "command": "npx",
      "args": ["-y", "server", "/srv/docs"]
    }
  },
)"));
    const auto config = parse_config(edit->text, file_, environment_);
    ASSERT_TRUE(config);
    EXPECT_FALSE(config->foreign);
    EXPECT_THAT(config->diagnostics, IsEmpty());
    EXPECT_EQ(servers_of(*config), "files: run <npx> <-y> <server> </srv/docs>\n");
    const auto removed = remove(edit->text, {"files"});
    ASSERT_TRUE(removed);
    EXPECT_THAT(removed->text, HasSubstr("\n  \"mcpServers\": {},\n"));
    EXPECT_FALSE(parse_config(removed->text, file_, environment_)->foreign);
  }
}

TEST_F(ConfigEditTest, AnEmptyObjectStaysOurs) {
  const auto edit = add("{}\n", kFiles);
  ASSERT_TRUE(edit) << error_of(edit);
  EXPECT_EQ(edit->text, R"({
  "mcpServers": {
    "files": {
      "command": "npx",
      "args": ["-y", "server", "/srv/docs"]
    }
  },
  "profiles": {}
}
)");
}

TEST_F(ConfigEditTest, EverythingThatCanBeSaidOfAServer) {
  const auto program = add(R"({ "profiles": { "p": { "servers": [] } }, "mcpServers": {} })",
                           {.name = "a b",
                            .command = {"run"},
                            .cwd = "/srv",
                            .env = {{"T", "${TOKEN}"}, {"E", ""}},
                            .enabled = false,
                            .required = true,
                            .profiles = {"p", "new", "p"}});
  ASSERT_TRUE(program) << error_of(program);
  EXPECT_EQ(program->text,
            R"({ "profiles": { "p": { "servers": ["a b"] }, "new": { "servers": ["a b"] } }, "mcpServers": { "a b": )"
            R"({ "command": "run", "env": { "T": "${TOKEN}", "E": "" }, "cwd": "/srv", "enabled": false, "required": true } } })");
  ASSERT_EQ(program->profiles.size(), 2U);
  EXPECT_FALSE(program->profiles[0].made);
  EXPECT_TRUE(program->profiles[1].made);
  const auto http = add(R"({ "profiles": {} })",
                        {.name = "h", .url = "https://h/mcp", .type = "sse", .headers = {{"Authorization", "Bearer ${TOKEN}"}}});
  ASSERT_TRUE(http) << error_of(http);
  EXPECT_EQ(servers_of(http->text), "h: reach https://h/mcp Authorization: Bearer t-1; by sse\n");
  EXPECT_THAT(http->warnings, IsEmpty());
}

TEST_F(ConfigEditTest, WhatIsOddAboutANewServerIsSaid) {
  const auto missing = add("{}", {.name = "a", .command = {"x"}, .env = {{"K", "${NOT_THERE}"}}});
  ASSERT_TRUE(missing) << error_of(missing);
  EXPECT_THAT(
      missing->warnings,
      ElementsAre("a: env.K: the variable NOT_THERE is not set; set it where switchyard runs, or write ${NOT_THERE:-default}"));
  const auto secret = add("{}", {.name = "a", .command = {"x"}, .env = {{"GITHUB_TOKEN", "ghp_0123456789abcdef"}}});
  ASSERT_TRUE(secret) << error_of(secret);
  EXPECT_THAT(secret->warnings,
              ElementsAre(AllOf(StartsWith("a: env.GITHUB_TOKEN: looks like a secret"), HasSubstr("${GITHUB_TOKEN}"))));
}

TEST_F(ConfigEditTest, AServerThatCannotBeIsRefused) {
  EXPECT_EQ(error_of(add("{}", {.name = "a/b", .command = {"x"}})),
            "server \"a/b\" was not added: a server's name cannot hold '/'");
  EXPECT_THAT(error_of(add("{}", {.name = std::string(70, 'a'), .command = {"x"}})), HasSubstr("at most 64 characters"));
  EXPECT_THAT(error_of(add("{}", {.name = "a", .url = "htps://x"})), StartsWith("server \"a\" was not added: url: "));
  EXPECT_THAT(error_of(add("{}", {.name = "a", .command = {"x"}, .env = {{"A=B", "1"}}})), HasSubstr("expected a variable's name"));
  EXPECT_EQ(error_of(add("{}", {.name = "a", .command = {"x"}, .profiles = {"servers"}})),
            "profiles.servers: a profile cannot be named \"servers\": /mcp/servers/NAME leads to a single server");
}

TEST_F(ConfigEditTest, AServerThatIsThereIsReplacedOnlyWhenAsked) {
  const std::string text = R"({
  "profiles": {},
  "mcpServers": {
    // documents
    "files": {
      "command": "node", // the old way
      "args": ["a.js", "--token", "hidden-thing", "postgres://u:pass-word@h/db"],
      "tools": { "deny": ["x"] },
      "callTimeout": 5 // seconds
    }
  }
})";
  EXPECT_EQ(
      error_of(add(text, kFiles)),
      "\"files\" is in /etc/sw/switchyard.json already: node a.js --token … postgres://u:…@h/db. Replace it with --replace, or "
      "take another name.");
  const auto edit = add(text, kFiles, true);
  ASSERT_TRUE(edit) << error_of(edit);
  EXPECT_EQ(edit->text, R"({
  "profiles": {},
  "mcpServers": {
    // documents
    "files": {
      "command": "npx", // the old way
      "args": ["-y", "server", "/srv/docs"]
    }
  }
})");
  EXPECT_TRUE(edit->replaced);
  EXPECT_THAT(edit->lost_keys, ElementsAre("tools", "callTimeout"));
  const auto again = add(edit->text, kFiles, true);
  ASSERT_TRUE(again);
  EXPECT_THAT(again->unchanged, ElementsAre("files"));
  EXPECT_EQ(again->text, edit->text);
}

TEST_F(ConfigEditTest, RemovedServersLeaveTheirProfiles) {
  const auto edit = remove(R"({
  "mcpServers": {
    "a": { "command": "a" },
    // goes too
    "b": { "command": "b" },
    "c": 5
  },
  "profiles": {
    "one": { "servers": ["b", "a"] }, // kept
    "two": { "servers": ["a"] },
    "three": { "servers": ["b", "b"] }
  }
})",
                           {"b", "c", "b"});
  ASSERT_TRUE(edit) << error_of(edit);
  EXPECT_EQ(edit->text, R"({
  "mcpServers": {
    "a": { "command": "a" }
  },
  "profiles": {
    "one": { "servers": ["a"] }, // kept
    "two": { "servers": ["a"] },
    "three": { "servers": [] }
  }
})");
  EXPECT_THAT(edit->changed, ElementsAre("b", "c"));
  ASSERT_EQ(edit->profiles.size(), 2U);
  EXPECT_EQ(edit->profiles[1].profile, "three");
}

TEST_F(ConfigEditTest, ASwitchIsSetWhereItIs) {
  EXPECT_EQ(switched(R"({ "command": "x" })", false), R"({ "command": "x", "enabled": false })");
  EXPECT_EQ(switched(R"({ "command": "x", "enabled": true })", false), R"({ "command": "x", "enabled": false })");
  EXPECT_EQ(switched(R"({ "disabled": false, "command": "x" })", false), R"({ "disabled": true, "command": "x" })");
  EXPECT_EQ(switched(R"({ "disabled": false, "command": "x", "enabled": true })", false),
            R"({ "disabled": true, "command": "x" })");
  EXPECT_EQ(switched(R"({ "command": "x", "enabled": false })", false), "as before");
  EXPECT_EQ(switched(R"({ "command": "x", "enabled": false })", true), R"({ "command": "x" })");
  EXPECT_EQ(switched(R"({ "disabled": true, "command": "x", "enabled": false })", true), R"({ "command": "x" })");
  EXPECT_EQ(switched(R"({ "command": "x", "enabled": true })", true), "as before");
  EXPECT_EQ(switched(R"({ "command": "x" })", true), "as before");
  EXPECT_EQ(switched(R"({ "command": "x", "enabled": "no" })", false), R"({ "command": "x", "enabled": false })");
  EXPECT_EQ(switched(R"({ "command": "x", "enabled": true, "disabled": true })", false), R"({ "command": "x", "disabled": true })");
  EXPECT_EQ(switched("5", true), "server \"a\" in /etc/sw/switchyard.json: expected an object, found a number. Mend that first.");
  EXPECT_EQ(
      switched(R"({ "command": "x", "enabled": false, "enabled": false })", true),
      "/etc/sw/switchyard.json, line 1, column 76: mcpServers.a.enabled: written twice; the first is at line 1, column 58. Mend "
      "that first.");
}

TEST_F(ConfigEditTest, WhatKeepsAServerThatIsSwitchedOnFromRunningIsSaid) {
  const std::string text = R"({ "profiles": {}, "mcpServers": { "a": { "command": "${NOT_THERE}", "enabled": false } } })";
  const auto edit = switch_servers(base(), text, {"a"}, true);
  ASSERT_TRUE(edit) << error_of(edit);
  EXPECT_THAT(edit->warnings, ElementsAre(StartsWith("a: command: the variable NOT_THERE is not set")));
}

TEST_F(ConfigEditTest, UnknownNamesAreErrorsAndNothingIsDone) {
  const std::string text = R"({ "profiles": {}, "mcpServers": { "files": { "command": "x" }, "other": { "command": "y" } } })";
  EXPECT_EQ(error_of(remove(text, {"other", "fils", "zzzzzzzz"})),
            "there is no server \"fils\"; did you mean \"files\"? There is no server \"zzzzzzzz\"; known here: files, other");
  EXPECT_EQ(error_of(switch_servers(base(), text, {"fils"}, true)), "there is no server \"fils\"; did you mean \"files\"?");
  EXPECT_EQ(error_of(remove_servers(base(), std::nullopt, {"a"})),
            "configuration /etc/sw/switchyard.json: no such file. \"switchyard add\" begins one.");
}

TEST_F(ConfigEditTest, FilesThatAreNotOursOrCannotBeReadStay) {
  EXPECT_EQ(
      error_of(add(R"({ "mcpServers": {} })", kFiles)),
      "/etc/sw/switchyard.json is another client's file (it has none of Switchyard's own keys), and those are never written to. "
      "Change it there, or make it Switchyard's own: write \"profiles\": {} at its top level.");
  EXPECT_EQ(error_of(add("{ \"profiles\": {}\n \"mcpServers\": {} }", kFiles)),
            "/etc/sw/switchyard.json:2:2: expected ',' or '}' after the value of \"profiles\", found a string. Mend that first.");
  EXPECT_THAT(error_of(add(R"({ "profile": {}, "listen": ":0" })", kFiles)), HasSubstr("did you mean \"profiles\"?"));
  const std::string toml = "/etc/config.toml";
  EXPECT_THAT(error_of(add_server({toml, environment_}, "a = 1", kFiles, false)), HasSubstr("TOML"));
}

}  // namespace
}  // namespace gateway
