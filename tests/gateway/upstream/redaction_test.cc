#include "gateway/upstream/redaction.h"

#include <gtest/gtest.h>
#include <string>

#include "gateway/config/config_file.h"
#include "gateway/upstream/connect.h"
#include "tests/gateway/config/config_text.h"

namespace gateway {
namespace {

/// The only server of a file, whose entry this is.
ServerSpec server_of(const std::string& entry) {
  const auto environment = environment_of({{"TOKEN", "tok-put-in"}, {"PLAIN", "ordinary"}, {"DB_URI", "pg://u:uri-pass@h/db"}});
  const auto config = parse_config("{\"listen\": \":0\", \"mcpServers\": {\"s\": " + entry + "}}", "f", environment);
  if (!config || config->servers.empty()) {
    ADD_FAILURE() << (config ? config->broken.at(0).error.text() : config.error().text());
    return {};
  }
  return config->servers.front();
}

struct RedactionCase {
  std::string entry;
  std::string text;
  std::string clean;
};

class RedactionTest : public testing::TestWithParam<RedactionCase> {};

TEST_P(RedactionTest, TakesSecretsOut) {
  EXPECT_EQ(Redaction(server_of(GetParam().entry)).clean(GetParam().text), GetParam().clean) << GetParam().entry;
}

INSTANTIATE_TEST_SUITE_P(
    All,
    RedactionTest,
    testing::Values(
        // Every value of the URL's query, and as the server decodes it.
        RedactionCase{R"({"url": "http://h/mcp?api_key=hunter%2F22&mode=abcdef"})", "hunter%2F22 hunter/22 abcdef", "*** *** ***"},
        RedactionCase{R"({"url": "http://h/mcp?barevalue"})", "no barevalue here", "no *** here"},
        // Headers, but for those that everybody sends.
        RedactionCase{R"({"url": "http://h/", "headers": {"X-Tenant": "acme-corp", "User-Agent": "browser"}})",
                      "acme-corp browser",
                      "*** browser"},
        RedactionCase{R"({"url": "http://h/", "headers": {"X-Auth": "Token abcdef123"}})", "abcdef123", "***"},
        // Variables by name.
        RedactionCase{R"({"command": "a", "env": {"MYSQL_PASS": "hunter2", "OPENAI_KEY": "my-key-1", "SESSION": "s-e-s-s"}})",
                      "hunter2 my-key-1 s-e-s-s",
                      "*** *** ***"},
        RedactionCase{R"({"command": "a", "env": {"MODE": "ordinary"}})", "ordinary", "ordinary"},
        // Passwords inside URLs, whatever the variable's name.
        RedactionCase{R"({"command": "a", "env": {"DATABASE_URL": "postgres://ana:hunter2@db/x?sslmode=require"}})",
                      "password hunter2 is required",
                      "password *** is required"},
        RedactionCase{R"({"command": "a", "env": {"MONGODB_URI": "mongodb://u:pw@db/x"}})",
                      "cannot reach mongodb://u:pw@db/x",
                      "cannot reach mongodb:***db/x"},
        // What is put in counts wherever it lands.
        RedactionCase{R"({"command": "a", "args": ["serve", "${TOKEN}", "${PLAIN}"]})", "tok-put-in ordinary", "*** ordinary"},
        RedactionCase{R"({"command": "a", "args": ["--dsn", "${DB_URI}"]})", "uri-pass", "***"},
        RedactionCase{R"({"url": "http://h/${TOKEN}/mcp"})", "http://h/tok-put-in/mcp", "http://h/***/mcp"},
        // Arguments.
        RedactionCase{R"({"command": "a", "args": ["--api-key", "hunter2", "--token=hunter3", "-e", "DB_PASS=hunter4"]})",
                      "hunter2 hunter3 hunter4",
                      "*** *** ***"},
        RedactionCase{R"({"command": "a", "args": ["--header", "Authorization: Bearer hunter2", "http://h/?key=hunter3"]})",
                      "hunter2 hunter3",
                      "*** ***"},
        // Ordinary words stay.
        RedactionCase{R"({"command": "a", "env": {"AUTH": "none", "API_KEY": "abc"}})", "none of abc", "none of abc"},
        // A text that was cut within a secret.
        RedactionCase{R"({"command": "a", "env": {"API_KEY": "0123456789abcdef"}})", "the key 01234567", "the key ***"},
        // A key of many lines comes line by line.
        RedactionCase{R"({"command": "a", "env": {"PRIVATE_KEY": "-----BEGIN\n0123456789abcdefgh\n-----END"}})",
                      "0123456789abcdefgh",
                      "***"}));

TEST(RedactionTargetTest, ATargetHasNoSecretInItsPath) {
  const ServerSpec spec = server_of(R"({"url": "http://h/${TOKEN}/mcp?a=b"})");
  EXPECT_EQ(Redaction(spec).clean(describe_target(spec)), "http://h/***/mcp?…");
}

}  // namespace
}  // namespace gateway
