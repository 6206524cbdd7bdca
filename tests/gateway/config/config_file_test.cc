#include "gateway/config/config_file.h"

#include <chrono>
#include <gtest/gtest.h>
#include <ostream>
#include <string>

#include "tests/gateway/config/config_text.h"

namespace gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(ParseConfigTest, ReadsAWholeFile) {
  const auto config = parse_config(R"({
    // the servers
    "mcpServers": {
      "files": { "command": "npx", "args": ["-y", "server", "/srv"], "env": { "LANG": "C" }, "startupTimeout": 2.5 },
      "linear": { "url": "https://mcp.example.com/mcp", "oauth": { "scopes": ["read"] }, "required": true, "callTimeout": 60,
                  "tools": { "allow": ["*"], "deny": ["delete_*"] }, "type": "http", "enabled": false },
    },
    "profiles": { "coding": { "servers": ["files"] }, "short": { "servers": ["linear", "files"], "maxNameLength": 32 } },
    "listen": "0.0.0.0:80", "admin": "[::1]:0", "startupWait": 0, "maxNameLength": 60, "listPageSize": 50,
    "allowedOrigins": ["https://app.example.com"], "allowedHosts": ["gateway.example.com:8443"],
    "policy": {}, "connectors": {}, "agent": {}, "$schema": "https://example.com/schema.json"
  })",
                                   "f",
                                   test_environment());
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_FALSE(config->foreign);
  ASSERT_EQ(config->diagnostics.size(), 1u);
  EXPECT_EQ(config->diagnostics[0].text("f"), "f:5:90: mcpServers.linear.required: has no effect: the server is switched off");
  EXPECT_EQ(servers_of(*config),
            "files: run <npx> <-y> <server> </srv> LANG=C\n"
            "linear: off reach https://mcp.example.com/mcp\n");
  EXPECT_EQ(config->servers[0].startup_timeout, milliseconds(2500));
  EXPECT_EQ(config->servers[0].call_timeout, seconds(300));
  EXPECT_EQ(config->servers[0].tools_allow, std::vector<std::string>{"*"});
  EXPECT_TRUE(config->servers[1].required);
  EXPECT_EQ(config->servers[1].call_timeout, seconds(60));
  EXPECT_EQ(config->servers[1].tools_deny, std::vector<std::string>{"delete_*"});
  ASSERT_EQ(config->profiles.size(), 2u);
  EXPECT_EQ(config->profiles[0].name, "coding");
  EXPECT_EQ(config->profiles[0].max_name_length, 60u);
  EXPECT_EQ(config->profiles[1].max_name_length, 32u);
  EXPECT_EQ(config->profiles[1].servers, (std::vector<ServerName>{ServerName("linear"), ServerName("files")}));
  EXPECT_EQ(config->listen.text(), "0.0.0.0:80");
  EXPECT_EQ(config->admin.text(), "[::1]:0");
  EXPECT_EQ(config->startup_wait, seconds(0));
  EXPECT_EQ(config->list_page_size, 50u);
  EXPECT_EQ(config->allowed_origins, std::vector<std::string>{"https://app.example.com"});
  EXPECT_EQ(config->allowed_hosts, std::vector<std::string>{"gateway.example.com"});
}

TEST(ParseConfigTest, AnEmptyObjectIsOursAndHasDefaults) {
  const auto config = parse_config("{}", "f", test_environment());
  ASSERT_TRUE(config);
  EXPECT_FALSE(config->foreign);
  EXPECT_TRUE(config->diagnostics.empty());
  EXPECT_EQ(config->listen.text(), "127.0.0.1:7332");
}

TEST(ParseConfigTest, ABrokenServerLeavesTheOthersAndSaysWhatToDo) {
  const auto config = parse_config(
      R"({"listen": ":0", "mcpServers": {"a": {"command": "a", "required": true, "comand": "b", "cwd": 1}, "b": {"command": "b"},
 "c": {"url": "https://${HOST}/mcp"}}})",
      "f",
      test_environment());
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(servers_of(*config), "b: run <b>\na broken: config_invalid\nc broken: variable_missing\n");
  EXPECT_TRUE(config->broken[0].required);
  EXPECT_EQ(config->broken[0].error.text(),
            "server \"a\" is left out: f:1:73: mcpServers.a.comand: unknown key \"comand\"; did you mean \"command\"?; "
            "f:1:95: mcpServers.a.cwd: expected a string, found a number. Mend the file.");
  EXPECT_EQ(
      config->broken[1].error.text(),
      "server \"c\" is left out: f:2:15: mcpServers.c.url: the variable HOST is not set; set it where switchyard runs, or write "
      "${HOST:-default}. Set what is missing and start the gateway again, or mend the file.");
}

TEST(ParseConfigTest, NamesOfServersAreChecked) {
  const std::string long_name(65, 'n');
  const auto config = parse_config(
      "{\"listen\": \":0\", \"mcpServers\": {\"\": {}, \"a/b\": {}, \"a\\nb\": {}, \"a\\u202eb\": {}, \"..\": {}, \" a\": {}, \"" +
          long_name + "\": {}, \"ä b.c__\": {\"command\": \"x\"}, \"servers\": {\"command\": \"y\"}, \"" + long_name.substr(1) +
          "\": {\"command\": \"z\"}}}",
      "f",
      test_environment());
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config->servers.size(), 3u);
  ASSERT_EQ(config->broken.size(), 7u);
  for (const BrokenServer& server : config->broken)
    EXPECT_EQ(server.error.code, mcp::ErrorCode::name_invalid) << server.name.str();
  EXPECT_EQ(config->diagnostics[2].text("f"), "f:1:52: mcpServers[\"a\uFFFDb\"]: a server's name cannot hold invisible characters");
}

TEST(ParseConfigTest, ANameOfAnyLengthIsCut) {
  const std::string name(100'000, 'n');
  const auto config = parse_config("{\"mcpServers\": {\"" + name + "\": {\"command\": \"x\"}}}", "f", test_environment());
  ASSERT_TRUE(config);
  EXPECT_EQ(config->broken.at(0).name.str(), std::string(64, 'n') + "…");
  EXPECT_LT(config->broken[0].error.text().size(), 500u);
}

TEST(ParseConfigTest, BrokenServersKeepTheirPlace) {
  const auto config =
      parse_config(R"({"mcpServers": {"a": 1, "b": {"command": "b"}, "c": 1, "d": {"command": "d"}}})", "f", test_environment());
  ASSERT_TRUE(config);
  EXPECT_EQ(config->broken.at(0).place, 0u);
  EXPECT_EQ(config->broken.at(1).place, 1u);
}

struct ReportCase {
  std::string text;
  std::string report;
};

void PrintTo(const ReportCase& sample, std::ostream* out) {
  *out << sample.text;
}

class ConfigReportTest : public testing::TestWithParam<ReportCase> {};

TEST_P(ConfigReportTest, SaysWhatIsWrong) {
  EXPECT_EQ(report_on(GetParam().text), GetParam().report) << GetParam().text;
}

/// A file of ours with one server in its second line.
std::string with_server(const std::string& entry) {
  return "{\"listen\": \":0\", \"mcpServers\": {\n\"s\": " + entry + "}}";
}

INSTANTIATE_TEST_SUITE_P(
    TopLevel,
    ConfigReportTest,
    testing::Values(
        ReportCase{"[]", "failed\nf:1:1: expected an object: { \"mcpServers\": { … } }, found an array\n"},
        ReportCase{
            "{\"listen\": \":0\",\n \"profils\": {}, \"servers\": {}, \"x y\": 1}",
            "failed\nf:2:2: profils: unknown key \"profils\"; did you mean \"profiles\"?\n"
            "f:2:17: servers: unknown key \"servers\"; did you mean \"mcpServers\"?\n"
            "f:2:32: [\"x y\"]: unknown key \"x y\"; known here: mcpServers, $schema, profiles, listen, admin, startupWait, "
            "maxNameLength, listPageSize, allowedOrigins, allowedHosts, environments, access, policy, connectors, agent, limits\n"},
        ReportCase{"{\"listen\": \":0\",\n\"listen\": \":1\", \"agent\": {\"a\": {\"b\": 1, \"b\": 2}}}",
                   "failed\nf:2:1: listen: written twice; the first is at line 1, column 2\n"
                   "f:2:41: agent.a.b: written twice; the first is at line 2, column 33\n"},
        ReportCase{
            R"({"mcpServers": [], "policy": 1, "startupWait": -1, "maxNameLength": 15, "listPageSize": 1.5, "listen": 7332})",
            "failed\nf:1:16: mcpServers: expected an object of servers, found an array\n"
            "f:1:30: policy: expected an object, found a number\n"
            "f:1:48: startupWait: expected a number of seconds from 0 to 86400, found -1\n"
            "f:1:69: maxNameLength: expected a whole number from 16 to 128, found 15\n"
            "f:1:89: listPageSize: expected a whole number from 1 to 100000, found 1.5\n"
            "f:1:104: listen: expected HOST:PORT, [IPV6]:PORT or :PORT as a string, found a number\n"},
        ReportCase{
            R"({"listen": ":1", "admin": "127.0.0.1:1", "allowedOrigins": ["*", "https://a/b"], "allowedHosts": ["http://a", ""]})",
            "failed\nf:1:27: admin: \"listen\" and \"admin\" need an address each\n"
            "f:1:61: allowedOrigins[0]: expected an origin like https://app.example.com, without a path, found \"*\"\n"
            "f:1:66: allowedOrigins[1]: expected an origin like https://app.example.com, without a path, found \"https://a/b\"\n"
            "f:1:99: allowedHosts[0]: expected a host like gateway.example.com, with or without :PORT, found \"http://a\"\n"
            "f:1:111: allowedHosts[1]: expected a host like gateway.example.com, with or without :PORT, found \"\"\n"},
        ReportCase{R"({"allowedHosts": "a", "allowedOrigins": [1]})",
                   "failed\nf:1:18: allowedHosts: expected an array of strings, found a string\n"
                   "f:1:42: allowedOrigins[0]: expected a string, found a number\n"},
        ReportCase{"{\"policy\": {\"a\": 1}, \"connectors\": {\"a\": 1},\n\"agent\": {\"a\": 1}}",
                   "warning f:1:2: policy: has no effect in this version\n"
                   "warning f:1:22: connectors: has no effect in this version\n"
                   "warning f:2:1: agent: has no effect in this version\n"},
        ReportCase{R"({"limits": {"processes": 0, "memoryMiB": 512}})", ""},
        ReportCase{R"({"limits": {"a": 1, "processes": -1}})",
                   "failed\nf:1:13: limits.a: unknown key \"a\"; known here: processes, memoryMiB\n"
                   "f:1:34: limits.processes: expected a whole number from 0 to 10000, found -1\n"},
        ReportCase{R"({"policy": {}, "connectors": {}, "agent": {}, "limits": {}})", ""},
        ReportCase{
            R"({"profiles": {"servers": {"servers": []}, "a b": {}, "p": {"server": [], "servers": [1], "maxNameLength": 200}, "q": []}})",
            "failed\nf:1:15: profiles.servers: a profile cannot be named \"servers\": /mcp/servers/NAME leads to a single server\n"
            "f:1:43: profiles[\"a b\"]: a profile's name is 1 to 64 of A-Z a-z 0-9 _ . -\n"
            "f:1:43: profiles[\"a b\"]: expected \"servers\", an array of servers' names\n"
            "f:1:60: profiles.p.server: unknown key \"server\"; did you mean \"servers\"?\n"
            "f:1:86: profiles.p.servers[0]: expected a server's name, found a number\n"
            "f:1:107: profiles.p.maxNameLength: expected a whole number from 16 to 128, found 200\n"
            "f:1:118: profiles.q: expected an object with \"servers\", found an array\n"},
        ReportCase{R"({"mcpServers": {"files": {"command": "x"}}, "profiles": {"p": {"servers": ["file", "files", "files"]}}})",
                   "error f:1:76: profiles.p.servers[0]: there is no server \"file\"; the profile goes without it; did you mean "
                   "\"files\"?\n"
                   "warning f:1:93: profiles.p.servers[2]: \"files\" is there already\n"},
        ReportCase{"{\"listen\": \":0\", \"mcpServers\": {\"a\": {\"command\": \"x\"},\n\"a\": {\"command\": \"y\"}}}",
                   "error f:2:1: mcpServers.a: written twice; the first is at line 1, column 33\n"}));

INSTANTIATE_TEST_SUITE_P(
    Transport,
    ConfigReportTest,
    testing::Values(
        ReportCase{with_server("[]"), "error f:2:6: mcpServers.s: expected an object, found an array\n"},
        ReportCase{with_server("{}"),
                   "error f:2:1: mcpServers.s: expected \"command\" (a program to start) or \"url\" (a server to reach)\n"},
        ReportCase{with_server(R"({"command": "x", "url": "ftp://h", "args": 1})"),
                   "error f:2:23: mcpServers.s: \"command\" and \"url\" exclude each other: a server is started by a command or "
                   "reached at a "
                   "URL\nerror f:2:30: mcpServers.s.url: the URL's scheme is neither http nor https. Write it like "
                   "https://mcp.example.com/mcp\n"
                   "error f:2:49: mcpServers.s.args: expected an array of strings, found a number\n"},
        ReportCase{with_server(R"({"url": "https://h", "args": [], "env": {}, "envFile": "e", "cwd": "c"})"),
                   "error f:2:27: mcpServers.s.args: \"args\" is not supported for an HTTP server (one with a URL)\n"
                   "error f:2:39: mcpServers.s.env: \"env\" is not supported for an HTTP server (one with a URL)\n"
                   "error f:2:50: mcpServers.s.envFile: \"envFile\" is not supported for an HTTP server (one with a URL)\n"
                   "error f:2:66: mcpServers.s.cwd: \"cwd\" is not supported for an HTTP server (one with a URL)\n"},
        ReportCase{with_server(R"({"command": "x", "headers": {}, "oauth": {}})"),
                   "error f:2:23: mcpServers.s.headers: \"headers\" is not supported for a stdio server (one with a command)\n"
                   "error f:2:38: mcpServers.s.oauth: \"oauth\" is not supported for a stdio server (one with a command)\n"},
        ReportCase{with_server(R"({"type": "sse", "command": "x"})"),
                   "error f:2:15: mcpServers.s.type: \"sse\" does not go with \"command\"\n"},
        ReportCase{with_server(R"({"type": "htpp", "url": "https://h"})"),
                   "error f:2:15: mcpServers.s.type: unknown type \"htpp\"; did you mean \"http\"?\n"},
        ReportCase{with_server(R"({"type": "websocket", "url": "https://h"})"),
                   "error f:2:15: mcpServers.s.type: unknown type \"websocket\"; known here: stdio, http, streamable-http, sse\n"},
        ReportCase{with_server(R"({"type": "stdio", "url": "https://h"})"),
                   "error f:2:15: mcpServers.s.type: \"stdio\" does not go with \"url\"\n"},
        ReportCase{with_server(R"({"type": "streamable-http", "command": "x"})"),
                   "error f:2:15: mcpServers.s.type: \"streamable-http\" does not go with \"command\"\n"}));

INSTANTIATE_TEST_SUITE_P(
    Values,
    ConfigReportTest,
    testing::Values(
        ReportCase{with_server(
                       R"({"command": "", "args": ["a", 1, null], "env": {"": "x", "A=B": "x", "P": 8080, "Q": []}, "cwd": true})"),
                   "error f:2:18: mcpServers.s.command: expected a program to start, found nothing\n"
                   "error f:2:36: mcpServers.s.args[1]: expected a string, found a number\n"
                   "error f:2:39: mcpServers.s.args[2]: expected a string, found null\n"
                   "error f:2:54: mcpServers.s.env[\"\"]: expected a variable's name: not empty, without '='\n"
                   "error f:2:63: mcpServers.s.env[\"A=B\"]: expected a variable's name: not empty, without '='\n"
                   "error f:2:80: mcpServers.s.env.P: expected a string, found a number; put it in quotes\n"
                   "error f:2:91: mcpServers.s.env.Q: expected a string, found an array\n"
                   "error f:2:103: mcpServers.s.cwd: expected a string, found a boolean\n"},
        ReportCase{with_server(R"({"command": "x", "enabled": "yes", "required": 1, "startupTimeout": 0, "callTimeout": 86401})"),
                   "error f:2:34: mcpServers.s.enabled: expected true or false, found a string\n"
                   "error f:2:53: mcpServers.s.required: expected true or false, found a number\n"
                   "error f:2:74: mcpServers.s.startupTimeout: expected a number of seconds above 0 and up to 86400, found 0\n"
                   "error f:2:92: mcpServers.s.callTimeout: expected a number of seconds above 0 and up to 86400, found 86401\n"},
        ReportCase{with_server(R"({"command": "x", "enabled": false, "required": true})"),
                   "warning f:2:41: mcpServers.s.required: has no effect: the server is switched off\n"},
        ReportCase{with_server(R"({"command": "x", "enabled": true, "disabled": true, "tools": {"alow": [], "deny": "x"}})"),
                   "error f:2:40: mcpServers.s.disabled: \"disabled\" contradicts \"enabled\"\n"
                   "error f:2:68: mcpServers.s.tools.alow: unknown key \"alow\"; did you mean \"allow\"?\n"
                   "error f:2:88: mcpServers.s.tools.deny: expected an array of strings, found a string\n"},
        ReportCase{
            with_server(
                R"({"command": "x", "serverUrl": "y", "autoApprove": [], "timeout": 5, "enabled_tools": [], "zzz": 1, "args": [], "args": []})"),
            "error f:2:23: mcpServers.s.serverUrl: unknown key \"serverUrl\"; write \"url\"\n"
            "error f:2:41: mcpServers.s.autoApprove: unknown key \"autoApprove\"; it means nothing here, take it out\n"
            "error f:2:60: mcpServers.s.timeout: unknown key \"timeout\"; write \"callTimeout\"\n"
            "error f:2:74: mcpServers.s.enabled_tools: unknown key \"enabled_tools\"; write \"tools\": {\"allow\": […]}\n"
            "error f:2:95: mcpServers.s.zzz: unknown key \"zzz\"; known here: command, args, env, envFile, cwd, sandbox, url, "
            "headers, "
            "caFile, type, enabled, disabled, required, startupTimeout, callTimeout, tools, validate, environment, isolation, "
            "start, "
            "idleStop, pingInterval, maxConcurrent, oauth, bearer, onLoginRequired\n"
            "error f:2:117: mcpServers.s.args: written twice; the first is at line 2, column 105\n"},
        ReportCase{
            with_server(R"({"command": "npx -y server"})"),
            "warning f:2:18: mcpServers.s.command: taken as the name of one program, spaces and all; arguments are written in "
            "\"args\"\n"},
        ReportCase{with_server(R"({"command": "a\u0000b", "args": ["${LINES}"]})"),
                   "error f:2:18: mcpServers.s.command: a NUL character (\\u0000) cannot be used\n"},
        ReportCase{
            with_server(
                R"({"url": "https://h", "headers": {"A B": "x", "X-L": "${LINES}", "x-l": "y", "Accept": "z", "X-Tab": "a\u0001"}})"),
            "error f:2:39: mcpServers.s.headers[\"A B\"]: expected a header's name: letters, digits and !#$%&'*+-.^_`|~\n"
            "error f:2:58: mcpServers.s.headers.X-L: a header cannot hold a line break\n"
            "error f:2:70: mcpServers.s.headers.x-l: the header is there twice; upper and lower case count for nothing in its "
            "name\n"
            "warning f:2:82: mcpServers.s.headers.Accept: ignored: this header is set for each request\n"
            "error f:2:106: mcpServers.s.headers.X-Tab: a header cannot hold a control character\n"}));

INSTANTIATE_TEST_SUITE_P(
    Variables,
    ConfigReportTest,
    testing::Values(
        ReportCase{
            with_server(
                R"({"command": "${A}", "args": ["${B}-${C:-c}-${B}"], "env": {"X": "${EMPTY}${env:D}"}, "cwd": "${TOKEN}"})"),
            "error f:2:18: mcpServers.s.command: the variable A is not set; set it where switchyard runs, or write ${A:-default}\n"
            "error f:2:35: mcpServers.s.args[0]: the variable B is not set; set it where switchyard runs, or write ${B:-default}\n"
            "error f:2:70: mcpServers.s.env.X: the variable D is not set; set it where switchyard runs, or write ${D:-default}\n"},
        ReportCase{
            with_server(R"({"command": "x", "args": ["${input:key}", "${workspaceFolder}/a", "${userHome}", "${", "${1:+x}"]})"),
            "error f:2:32: mcpServers.s.args[0]: \"${input:key}\" is known to an editor only; set a variable where switchyard runs "
            "and "
            "write ${ITS_NAME}\n"
            "error f:2:48: mcpServers.s.args[1]: \"${workspaceFolder}\" is known to an editor only; write the folder's full path\n"
            "error f:2:72: mcpServers.s.args[2]: \"${userHome}\" is known to an editor only; write ${HOME}\n"
            "error f:2:87: mcpServers.s.args[3]: \"${\" without \"}\"; a literal \"${\" is written \"$${\"\n"
            "error f:2:93: mcpServers.s.args[4]: \"${1:+x}\" is not ${NAME} or ${NAME:-default}; a literal \"${\" is written "
            "\"$${\"\n"},
        // A default in the file is no place for a secret.
        ReportCase{
            with_server(R"({"url": "https://h/${REALM}", "headers": {"Authorization": "Bearer ${KEY}", "X-A": "${API_TOKEN}"}})"),
            "error f:2:14: mcpServers.s.url: the variable REALM is not set; set it where switchyard runs, or write "
            "${REALM:-default}\n"
            "error f:2:65: mcpServers.s.headers.Authorization: the variable KEY is not set; set it where switchyard runs\n"
            "error f:2:89: mcpServers.s.headers.X-A: the variable API_TOKEN is not set; set it where switchyard runs\n"},
        ReportCase{with_server(R"({"command": "x", "env": {"DB_PASSWORD": "${DB}", "MODE": "${WAY}"}})"),
                   "error f:2:46: mcpServers.s.env.DB_PASSWORD: the variable DB is not set; set it where switchyard runs\n"
                   "error f:2:63: mcpServers.s.env.MODE: the variable WAY is not set; set it where switchyard runs, or write "
                   "${WAY:-default}\n"},
        ReportCase{with_server(R"({"command": "${A}", "envFile": "/nowhere/.env", "enabled": false})"), ""},
        ReportCase{with_server(R"({"url": "https://${H}/", "headers": {"X": "${N}"}, "enabled": false})"), ""},
        ReportCase{with_server(R"({"command": "x", "envFile": "/nowhere/.env"})"),
                   "error f:2:34: mcpServers.s.envFile: /nowhere/.env: no such file\n"}));

INSTANTIATE_TEST_SUITE_P(
    Secrets,
    ConfigReportTest,
    testing::Values(
        ReportCase{
            with_server(
                R"({"command": "x", "env": {"GITHUB_TOKEN": "hush", "accessToken": "${TOKEN}", "MODE": "sk-0123456789abcdef", "MAX_TOKENS": "5000",
"TOKEN_URL": "https://h/", "SECRET": "true", "X_PASSWORD": ""}})"),
            "warning f:2:47: mcpServers.s.env.GITHUB_TOKEN: looks like a secret written into the file; keep it in the environment: "
            "export GITHUB_TOKEN=… and write \"${GITHUB_TOKEN}\" here\n"
            "warning f:2:90: mcpServers.s.env.MODE: looks like a secret written into the file; keep it in the environment: "
            "export MODE=… and write \"${MODE}\" here\n"},
        ReportCase{
            with_server(
                R"({"url": "https://h/", "headers": {"Authorization": "Bearer hush", "X-API-Key": "hush hush", "X-Ok": "Bearer ${TOKEN}"}})"),
            "warning f:2:57: mcpServers.s.headers.Authorization: looks like a secret written into the file; keep it in the "
            "environment: export S_TOKEN=… and write \"Bearer ${S_TOKEN}\" here\n"
            "warning f:2:85: mcpServers.s.headers.X-API-Key: looks like a secret written into the file; keep it in the "
            "environment: export S_API_KEY=… and write \"${S_API_KEY}\" here\n"},
        ReportCase{
            with_server(R"({"command": "x", "args": ["--api-key", "sk-hush", "--token=ghp_hush", "postgres://u:hush@h/db",
"--header", "Authorization: Bearer hush", "http://h/?api_key=sk-hush", "--token", "${TOKEN}", "--auth=${TOKEN}", "pg://u:${TOKEN}@h/"]})"),
            "warning f:2:45: mcpServers.s.args[1]: looks like a secret written into the file; keep it in the environment: export "
            "S_API_KEY=… and write \"${S_API_KEY}\" here\n"
            "warning f:2:56: mcpServers.s.args[2]: looks like a secret written into the file; keep it in the environment: export "
            "S_TOKEN=… and write \"--token=${S_TOKEN}\" here\n"
            "warning f:2:76: mcpServers.s.args[3]: looks like a secret written into the file; keep it in the environment: export "
            "S_PASSWORD=… and write \"…:${S_PASSWORD}@…\" here\n"
            "warning f:3:13: mcpServers.s.args[5]: looks like a secret written into the file; keep it in the environment: export "
            "S_TOKEN=… and write \"Authorization: Bearer ${S_TOKEN}\" here\n"
            "warning f:3:43: mcpServers.s.args[6]: looks like a secret written into the file; keep it in the environment: export "
            "S_API_KEY=… and write \"…api_key=${S_API_KEY}…\" here\n"},
        ReportCase{
            with_server(R"({"url": "http://h/?mode=all&api_key=sk-hush"})"),
            "warning f:2:14: mcpServers.s.url: looks like a secret written into the file; keep it in the environment: export "
            "S_API_KEY=… and write \"…api_key=${S_API_KEY}…\" here\n"},
        ReportCase{with_server(R"({"command": "x", "env": {"DATABASE_URL": "pg://u:hush@h/db", "SSH_KEY": "/srv/id"}})"),
                   "warning f:2:47: mcpServers.s.env.DATABASE_URL: looks like a secret written into the file; keep it in the "
                   "environment: export DATABASE_URL=… and write \"${DATABASE_URL}\" here\n"},
        ReportCase{with_server(R"({"url": "http://[zz]/"})"),
                   "error f:2:14: mcpServers.s.url: the URL's host in brackets is not an IPv6 address. Write it like "
                   "https://mcp.example.com/mcp\n"}));

TEST(ParseConfigTest, TheTypeSaysWhichTransportOverHttp) {
  const std::pair<const char*, HttpKind> cases[] = {
      {"", HttpKind::unknown},
      {R"("type":"remote",)", HttpKind::unknown},
      {R"("type":"http",)", HttpKind::streamable},
      {R"("type":"streamable-http",)", HttpKind::streamable},
      {R"("type":"sse",)", HttpKind::sse},
      {R"("type":"http+sse",)", HttpKind::sse},
  };
  for (const auto& [type, kind] : cases) {
    const auto config = parse_config(with_server("{" + std::string(type) + R"("url":"https://h"})"), "f", test_environment());
    ASSERT_TRUE(config && config->servers.size() == 1) << type;
    EXPECT_EQ(std::get<HttpSpec>(config->servers[0].transport).kind, kind) << type;
  }
}

TEST(ParseConfigTest, NeverRepeatsAValueThatMayBeSecret) {
  const std::string text = with_server(
      R"({"url": "https://ana:hunter2@h/", "headers": {"X": "hunter2\u0001", "Authorization": "hunter2"}, "command": ["hunter2"],
    "env": {"PASSWORD": "hunter2", "N": ["hunter2"]}, "args": {"a": "hunter2"}, "envFile": false, "cwd": ["hunter2"], "oauth": "hunter2"})");
  const auto config = parse_config(text, "f", test_environment());
  ASSERT_TRUE(config);
  EXPECT_GE(config->diagnostics.size(), 8u);
  EXPECT_EQ(report_on(text).find("hunter2"), std::string::npos) << report_on(text);
  EXPECT_EQ(config->broken.at(0).error.text().find("hunter2"), std::string::npos);
}

TEST(ParseConfigTest, SyntaxErrorsFailTheFile) {
  const auto config =
      parse_config("{\"mcpServers\": {\n  \"a\": {\"command\": \"x\" \"args\": []}\n}", "sw.json", test_environment());
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, mcp::ErrorCode::config_invalid);
  EXPECT_EQ(config.error().message,
            "sw.json:2:24: mcpServers.a: expected ',' or '}' after the value of \"command\", found a string\n"
            "sw.json:1:1: the '{' here is never closed; expected '}'");
}

}  // namespace
}  // namespace gateway
