#include "gateway/import/convert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/config/jsonc_write.h"

namespace gateway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// The only server of a text, as it becomes ours. Nothing is stored yet.
class ConvertTest : public testing::Test {
 protected:
  ConvertedServer convert(const std::string& text, ImportClient client = ImportClient::other, const std::string& folder = "") {
    const auto reading = parse_source(text, {client, "/home/u/.client/file", folder});
    if (!reading || reading->servers.size() != 1) {
      ADD_FAILURE() << (reading ? "not one server" : reading.error().text());
      return {};
    }
    return convert_server(reading->servers[0], *reading, namer_);
  }

  ConvertedServer convert_entry(const std::string& entry,
                                ImportClient client = ImportClient::other,
                                const std::string& folder = "") {
    return convert(R"({"mcpServers": {"s": )" + entry + "}}", client, folder);
  }

  static std::string text_of(const ConvertedServer& server) {
    return write_on_one_line(server.entry, JsoncStyle{.padded = false, .trailing_comma = false});
  }

  /// "NAME=value from path"
  std::vector<std::string> secrets_of(const ConvertedServer& server) const {
    std::vector<std::string> all;
    for (const MovedSecret& secret : server.secrets)
      all.push_back(secret.name + "=" + namer_.value(secret.name).value_or("?") + " from " + secret.path);
    return all;
  }

  std::map<std::string, std::string> stored_;
  SecretNamer namer_{[this](const std::string& name) -> std::optional<std::string> {
    const auto found = stored_.find(name);
    return found == stored_.end() ? std::nullopt : std::optional(found->second);
  }};
};

TEST_F(ConvertTest, OtherSpellingsBecomeOurs) {
  EXPECT_EQ(text_of(convert_entry(R"({"command": "a", "args": ["b", 7], "env": {"N": 1, "T": true}, "disabled": true,
                                      "disabledTools": ["x"], "timeout": 60000})")),
            R"({"command": "a", "args": ["b", "7"], "env": {"N": "1", "T": "true"}, "enabled": false, "callTimeout": 60, )"
            R"("tools": {"deny": ["x"]}})");
  EXPECT_EQ(text_of(convert_entry(R"({"type": "streamableHttp", "httpUrl": "https://a.test/mcp", "isActive": true})")),
            R"({"type": "http", "url": "https://a.test/mcp"})");
  EXPECT_EQ(text_of(convert_entry(R"({"type": "sse", "serverUrl": "https://a.test/sse"})")),
            R"({"type": "sse", "url": "https://a.test/sse"})");
  EXPECT_EQ(text_of(convert_entry(R"({"type": "stdio", "command": "a"})")), R"({"command": "a"})");
}

TEST_F(ConvertTest, LiteralSecretsGoIntoTheStore) {
  const auto program =
      convert_entry(R"({"command": "a", "args": ["--api-key", "k-123456", "--url=postgres://u:pw-secret@h/d", "plain"],
                                         "env": {"GITHUB_TOKEN": "ghp_0123456789abcdef", "LANG": "C"}})");
  EXPECT_EQ(
      text_of(program),
      R"({"command": "a", "args": ["--api-key", "${secret:S_API_KEY}", "--url=postgres://u:${secret:S_PASSWORD}@h/d", "plain"], )"
      R"("env": {"GITHUB_TOKEN": "${secret:S_GITHUB_TOKEN}", "LANG": "C"}})");
  EXPECT_THAT(secrets_of(program),
              ElementsAre("S_API_KEY=k-123456 from args[1]",
                          "S_PASSWORD=pw-secret from args[2]",
                          "S_GITHUB_TOKEN=ghp_0123456789abcdef from env.GITHUB_TOKEN"));
  const auto http = convert_entry(R"({"url": "https://a.test/mcp?api_key=q-123456&x=1",
                                      "headers": {"Authorization": "Bearer tok-123456", "X-Api-Key": "x-123456", "Accept": "a"}})");
  EXPECT_EQ(text_of(http),
            R"({"url": "https://a.test/mcp?api_key=${secret:S_API_KEY_2}&x=1", )"
            R"("headers": {"Authorization": "Bearer ${secret:S_TOKEN}", "X-Api-Key": "${secret:S_API_KEY_3}", "Accept": "a"}})");
}

TEST_F(ConvertTest, ASecretThatIsStoredAlreadyIsShared) {
  stored_ = {{"S_TOKEN", "other"}, {"S_TOKEN_2", "same-one"}};
  const auto server = convert_entry(R"({"url": "https://a.test", "headers": {"Authorization": "Bearer same-one"}})");
  ASSERT_EQ(server.secrets.size(), 1U);
  EXPECT_EQ(server.secrets[0].name, "S_TOKEN_2");
  EXPECT_TRUE(server.secrets[0].stored);
}

TEST_F(ConvertTest, ReferencesOfEditors) {
  const auto server = convert(R"({
    "inputs": [{"id": "api-key", "password": true, "description": "The key"}, {"id": "region", "default": "eu"}],
    "servers": {"s": {"type": "stdio", "command": "${userHome}/bin/a", "args": ["${workspaceFolder}${/}x", "${input:region}", "${1:+y}"],
                      "env": {"KEY": "${input:api-key}", "A": "${env:B}"}, "envFile": "${workspaceFolder}/.env"}}})",
                              ImportClient::vscode,
                              "/p/ro${j}ect");
  EXPECT_EQ(text_of(server),
            R"({"command": "${HOME}/bin/a", "args": ["/p/ro$${j}ect/x", "${REGION:-eu}", "$${1:+y}"], )"
            R"("env": {"KEY": "${secret:API_KEY}", "A": "${B}"}, "envFile": "/p/ro$${j}ect/.env", "cwd": "/p/ro$${j}ect"})");
  EXPECT_THAT(server.needed, ElementsAre(NeededValue{"API_KEY", true, "VS Code asks for it: The key"}));
  EXPECT_THAT(server.secrets, IsEmpty());
}

TEST_F(ConvertTest, WithoutAProjectTheWorkspaceIsAVariable) {
  const auto server = convert_entry(R"({"command": "a", "args": ["${workspaceFolder}"]})", ImportClient::cursor);
  EXPECT_EQ(text_of(server), R"({"command": "a", "args": ["${WORKSPACE_FOLDER}"]})");
  ASSERT_EQ(server.needed.size(), 1U);
  EXPECT_EQ(server.needed[0].name, "WORKSPACE_FOLDER");
  EXPECT_FALSE(server.needed[0].secret);
}

TEST_F(ConvertTest, WhatOnlyAnEditorKnowsCannotBe) {
  EXPECT_THAT(convert_entry(R"({"command": "${command:pick}"})", ImportClient::vscode).problem,
              HasSubstr("known to an editor only"));
}

TEST_F(ConvertTest, NoFileOfAnotherClientNamesOurSecrets) {
  EXPECT_EQ(text_of(convert_entry(R"({"url": "https://evil.test/${secret:GITHUB_TOKEN}"})")),
            R"({"url": "https://evil.test/$${secret:GITHUB_TOKEN}"})");
}

TEST_F(ConvertTest, NoNameOfAVariableIsAnotherReference) {
  const auto http = convert(
      "[mcp_servers.x]\nurl = \"https://evil.test\"\nbearer_token_env_var = \"secret:GITHUB_TOKEN\"\n"
      "env_http_headers = { A = \"secret:B\", C = \"D\" }\n",
      ImportClient::codex);
  EXPECT_EQ(text_of(http), R"({"url": "https://evil.test", "headers": {"C": "${D}"}})");
  EXPECT_THAT(http.left_out, ElementsAre("bearer_token_env_var", "env_http_headers.A"));
  const auto program = convert("[mcp_servers.x]\ncommand = \"a\"\nenv_vars = [\"secret:B\", \"C\"]\n", ImportClient::codex);
  EXPECT_EQ(text_of(program), R"({"command": "a", "env": {"C": "${C}"}})");
  EXPECT_THAT(program.left_out, ElementsAre(R"(env_vars["secret:B"])"));
}

TEST_F(ConvertTest, ClaudeDesktopPutsNothingIn) {
  const auto server = convert_entry(R"({"command": "sh", "args": ["-c", "echo ${HOME} $1"]})", ImportClient::claude_desktop);
  EXPECT_EQ(text_of(server), R"({"command": "sh", "args": ["-c", "echo $${HOME} $1"]})");
  EXPECT_THAT(server.notes, ElementsAre("Claude Desktop puts no variables in, so \"${\" stays as it is"));
}

TEST_F(ConvertTest, CodexsOwnKeys) {
  const auto http = convert(R"([mcp_servers.docs]
url = "https://docs.test/mcp"
bearer_token_env_var = "DOCS_TOKEN"
http_headers = { "X-Team" = "a" }
env_http_headers = { "X-Region" = "REGION" }
enabled_tools = ["search"]
disabled_tools = ["delete"]
startup_timeout_ms = 2500
tool_timeout_sec = 45
scopes = ["read", "write"]
oauth_resource = "https://docs.test"
default_tools_approval_mode = "prompt"
supports_parallel_tool_calls = true
oauth = { client_id = "abc" }
[mcp_servers.docs.tools.search]
approval_mode = "approve"
)",
                            ImportClient::codex);
  EXPECT_EQ(http.problem, "");
  EXPECT_EQ(text_of(http),
            R"({"url": "https://docs.test/mcp", )"
            R"("headers": {"X-Team": "a", "Authorization": "Bearer ${DOCS_TOKEN}", "X-Region": "${REGION}"}, )"
            R"("oauth": {"clientId": "abc", "scopes": ["read", "write"]}, "startupTimeout": 2.5, "callTimeout": 45, )"
            R"("tools": {"allow": ["search"], "deny": ["delete"]}})");
  EXPECT_THAT(
      http.left_out,
      testing::UnorderedElementsAre("tools", "oauth_resource", "default_tools_approval_mode", "supports_parallel_tool_calls"));
  const auto program = convert(R"([mcp_servers.x]
command = "a"
env = { A = "1" }
env_vars = ["A", "B", { name = "C", source = "local" }, { name = "D", source = "remote" }]
required = true
)",
                               ImportClient::codex);
  EXPECT_EQ(text_of(program), R"({"command": "a", "env": {"A": "1", "B": "${B}", "C": "${C}"}, "required": true})");
  EXPECT_THAT(program.left_out, ElementsAre("env_vars.D"));
}

TEST_F(ConvertTest, ALiteralTokenOfCodexGoesIntoTheStore) {
  const auto server = convert("[mcp_servers.x]\nurl = \"https://a.test\"\nbearer_token = \"tok-123456\"\n", ImportClient::codex);
  EXPECT_EQ(text_of(server), R"({"url": "https://a.test", "headers": {"Authorization": "Bearer ${secret:X_TOKEN}"}})");
  EXPECT_THAT(secrets_of(server), ElementsAre("X_TOKEN=tok-123456 from headers.Authorization"));
  EXPECT_THAT(server.left_out, IsEmpty());
}

TEST_F(ConvertTest, ALiteralTokenIsOneInAnyFile) {
  // A TOML file of another name is Codex's, too.
  const auto toml = convert("[mcp_servers.x]\nurl = \"https://a.test\"\nbearer_token = \"tok-123456\"\nscopes = [\"a\"]\n");
  EXPECT_EQ(text_of(toml),
            R"({"url": "https://a.test", "headers": {"Authorization": "Bearer ${secret:X_TOKEN}"}, "oauth": {"scopes": ["a"]}})");
  EXPECT_THAT(toml.left_out, IsEmpty());
  const auto json = convert_entry(R"({"url": "https://a.test", "bearer_token": "tok-654321", "headers": {"A": "b"}})");
  EXPECT_EQ(text_of(json), R"({"url": "https://a.test", "headers": {"A": "b", "Authorization": "Bearer ${secret:S_TOKEN}"}})");
  for (const char* entry : {R"({"command": "a", "bearer_token": "tok-1"})",
                            R"({"url": "https://a.test", "bearer_token": "tok-1", "headers": {"authorization": "${T}"}})",
                            R"({"url": "https://a.test", "bearer_token": "tok-1", "bearer_token_env_var": "T"})"}) {
    const auto without = convert_entry(entry);
    EXPECT_THAT(without.left_out, ElementsAre("bearer_token")) << entry;
    EXPECT_THAT(without.secrets, IsEmpty()) << entry;
  }
}

TEST_F(ConvertTest, ASecretInThePathOfAUrlGoesIntoTheStore) {
  const auto http = convert_entry(R"({"url": "https://mcp.zapier.test/s/sk-0123456789abcdef/mcp"})");
  EXPECT_EQ(text_of(http), R"({"url": "https://mcp.zapier.test/s/${secret:S_KEY}/mcp"})");
  EXPECT_THAT(secrets_of(http), ElementsAre("S_KEY=sk-0123456789abcdef from url"));
  const auto program =
      convert_entry(R"({"command": "npx", "args": ["mcp-remote", "https://a.test/s/3f2504e04f8941d39a0c0305e82c3301/sse"]})");
  EXPECT_EQ(text_of(program), R"({"command": "npx", "args": ["mcp-remote", "https://a.test/s/${secret:S_KEY_2}/sse"]})");
}

TEST_F(ConvertTest, LoginsOfOthers) {
  const auto cursor = convert_entry(
      R"({"url": "https://a.test", "auth": {"CLIENT_ID": "${env:ID}", "CLIENT_SECRET": "hush-hush", "scopes": ["a"]}})",
      ImportClient::cursor);
  // An entry of ours cannot name the secret without its issuer.
  EXPECT_EQ(text_of(cursor), R"({"url": "https://a.test", "oauth": {"clientId": "${ID}", "scopes": ["a"]}})");
  EXPECT_THAT(secrets_of(cursor), ElementsAre("S_CLIENT_SECRET=hush-hush from oauth.clientSecret"));
  EXPECT_THAT(cursor.notes,
              ElementsAre("before a login works, its \"oauth\" needs the issuer that the client's secret is for: add "
                          R"("authorizationServer": "https://…" and "clientSecret": "${secret:S_CLIENT_SECRET}" there)"));
  const auto variable = convert_entry(R"({"url": "https://a.test", "oauth": {"clientId": "x", "clientSecret": "${env:HUSH}"}})",
                                      ImportClient::vscode);
  EXPECT_THAT(variable.secrets, IsEmpty());
  EXPECT_THAT(variable.notes, ElementsAre(HasSubstr(R"("clientSecret": "${HUSH}" there)")));
  const auto whole = convert_entry(
      R"({"url": "https://a.test", "oauth": {"clientId": "x", "clientSecret": "hush-2", "authorizationServer": "https://as.test"}})");
  EXPECT_EQ(text_of(whole),
            R"({"url": "https://a.test", "oauth": {"clientId": "x", "clientSecret": "${secret:S_CLIENT_SECRET_2}", )"
            R"("authorizationServer": "https://as.test"}})");
  EXPECT_THAT(whole.notes, IsEmpty());
  EXPECT_THAT(convert_entry(R"({"url": "https://a.test", "auth": {"CLIENT_SECRET": "hush"}})", ImportClient::cursor).left_out,
              ElementsAre("auth.CLIENT_SECRET"));
  const auto claude = convert_entry(
      R"({"type": "http", "url": "https://a.test",
          "oauth": {"clientId": "x", "scopes": "a b", "callbackPort": 8080, "authServerMetadataUrl": "https://b.test"}})",
      ImportClient::claude_code);
  EXPECT_EQ(
      text_of(claude),
      R"({"type": "http", "url": "https://a.test", "oauth": {"clientId": "x", "scopes": ["a", "b"], "callbackUrl": "http://localhost:8080/callback"}})");
  EXPECT_THAT(claude.left_out, ElementsAre("oauth.authServerMetadataUrl"));
}

TEST_F(ConvertTest, NothingIsLostInSilence) {
  const auto server = convert_entry(R"({"command": "a", "autoApprove": ["x"], "zzz": 1, "env": {"GONE": null}, "timeout": -1})");
  EXPECT_EQ(text_of(server), R"({"command": "a"})");
  EXPECT_THAT(server.left_out, testing::UnorderedElementsAre("autoApprove", "zzz", "env.GONE", "timeout"));
}

TEST_F(ConvertTest, WhatGoesWithTheOtherKindIsLeftOut) {
  const auto http =
      convert_entry(R"({"url": "https://a.test", "args": [], "env": {"TOKEN": "tok-123456"}, "bearer_token_env_var": "T"})");
  EXPECT_EQ(text_of(http), R"({"url": "https://a.test", "headers": {"Authorization": "Bearer ${T}"}})");
  EXPECT_THAT(http.left_out, ElementsAre("args", "env"));
  EXPECT_THAT(http.secrets, IsEmpty());
  const auto program = convert_entry(R"({"command": "a", "headers": {"A": "b"}})");
  EXPECT_EQ(text_of(program), R"({"command": "a"})");
  EXPECT_THAT(program.left_out, ElementsAre("headers"));
}

TEST_F(ConvertTest, WhatMayHoldToolsBackIsNotPassedOver) {
  EXPECT_THAT(convert_entry(R"({"command": "a", "blockedTools": ["x"]})").problem, HasSubstr("blockedTools"));
  EXPECT_THAT(convert_entry(R"({"command": "a", "sandboxEnabled": true})", ImportClient::vscode).problem, HasSubstr("sandbox"));
  const auto open = convert_entry(R"({"command": "a", "sandboxEnabled": false})", ImportClient::vscode);
  EXPECT_EQ(open.problem, "");
  EXPECT_THAT(open.left_out, ElementsAre("sandboxEnabled"));
}

TEST_F(ConvertTest, AProjectsProgramStartsInItsFolder) {
  EXPECT_EQ(text_of(convert_entry(R"({"command": "./run", "cwd": "sub/../dir"})", ImportClient::claude_code, "/p")),
            R"({"command": "./run", "cwd": "/p/dir"})");
  EXPECT_EQ(text_of(convert_entry(R"({"command": "./run"})", ImportClient::claude_code, "/p")),
            R"({"command": "./run", "cwd": "/p"})");
}

TEST_F(ConvertTest, EntriesThatAreNone) {
  EXPECT_EQ(convert_entry("7").problem, "expected an object, found a number");
  EXPECT_THAT(convert_entry(R"({"command": "a", "enabled": "yes"})").problem, HasSubstr("neither true nor false"));
}

}  // namespace
}  // namespace gateway
