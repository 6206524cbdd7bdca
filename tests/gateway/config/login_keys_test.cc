#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

#include "gateway/config/config_file.h"
#include "gateway/config/secrets.h"
#include "tests/gateway/config/config_text.h"
#include "tests/support/temp_folder.h"

namespace gateway {
namespace {

std::string with(const std::string& more) {
  return R"({"mcpServers": {"a": {"url": "https://h/mcp", )" + more + R"(}}, "listen": "127.0.0.1:0"})";
}

/// The one server, which has to be good.
ServerSpec server_of(const std::string& more) {
  const auto config = parse_config(with(more), "/srv/etc/f", test_environment());
  if (!config || config->servers.size() != 1 || !config->diagnostics.empty()) {
    ADD_FAILURE() << more << "\n" << report_on(with(more));
    return {};
  }
  return config->servers.front();
}

LoginSpec login_of(const std::string& more) {
  return std::get<HttpSpec>(server_of(more).transport).access;
}

TEST(LoginKeysTest, SayHowALoginIsToBe) {
  const auto settings = login_settings(server_of(R"("oauth": {"account": "work", "scopes": ["read", "write"], "clientId": "me",
      "clientSecret": "${TOKEN}", "clientAuthentication": "client_secret_basic", "clientMetadataUrl": "https://me/client.json",
      "authorizationServer": "https://as/${REGION}", "callbackPort": 8765, "allowPrivateAddresses": true})"));
  EXPECT_EQ(settings.server_url, "https://h/mcp");
  EXPECT_EQ(settings.account, "work");
  EXPECT_EQ(settings.scopes, (std::vector<std::string>{"read", "write"}));
  EXPECT_EQ(settings.grant, oauth::Grant::authorization_code);
  EXPECT_EQ(settings.client_id, "me");
  EXPECT_EQ(settings.client_secret, "t-1");
  EXPECT_EQ(settings.client_authentication, oauth::ClientAuthentication::basic);
  EXPECT_EQ(settings.client_metadata_url, "https://me/client.json");
  EXPECT_EQ(settings.authorization_server, "https://as/eu");
  EXPECT_EQ(settings.callback_url, "http://127.0.0.1:8765/callback");
  EXPECT_TRUE(settings.private_addresses);
}

TEST(LoginKeysTest, SayWhereTheBrowserComesBackTo) {
  const auto server = [](const std::string& value) { return server_of(R"("oauth": {"callbackUrl": ")" + value + "\"}"); };
  EXPECT_EQ(login_settings(server("http://localhost:8080/oauth/callback")).callback_url, "http://localhost:8080/oauth/callback");
  EXPECT_TRUE(comes_back_here(server("http://[::1]:1/")));
  EXPECT_TRUE(comes_back_here(server_of(R"("oauth": {"callbackPort": 1})")));
  EXPECT_TRUE(comes_back_here(server_of(R"("oauth": {"callbackPort": 0})")));
  EXPECT_FALSE(comes_back_here(server("https://localhost:8080/callback"))) << "nobody speaks TLS there";
  EXPECT_FALSE(comes_back_here(server("https://gateway.example/callback")));
}

TEST(LoginKeysTest, ScopesAreAListOrOneText) {
  const auto scopes = [](const std::string& value) {
    return login_settings(server_of(R"("oauth": {"scopes": )" + value + "}")).scopes;
  };
  EXPECT_EQ(scopes(R"("  read write  read ")"), (std::vector<std::string>{"read", "write"}));
  EXPECT_EQ(scopes("[]"), std::vector<std::string>());
  EXPECT_EQ(login_settings(server_of(R"("oauth": {})")).scopes, std::nullopt);
}

TEST(LoginKeysTest, NobodyNeedsToBeAbleToLogIn) {
  EXPECT_TRUE(login_of(R"("enabled": true)").login);
  EXPECT_FALSE(login_of(R"("oauth": false)").login);
}

TEST(LoginKeysTest, AMachineHasItsSecretOrItsKey) {
  const mcp::TempFolder folder;
  folder.write("key.pem", "-----BEGIN PRIVATE KEY-----\nMC4CAQ\n-----END PRIVATE KEY-----\n");
  const auto server = server_of(R"("oauth": {"grant": "client_credentials", "clientId": "me", "privateKeyFile": ")" +
                                folder.file("key.pem") + R"("})");
  EXPECT_EQ(login_settings(server).grant, oauth::Grant::client_credentials);
  EXPECT_TRUE(login_settings(server).private_key.starts_with("-----BEGIN"));
}

TEST(LoginKeysTest, ATokenComesFromAVariableAFileOrAProgram) {
  EXPECT_EQ(login_of(R"("bearer": {"env": "TOKEN"})").bearer, (BearerSpec{.variable = "TOKEN", .token = "t-1"}));
  EXPECT_EQ(login_of(R"("bearer": {"file": "~/token"})").bearer, (BearerSpec{.file = "/home/ana/token"}));
  EXPECT_EQ(login_of(R"("bearer": {"command": ["pass", "${REGION}"], "timeout": 5})").bearer,
            (BearerSpec{.command = {"pass", "eu"}, .timeout = std::chrono::seconds(5)}));
}

TEST(LoginKeysTest, WhatIsSecretCountsAsSuch) {
  const auto environment = environment_of({{"LONG", "a-long-secret"}});
  const auto config = parse_config(
      with(R"("oauth": {"clientId": "me", "clientSecret": "${LONG}", "authorizationServer": "https://as"})"), "f", environment);
  ASSERT_TRUE(config && config->servers.size() == 1);
  EXPECT_EQ(secrets_of(config->servers.front()), (std::vector<std::string>{"a-long-secret"}));
  const auto token = parse_config(with(R"("bearer": {"env": "LONG"})"), "f", environment);
  EXPECT_EQ(secrets_of(token->servers.front()), (std::vector<std::string>{"a-long-secret"}));
}

TEST(LoginKeysTest, WhetherToolsLeaveIsSaid) {
  EXPECT_FALSE(server_of(R"("onLoginRequired": "keep")").hide_without_login);
  EXPECT_TRUE(server_of(R"("onLoginRequired": "hide")").hide_without_login);
}

TEST(LoginKeysTest, MistakesAreNamed) {
  const std::string at = "mcpServers.a.";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"("oauth": "yes")", "oauth: expected an object, or false for a server that nobody is to log in to, found a string"},
      {R"("oauth": {"scope": "x"})", "oauth.scope: unknown key \"scope\"; did you mean \"scopes\"?"},
      {R"("oauth": {"scopes": 5})", "oauth.scopes: expected an array of scopes, found a number"},
      {R"("oauth": {"scopes": ["a b"]})", "oauth.scopes[0]: a scope is a word without blanks, quotes and backslashes"},
      {R"("oauth": {"grant": "password"})",
       "oauth.grant: unknown grant \"password\"; known here: authorization_code, client_credentials"},
      {R"("oauth": {"grant": "client_credentials", "clientId": "me"})",
       "oauth: the grant \"client_credentials\" needs \"clientId\", and \"clientSecret\" or \"privateKeyFile\""},
      {R"("oauth": {"clientId": "me", "clientSecret": "${TOKEN}"})",
       "oauth: \"clientSecret\" needs \"authorizationServer\", the issuer that it is for"},
      {R"("oauth": {"clientSecret": "${TOKEN}"})", "oauth: a client's secret or key needs the \"clientId\" that it belongs to"},
      {R"("oauth": {"clientAuthentication": "basic"})", "oauth.clientAuthentication: unknown value \"basic\""},
      {R"("oauth": {"clientMetadataUrl": "http://me/c.json"})", "oauth.clientMetadataUrl: expected a URL with https"},
      {R"("oauth": {"authorizationServer": "as"})", "oauth.authorizationServer: "},
      {R"("oauth": {"authorizationServer": "https://as/x?y=1"})",
       "oauth.authorizationServer: an issuer has neither query nor fragment"},
      {R"("oauth": {"authorizationServer": "https://as/x#y"})", "oauth.authorizationServer: the URL must not have a fragment"},
      {R"("oauth": {"clientMetadataUrl": "https://x.example"})", "oauth.clientMetadataUrl: the URL needs a path, as in "},
      {R"("oauth": {"clientMetadataUrl": "https://x.example/?a"})", "oauth.clientMetadataUrl: the URL needs a path, as in "},
      {R"("oauth": {"clientMetadataUrl": "https://x.example/mcp"})",
       "oauth.clientMetadataUrl: the gateway has something else at \"/mcp\""},
      {R"("oauth": {"clientMetadataUrl": "https://x.example/mcp/c?a"})",
       "oauth.clientMetadataUrl: the gateway has something else at \"/mcp/c\""},
      {R"("oauth": {"clientMetadataUrl": "https://x.example/healthz"})", "oauth.clientMetadataUrl: the gateway has something else"},
      {R"("oauth": {"clientMetadataUrl": "https://x.example/readyz"})", "oauth.clientMetadataUrl: the gateway has something else"},
      {R"("oauth": {"callbackPort": 70000})", "oauth.callbackPort: "},
      {R"("oauth": {"callbackUrl": "http://me.example/callback"})", "oauth.callbackUrl: expected a URL with https"},
      {R"("oauth": {"callbackUrl": "https://me.example/callback?x=1"})", "oauth.callbackUrl: expected a URL without query"},
      {R"("oauth": {"callbackUrl": "me"})", "oauth.callbackUrl: "},
      {R"("oauth": {"callbackUrl": 80})", "oauth.callbackUrl: "},
      {R"("oauth": {"callbackPort": 1, "callbackUrl": "http://localhost:1/"})",
       "oauth: \"callbackPort\" and \"callbackUrl\" exclude"},
      {R"("oauth": {"privateKeyFile": "/nowhere/k.pem", "clientId": "me"})", "oauth.privateKeyFile: "},
      {R"("bearer": "t")", "bearer: expected {\"env\": \"VARIABLE\"}"},
      {R"("bearer": {})", "bearer: expected one of \"env\", \"file\" and \"command\": where the token comes from"},
      {R"("bearer": {"env": "TOKEN", "file": "x"})", "bearer: expected one of \"env\", \"file\" and \"command\""},
      {R"("bearer": {"env": "NONE"})", "bearer.env: the variable NONE is not set; set it where switchyard runs"},
      {R"("bearer": {"env": "LINES"})", "bearer.env: the variable LINES holds what no header can"},
      {R"("bearer": {"command": "pass"})", "bearer.command: expected an array: a program and its arguments, found a string"},
      {R"("bearer": {"command": []})",
       "bearer.command: expected a program to start, and perhaps its arguments, found an empty array"},
      {R"("bearer": [])",
       "bearer: expected {\"env\": \"VARIABLE\"}, {\"file\": \"…\"} or {\"command\": [\"program\", …]}, found an array"},
      {R"("bearer": {"env": "TOKEN"}, "oauth": {"scopes": ["a"]})",
       "oauth: has no effect: \"bearer\" says where the token comes from; take one of the two out"},
      {R"("bearer": {"command": [""]})", "bearer.command: expected a program to start, found nothing"},
      {R"("bearer": {"token": "t"})", "bearer.token: unknown key \"token\"; known here: env, file, command, timeout"},
      {R"("bearer": {"env": "TOKEN"}, "headers": {"authorization": "x"})",
       "bearer: \"bearer\" and an Authorization under \"headers\" exclude each other"},
      {R"("onLoginRequired": "drop")", "onLoginRequired: unknown value \"drop\"; known here: keep, hide"},
  };
  for (const auto& [more, message] : cases)
    EXPECT_NE(report_on(with(more)).find(at + message), std::string::npos) << more << "\n" << report_on(with(more));
  EXPECT_NE(report_on(R"({"mcpServers": {"a": {"command": "x", "bearer": {"env": "TOKEN"}}}, "listen": ":0"})")
                .find("\"bearer\" is not supported for a stdio server"),
            std::string::npos);
}

TEST(LoginKeysTest, ABearerNeedsNoLogin) {
  EXPECT_EQ(report_on(with(R"("bearer": {"env": "TOKEN"}, "oauth": false)")), "");
  EXPECT_EQ(server_of(R"("oauth": {"clientMetadataUrl": "https://x.example/mcp.json"})").oauth.client_metadata_url,
            "https://x.example/mcp.json");
}

TEST(LoginKeysTest, ASecretWrittenOutIsTold) {
  EXPECT_NE(report_on(with(R"("oauth": {"clientId": "me", "clientSecret": "hunter2hunter2", "authorizationServer": "https://as"})"))
                .find("clientSecret"),
            std::string::npos);
  EXPECT_EQ(report_on(with(R"("oauth": {"clientId": "me", "clientSecret": "hunter2hunter2", "authorizationServer": "https://as"})"))
                .find("hunter2"),
            std::string::npos);
}

}  // namespace
}  // namespace gateway
