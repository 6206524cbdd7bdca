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
}

TEST(LiteralSecretTest, NamesAreTheServersOwn) {
  EXPECT_EQ(secret_name("github", "GITHUB_TOKEN"), "GITHUB_TOKEN");
  EXPECT_EQ(secret_name("my files", "apiKey"), "MY_FILES_API_KEY");
  EXPECT_TRUE(is_secret_name(secret_name(std::string(200, 'x'), std::string(200, 'y'))));
  EXPECT_TRUE(is_secret_name(secret_name("日本", "鍵")));
}

}  // namespace
}  // namespace gateway
