#include <chrono>
#include <gtest/gtest.h>
#include <string>

#include "gateway/config/config_file.h"
#include "tests/gateway/config/config_text.h"

namespace gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct ForeignCase {
  std::string client;
  std::string text;
  std::string report;
  std::string servers;
};

void PrintTo(const ForeignCase& sample, std::ostream* out) {
  *out << sample.client;
}

class ForeignConfigTest : public testing::TestWithParam<ForeignCase> {};

TEST_P(ForeignConfigTest, WorksAsItIs) {
  const auto config = parse_config(GetParam().text, "f", test_environment());
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_TRUE(config->foreign);
  EXPECT_EQ(report_on(GetParam().text), GetParam().report);
  EXPECT_EQ(servers_of(*config), GetParam().servers);
}

const ForeignCase kClaudeDesktop = {
    "ClaudeDesktop",
    R"({
  "globalShortcut": "",
  "mcpServers": {
    "filesystem": {
      "command": "npx",
      "args": ["-y", "@modelcontextprotocol/server-filesystem", "/Users/ana/Desktop"]
    },
    "github": {
      "command": "docker",
      "args": ["run", "-i", "--rm", "-e", "GITHUB_PERSONAL_ACCESS_TOKEN", "ghcr.io/github/github-mcp-server"],
      "env": { "GITHUB_PERSONAL_ACCESS_TOKEN": "<YOUR_TOKEN>" }
    }
  }
})",
    "warning f:11:48: mcpServers.github.env.GITHUB_PERSONAL_ACCESS_TOKEN: looks like a secret written into "
    "the file; keep it in the environment: export GITHUB_PERSONAL_ACCESS_TOKEN=… and write "
    "\"${GITHUB_PERSONAL_ACCESS_TOKEN}\" here\n",
    "filesystem: run <npx> <-y> <@modelcontextprotocol/server-filesystem> </Users/ana/Desktop>\n"
    "github: run <docker> <run> <-i> <--rm> <-e> <GITHUB_PERSONAL_ACCESS_TOKEN> "
    "<ghcr.io/github/github-mcp-server> GITHUB_PERSONAL_ACCESS_TOKEN=<YOUR_TOKEN>\n"};

const ForeignCase kClaudeCode = {"ClaudeCode",
                                 R"({
  "mcpServers": {
    "api-server": {
      "type": "http",
      "url": "${API_BASE_URL:-https://api.example.com}/mcp",
      "headers": { "Authorization": "Bearer ${TOKEN}" }
    },
    "db": { "type": "stdio", "command": "/opt/db", "args": [], "env": { "CACHE_DIR": "${HOME}/cache" } },
    "legacy": { "type": "sse", "url": "https://mcp.asana.com/sse" },
    "helped": { "type": "http", "url": "https://h/mcp", "headersHelper": "/opt/headers.sh", "oauth": { "clientId": "c" } }
  }
})",
                                 "warning f:10:57: mcpServers.helped.headersHelper: unknown key \"headersHelper\" is ignored\n",
                                 "api-server: reach https://api.example.com/mcp Authorization: Bearer t-1;\n"
                                 "db: run </opt/db> CACHE_DIR=/home/ana/cache\n"
                                 "legacy: reach https://mcp.asana.com/sse by sse\n"
                                 "helped: reach https://h/mcp\n"};

const ForeignCase kCursor = {
    "Cursor",
    R"({
  "mcpServers": {
    "server-name": { "command": "python", "args": ["mcp-server.py"], "env": { "REGION": "${env:REGION}" }, "envFile": "/nowhere/.env" },
    "remote": { "url": "http://localhost:3000/mcp", "headers": { "X-Region": "${env:REGION}" } },
    "here": { "command": "${workspaceFolder}/run.sh" }
  }
})",
    "error f:3:119: mcpServers.server-name.envFile: /nowhere/.env: no such file\n"
    "error f:5:26: mcpServers.here.command: \"${workspaceFolder}\" is known to an editor only; write the folder's "
    "full path\n",
    "remote: reach http://localhost:3000/mcp X-Region: eu;\n"
    "server-name broken: config_invalid\n"
    "here broken: config_invalid\n"};

const ForeignCase kVsCode = {
    "VsCode",
    R"({
  "inputs": [ { "type": "promptString", "id": "perplexity-key", "description": "Perplexity API Key", "password": true } ],
  "servers": {
    "github": { "type": "http", "url": "https://api.githubcopilot.com/mcp/", "gallery": true, "version": "1.0" },
    "perplexity": { "type": "stdio", "command": "npx", "args": ["-y", "server-perplexity-ask"],
                    "env": { "PERPLEXITY_API_KEY": "${input:perplexity-key}" } },
    "local": { "command": "node", "args": ["s.js"], "env": { "PORT": 8080, "DEBUG": null }, "dev": { "watch": "src/**" } },
  }
})",
    "error f:6:52: servers.perplexity.env.PERPLEXITY_API_KEY: \"${input:perplexity-key}\" is known to an editor only; "
    "set a variable where switchyard runs and write ${ITS_NAME}\n"
    "warning f:7:93: servers.local.dev: unknown key \"dev\" is ignored\n",
    "github: reach https://api.githubcopilot.com/mcp/\n"
    "local: run <node> <s.js> PORT=8080\n"
    "perplexity broken: config_invalid\n"};

const ForeignCase kWindsurf = {"Windsurf",
                               R"({
  "mcpServers": {
    "figma": { "serverUrl": "https://mcp.figma.com/mcp", "headers": { "API_KEY": "Bearer ${env:TOKEN}" }, "disabledTools": [] },
    "off": { "command": "npx", "args": ["-y", "x"], "disabled": true }
  }
})",
                               "",
                               "figma: reach https://mcp.figma.com/mcp API_KEY: Bearer t-1;\n"
                               "off: off run <npx> <-y> <x>\n"};

const ForeignCase kCline = {"Cline",
                            R"({
  "mcpServers": {
    "local-server": {
      "command": "node", "args": ["/path/to/server.js"], "env": {},
      "alwaysAllow": ["tool1"], "autoApprove": [], "disabled": false, "timeout": 60
    },
    "remote": { "type": "streamableHttp", "url": "https://h/mcp", "headers": {}, "disabled": true, "timeout": 3600 }
  }
})",
                            "",
                            "local-server: run <node> </path/to/server.js>\n"
                            "remote: off reach https://h/mcp\n"};

const ForeignCase kGemini = {"Gemini",
                             R"({
  "theme": "GitHub", "selectedAuthType": "oauth-personal", "mcp": { "allowed": ["a"] },
  "mcpServers": {
    "py": { "command": "python", "args": ["-m", "s"], "cwd": "/srv/py", "env": { "X": "$X" }, "timeout": 15000, "trust": false,
            "includeTools": ["safe", "also"], "excludeTools": ["bad"] },
    "http": { "httpUrl": "https://h/mcp", "url": "https://h/sse", "headers": { "Accept": "application/json, text/event-stream" }, "timeout": 5000 }
  }
})",
                             "warning f:6:43: mcpServers.http.url: ignored, because \"httpUrl\" says the same thing\n"
                             "warning f:6:80: mcpServers.http.headers.Accept: ignored: this header is set for each request\n",
                             "py: run <python> <-m> <s> X=$X in /srv/py\n"
                             "http: reach https://h/mcp\n"};

const ForeignCase kZed = {"Zed",
                          R"({
  "agent": { "default_model": { } },
  "context_servers": {
    "mine": { "source": "custom", "enabled": true, "command": "some-command", "args": ["a"], "env": {} },
    "remote": { "url": "https://h/mcp", "headers": {}, "settings": {} }
  }
})",
                          "warning f:5:56: context_servers.remote.settings: unknown key \"settings\" is ignored\n",
                          "mine: run <some-command> <a>\n"
                          "remote: reach https://h/mcp\n"};

INSTANTIATE_TEST_SUITE_P(Clients,
                         ForeignConfigTest,
                         testing::Values(kClaudeDesktop, kClaudeCode, kCursor, kVsCode, kWindsurf, kCline, kGemini, kZed),
                         [](const auto& sample) { return sample.param.client; });

INSTANTIATE_TEST_SUITE_P(
    Oddities,
    ForeignConfigTest,
    testing::Values(
        ForeignCase{
            "NoServers", "{\"a\": 1}", "warning f:1:1: there is no \"mcpServers\" in this file, so there are no servers\n", ""},
        ForeignCase{"NearMiss",
                    R"({"mcpServers": {}, "profile": {}, "theme": 1})",
                    "warning f:1:20: profile: ignored; did you mean \"profiles\"?\n",
                    ""},
        ForeignCase{"BothPlaces",
                    R"({"servers": {"a": {}}, "mcpServers": {"b": {"command": "b"}}})",
                    "warning f:1:2: servers: ignored: the servers are taken from \"mcpServers\"\n",
                    "b: run <b>\n"},
        ForeignCase{"Repeated",
                    R"({"mcpServers": {"a": {"command": "x"}, "a": {"command": "y", "command": "z"}}})",
                    "warning f:1:40: mcpServers.a: written twice; the first is at line 1, column 17; the last one counts\n"
                    "warning f:1:62: mcpServers.a.command: written twice; the first is at line 1, column 46; the last one counts\n",
                    "a: run <z>\n"},
        ForeignCase{
            "CrossTransport",
            R"({"mcpServers": {"a": {"url": "https://h", "args": [], "env": {}}, "b": {"command": "b", "http_headers": {}}}})",
            "warning f:1:43: mcpServers.a.args: \"args\" is not supported for an HTTP server (one with a URL); it is ignored\n"
            "warning f:1:55: mcpServers.a.env: \"env\" is not supported for an HTTP server (one with a URL); it is ignored\n"
            "warning f:1:89: mcpServers.b.http_headers: \"http_headers\" is not supported for a stdio server (one with a command); "
            "it is ignored\n",
            "a: reach https://h\nb: run <b>\n"},
        ForeignCase{"ShellText",
                    R"({"mcpServers": {"a": {"command": "sh", "args": ["-c", "echo ${1:+x} ${#A} ${ $TOKEN ${TOKEN}", 5]}}})",
                    "",
                    "a: run <sh> <-c> <echo ${1:+x} ${#A} ${ $TOKEN ${TOKEN}> <5>\n"}),
    [](const auto& sample) { return sample.param.client; });

TEST(ForeignConfigTest, TimeoutsAreSecondsOrMilliseconds) {
  const auto config =
      parse_config(R"({"mcpServers": {"a": {"command": "a", "timeout": 60}, "b": {"command": "b", "timeout": 600000},
      "c": {"command": "c", "timeout": 3600}, "d": {"command": "d", "tool_timeout_sec": 1.5, "startup_timeout_sec": 9, "timeout": 7}}})",
                   "f",
                   test_environment());
  ASSERT_TRUE(config);
  ASSERT_EQ(config->servers.size(), 4u);
  EXPECT_EQ(config->servers[0].call_timeout, seconds(60));
  EXPECT_EQ(config->servers[1].call_timeout, seconds(600));
  EXPECT_EQ(config->servers[2].call_timeout, seconds(3600));
  EXPECT_EQ(config->servers[3].call_timeout, milliseconds(1500));
  EXPECT_EQ(config->servers[3].startup_timeout, seconds(9));
}

TEST(ForeignConfigTest, ATimeThatCannotBeIsADefault) {
  const std::string text = R"({"mcpServers": {"a": {"command": "a", "timeout": 0}, "b": {"command": "b", "timeout": 1000000000000},
 "c": {"command": "c", "startup_timeout_sec": "x", "enabled": false, "disabled": false}}})";
  const auto config = parse_config(text, "f", test_environment());
  ASSERT_TRUE(config);
  EXPECT_EQ(servers_of(*config), "a: run <a>\nb: run <b>\nc: off run <c>\n");
  EXPECT_EQ(config->servers.at(0).call_timeout, seconds(300));
  EXPECT_EQ(config->servers.at(1).call_timeout, seconds(300));
  EXPECT_EQ(
      report_on(text),
      "warning f:1:50: mcpServers.a.timeout: expected a number of seconds above 0 and up to 86400, found 0; 300 s is taken\n"
      "warning f:1:87: mcpServers.b.timeout: expected a number of seconds above 0 and up to 86400, found 1000000000000; 300 s "
      "is taken\n"
      "warning f:2:47: mcpServers.c.startup_timeout_sec: expected a number of seconds above 0 and up to 86400, found a "
      "string; 30 s is taken\n"
      "warning f:2:70: mcpServers.c.disabled: \"disabled\" contradicts \"enabled\"; the server is switched off\n");
}

TEST(ForeignConfigTest, AnUnknownKeyThatMayRestrictKeepsTheServerOut) {
  for (const std::string key : {"disabledTool", "deniedTools", "blocked-tools", "toolFilter", "disable"}) {
    const auto config =
        parse_config("{\"mcpServers\": {\"a\": {\"command\": \"a\", \"" + key + "\": [\"x\"]}}}", "f", test_environment());
    ASSERT_TRUE(config);
    EXPECT_TRUE(config->servers.empty()) << key;
    ASSERT_EQ(config->broken.size(), 1u) << key;
    EXPECT_NE(config->broken[0].error.message.find("is not passed over"), std::string::npos) << config->broken[0].error.message;
  }
  const auto other = parse_config(
      R"({"mcpServers": {"a": {"command": "a", "alwaysAllowTools": ["x"], "toolPrefix": "p"}}})", "f", test_environment());
  EXPECT_EQ(servers_of(*other), "a: run <a>\n");
}

TEST(ForeignConfigTest, ToolListsHaveManySpellings) {
  for (const std::string key :
       {"enabled_tools", "enabledTools", "allowed_tools", "allowedTools", "include_tools", "includeTools"}) {
    const auto config =
        parse_config("{\"mcpServers\": {\"a\": {\"command\": \"a\", \"" + key + "\": [\"x\"]}}}", "f", test_environment());
    EXPECT_EQ(config->servers.at(0).tools_allow, std::vector<std::string>{"x"}) << key;
  }
  for (const std::string key : {"disabled_tools", "disabledTools", "exclude_tools", "excludeTools"}) {
    const auto config =
        parse_config("{\"mcpServers\": {\"a\": {\"command\": \"a\", \"" + key + "\": [\"x\"]}}}", "f", test_environment());
    EXPECT_EQ(config->servers.at(0).tools_deny, std::vector<std::string>{"x"}) << key;
  }
}

TEST(ForeignConfigTest, ToolListsBecomeFilters) {
  const auto config = parse_config(R"({"mcpServers": {"a": {"command": "a", "enabled_tools": ["x"], "disabled_tools": ["y"]},
      "b": {"command": "b", "tools": ["*"]}, "c": {"command": "c", "includeTools": [], "isActive": false}}})",
                                   "f",
                                   test_environment());
  ASSERT_TRUE(config);
  ASSERT_EQ(config->servers.size(), 3u);
  using Names = std::vector<std::string>;
  EXPECT_EQ(config->servers[0].tools_allow, Names{"x"});
  EXPECT_EQ(config->servers[0].tools_deny, Names{"y"});
  EXPECT_EQ(config->servers[1].tools_allow, Names{"*"});
  EXPECT_EQ(config->servers[2].tools_allow, Names{});
  EXPECT_FALSE(config->servers[2].enabled);
}

}  // namespace
}  // namespace gateway
