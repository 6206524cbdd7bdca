// ${secret:NAME} in a configuration, and the secrets that stand in one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/config/config_file.h"
#include "gateway/config/expand.h"
#include "gateway/config/secret_hint.h"
#include "gateway/config/secrets.h"
#include "tests/gateway/config/config_text.h"

namespace gateway {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Environment with_secret() {
  return environment_of({{"secret:DB.main-1", "hush-hush"}, {"X", "x"}});
}

TEST(SecretReferenceTest, IsPutIn) {
  const Expansion expansion = expand_variables("a${secret:DB.main-1}b${X}", with_secret(), false);
  EXPECT_EQ(expansion.text, "ahush-hushbx");
  EXPECT_THAT(expansion.used, ElementsAre(testing::Pair("secret:DB.main-1", "hush-hush"), testing::Pair("X", "x")));
  EXPECT_EQ(expand_variables("$${secret:X}", with_secret(), false).text, "${secret:X}");
  EXPECT_THAT(expand_variables("${secret:NONE}", with_secret(), false).missing, ElementsAre("secret:NONE"));
}

TEST(SecretReferenceTest, HasNoDefaultAndNoOtherForms) {
  for (const char* text : {"${secret:X:-y}", "${secret:}", "${secret:a b}", "${env:secret:X}"}) {
    EXPECT_THAT(expand_variables(text, with_secret(), false).errors, testing::SizeIs(1)) << text;
  }
  EXPECT_THAT(expand_variables("${secret:DB.main-1}", with_secret(), true).errors, ElementsAre(HasSubstr("Switchyard's own")));
}

TEST(SecretReferenceTest, OneThatIsMissingKeepsItsServerOut) {
  EXPECT_EQ(
      report_on(R"({"profiles": {}, "mcpServers": {"a": {"command": "x", "env": {"A": "${secret:GIT}"}}}})"),
      "error f:1:68: mcpServers.a.env.A: there is no secret GIT in the store; put it there with: switchyard secret set GIT\n");
}

TEST(SecretReferenceTest, IsASecretWhereverItLands) {
  const auto config = parse_config(
      R"({"profiles": {}, "mcpServers": {"a": {"command": "x", "args": ["--plain", "${secret:DB.main-1}"]}}})", "f", with_secret());
  ASSERT_TRUE(config);
  EXPECT_THAT(config->servers.at(0).secrets, ElementsAre("hush-hush"));
  EXPECT_THAT(secrets_of(config->servers.at(0)), Contains("hush-hush"));
}

TEST(SecretReferenceTest, IsNoNameOfAVariable) {
  const auto foreign =
      parse_config(R"({"mcpServers": {"a": {"url": "https://a.test", "bearer_token_env_var": "secret:X"}}})", "f", with_secret());
  ASSERT_TRUE(foreign);
  ASSERT_EQ(foreign->broken.size(), 1U);
  EXPECT_THAT(foreign->broken[0].error.message, HasSubstr("expected the name of a variable"));
}

/// What is said of one entry of our own file, whose secrets and variables are all there.
std::string said_of(const std::string& entry) {
  const Environment everything = [](std::string_view) { return std::optional<std::string>("given"); };
  const auto config = parse_config(R"({"profiles": {}, "mcpServers": {"a": )" + entry + "}}", "f", everything);
  if (!config) return config.error().text();
  std::string all;
  for (const Diagnostic& one : config->diagnostics)
    all += one.path + ": " + one.message + "\n";
  return all;
}

TEST(SecretReferenceTest, IsNoLiteralSecretWhereverItStands) {
  for (
      const char* entry : {
          R"({"command": "x", "args": ["--api-key", "${secret:K}", "--token=${secret:T}", "${secret:API_KEY}", "K=${secret:K}"]})",
          R"({"command": "x", "args": ["${API_KEY}", "--header", "Authorization: Bearer ${secret:T}", "--url=https://u:${P}@h/d"]})",
          R"({"command": "x", "args": ["https://${secret:TOKEN}@h/p?key=${secret:K}", "https://${secret:USER}:${secret:P}@h"]})",
          R"({"command": "x", "env": {"API_KEY": "${secret:K}", "B": "${secret:K}", "TOKEN": "a${secret:K}", "C": "https://${secret:T}@h"}})",
          R"({"url": "https://h.test/s/${secret:A_LONG_NAME_0f1e2d3c4b5a}/mcp?token=${secret:T}", "headers": {"X-Api-Key": "${secret:K}"}})",
          R"({"url": "https://h.test", "headers": {"Authorization": "Bearer ${secret:T}", "X": "token ${T:-}"}})",
          R"({"command": "x", "env": {"API_KEY": "${K:-}", "TOKEN": "${T:-/run/secrets/token}"}})",
      }) {
    EXPECT_EQ(said_of(entry), "") << entry;
  }
}

TEST(SecretReferenceTest, ADefaultThatIsWrittenOutIsStillOne) {
  EXPECT_THAT(said_of(R"({"command": "x", "env": {"API_KEY": "${K:-hunter2hunter2}"}})"),
              HasSubstr("env.API_KEY: looks like a secret written into the file"));
  EXPECT_THAT(said_of(R"({"command": "x", "args": ["${K:-ghp_0123456789abcdef}"]})"), HasSubstr("args[0]: looks like a secret"));
  EXPECT_THAT(said_of(R"({"command": "x", "args": ["--url", "${U:-postgres://u:hunter2@h/d}"]})"),
              HasSubstr("args[1]: looks like"));
  const std::string header = said_of(R"({"url": "https://h.test", "headers": {"Authorization": "Bearer ${T:-hunter2hunter2}"}})");
  EXPECT_THAT(header, HasSubstr("headers.Authorization: looks like a secret"));
  EXPECT_THAT(header, testing::Not(HasSubstr("hunter2")));
  // They cannot be another's secret where they stand.
  EXPECT_THAT(find_env_secrets("a", "API_KEY", "${K:-hunter2hunter2}"), IsEmpty());
  EXPECT_THAT(find_url_secrets("a", "${U:-postgres://u:hunter2@h/d}"), IsEmpty());
}

TEST(SecretReferenceTest, WhatIsMissingIsStoredWithoutANewStart) {
  const auto remedy = [](const std::string& env) {
    const auto config =
        parse_config(R"({"profiles": {}, "mcpServers": {"a": {"command": "x", "env": {)" + env + "}}}}", "f", with_secret());
    return config && config->broken.size() == 1 ? config->broken[0].error.remedy : "";
  };
  EXPECT_EQ(remedy(R"("A": "${secret:GIT}")"), "Store what is missing, which needs no new start of the gateway, or mend the file.");
  EXPECT_EQ(remedy(R"("A": "${NONE}")"), "Set what is missing and start the gateway again, or mend the file.");
  EXPECT_EQ(remedy(R"("A": "${NONE}${secret:GIT}")"),
            "Store the secrets that are missing, set the variables and start the gateway again, or mend the file.");
}

TEST(LiteralSecretTest, AreFoundInPathsByTheirForm) {
  const auto found = [](const std::string& url) {
    std::string out;
    for (const LiteralSecret& secret : find_url_secrets("zap", url))
      out += secret.name + "=" + url.substr(secret.at, secret.length) + " ";
    return out;
  };
  EXPECT_EQ(found("https://h.test/s/sk-0123456789abcdef/mcp"), "ZAP_KEY=sk-0123456789abcdef ");
  EXPECT_EQ(found("https://h.test/3f2504e04f8941d39a0c0305e82c3301"), "ZAP_KEY=3f2504e04f8941d39a0c0305e82c3301 ");
  EXPECT_EQ(found("https://h.test/s/123e4567-e89b-12d3-a456-426614174000/mcp?x=1"),
            "ZAP_KEY=123e4567-e89b-12d3-a456-426614174000 ");
  EXPECT_EQ(found("https://h.test/s/Zk9xB2mQvR7tLw4YpN8cHs1d/mcp#x"), "ZAP_KEY=Zk9xB2mQvR7tLw4YpN8cHs1d ");
  for (const char* plain : {"https://h.test/mcp",
                            "https://h.test/model-context-protocol-server-2025/mcp",
                            "https://h.test/GetAllTheThingsFromTheServer2",
                            "https://h.test/v1/secret_manager_service/mcp",
                            "https://h.test/a/b#3f2504e04f8941d39a0c0305e82c3301",
                            "/srv/3f2504e04f8941d39a0c0305e82c3301"})
    EXPECT_EQ(found(plain), "") << plain;
  const std::string said = said_of(R"({"url": "https://h.test/s/3f2504e04f8941d39a0c0305e82c3301/mcp"})");
  EXPECT_THAT(said, HasSubstr("export A_KEY=… and write \"…/${A_KEY}…\" here"));
  EXPECT_THAT(said, testing::Not(HasSubstr("3f25")));
  ServerSpec spec;
  spec.transport = HttpSpec{.url = "https://h.test/s/3f2504e04f8941d39a0c0305e82c3301/mcp", .headers = {}, .ca_file = ""};
  EXPECT_THAT(secrets_of(spec), ElementsAre("3f2504e04f8941d39a0c0305e82c3301"));
}

TEST(LiteralSecretTest, AreFoundWhereTheyStand) {
  const std::string header = "Bearer tok-123456";
  const auto found = find_header_secrets("web", "Authorization", header);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(header.substr(found[0].at, found[0].length), "tok-123456");
  EXPECT_EQ(found[0].name, "WEB_TOKEN");
  const std::string url = "https://h/p?api_key=k-1234&x=y&token=t-1234";
  const auto parts = find_url_secrets("web", url);
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(url.substr(parts[1].at, parts[1].length), "t-1234");
  EXPECT_EQ(parts[0].name, "WEB_API_KEY");
  EXPECT_THAT(find_env_secrets("a", "LANG", "C"), IsEmpty());
  EXPECT_THAT(find_env_secrets("a", "A_TOKEN", "${TOKEN}"), IsEmpty());
  EXPECT_THAT(find_argument_secrets("a", "--token", "/a/path"), IsEmpty());
  // Nothing is put into a stored value: of one with references the part alone.
  const std::string mixed = "postgres://${U}:pw-12345@h/d";
  const auto part = find_env_secrets("a", "DB", mixed);
  ASSERT_EQ(part.size(), 1U);
  EXPECT_EQ(mixed.substr(part[0].at, part[0].length), "pw-12345");
}

TEST(LiteralSecretTest, NamesAreTheServersOwn) {
  EXPECT_EQ(secret_name("github", "GITHUB_TOKEN"), "GITHUB_TOKEN");
  EXPECT_EQ(secret_name("my files", "apiKey"), "MY_FILES_API_KEY");
  EXPECT_TRUE(is_secret_name(secret_name(std::string(200, 'x'), std::string(200, 'y'))));
  EXPECT_TRUE(is_secret_name(secret_name("日本", "鍵")));
}

}  // namespace
}  // namespace gateway
