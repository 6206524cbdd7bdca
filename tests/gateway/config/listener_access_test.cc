#include "gateway/config/listener_access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gateway/config/config_text.h"
#include "tests/support/temp_folder.h"

namespace gateway {
namespace {

using mcp::ErrorCode;
using testing::HasSubstr;
using testing::Not;

const std::string kGood = "Zm9vYmFyYmF6cXV4MDEyMzQ1Njc4OWFiY2RlZg==";
const std::string kOther = "b3RoZXJhbmRkaWZmZXJlbnRvbmUxMjM0NTY3ODk=";

std::string with_access(const std::string& access) {
  return R"({"mcpServers": {}, "access": )" + access + "}";
}

std::string with_token(const std::string& token) {
  return with_access(R"({"tokens": {"ci": )" + token + "}}");
}

AccessSpec access_of(const std::string& access, const Environment& environment = test_environment()) {
  const auto config = parse_config(with_access(access), "/etc/sw/switchyard.json", environment);
  EXPECT_TRUE(config) << config.error().message;
  return config ? config->access : AccessSpec();
}

TEST(ListenerAccessTest, SaysWhereTokensAndTlsAre) {
  const AccessSpec access = access_of(
      R"({"tokens": {"ci": {"env": "CI_TOKEN"}, "ana": {"file": "~/token"}, "b": {"file": "t/b"}, "c": "${C_TOKEN}"},
          "tls": {"certificate": "/tls/${REGION}.pem", "key": "key.pem"}, "behindProxy": true})");
  ASSERT_EQ(access.tokens.size(), 4u);
  EXPECT_EQ(access.tokens[0].variable, "CI_TOKEN");
  EXPECT_EQ(access.tokens[1].file, "/home/ana/token");
  EXPECT_EQ(access.tokens[2].file, "/etc/sw/t/b");
  EXPECT_EQ(access.tokens[3].text, "${C_TOKEN}");
  ASSERT_TRUE(access.tls);
  EXPECT_EQ(access.tls->certificate, "/tls/eu.pem");
  EXPECT_EQ(access.tls->key, "/etc/sw/key.pem");
  EXPECT_TRUE(access.behind_proxy);
  EXPECT_THAT(files_of(access), testing::ElementsAre("/home/ana/token", "/etc/sw/t/b", "/tls/eu.pem", "/etc/sw/key.pem"));
  EXPECT_EQ(access_of("{}"), AccessSpec());
}

TEST(ListenerAccessTest, MistakesAreNamed) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {with_access("[]"), "access: expected an object with \"tokens\", \"tls\" or \"behindProxy\", found an array"},
      {with_access(R"({"token": {}})"), "access.token: unknown key \"token\"; did you mean \"tokens\"?"},
      {with_access(R"({"tokens": {}})"), "access.tokens: there is no token here"},
      {with_access(R"({"tokens": ["x"]})"), "access.tokens: expected an object of tokens"},
      {with_access(R"({"behindProxy": "yes"})"), "access.behindProxy: expected true or false"},
      {with_access(R"({"tls": {"certificate": "c.pem"}})"), "access.tls: \"key\" is missing"},
      {with_access(R"({"tls": {"cert": "c.pem", "key": "k.pem"}})"), "access.tls.cert: unknown key \"cert\""},
      {with_access(R"({"tls": {"certificate": "", "key": "k.pem"}})"), "access.tls.certificate: expected a path"},
      {with_access(R"({"tokens": {"a b": {"env": "X"}}})"), "a token's name is 1 to 64 of A-Z a-z 0-9 _ . -"},
      {with_access(R"({"tokens": {"local": {"env": "X"}}})"), "the name \"local\" is the gateway's own"},
      {with_access(R"({"tokens": {"a": {"env": "X"}, "a": {"env": "Y"}}})"), "access.tokens.a: written twice"},
      {with_token("7"), "access.tokens.ci: expected { \"env\": \"VARIABLE\" }"},
      {with_token("{}"), "access.tokens.ci: expected one of \"env\" and \"file\""},
      {with_token(R"({"env": "X", "file": "y"})"), "expected one of \"env\" and \"file\""},
      {with_token(R"({"evn": "X"})"), "access.tokens.ci.evn: unknown key \"evn\"; did you mean \"env\"?"},
      {with_token(R"({"env": "a-secret-token=="})"), "access.tokens.ci.env: expected the name of a variable, not what is in it"},
      {with_token(R"("")"), "the token cannot be used: it is empty; make one with: openssl rand -base64 32"},
      {with_token(R"("secret")"), "it is shorter than 16 characters, so it can be guessed; make one with: openssl rand"},
      {with_token(R"("sixteen chars and blanks")"), "it has characters that a bearer token cannot have"},
      {with_token(R"("${input:x}")"), "access.tokens.ci: "},
  };
  for (const auto& [text, said] : cases) {
    EXPECT_THAT(report_on(text), HasSubstr("failed")) << text;
    EXPECT_THAT(report_on(text), HasSubstr(said)) << text;
    EXPECT_THAT(report_on(text), Not(HasSubstr("secret"))) << "the value is not repeated";
  }
}

TEST(ListenerAccessTest, AStoredSecretIsNotLookedAt) {
  const std::string instead = R"(a stored secret is not looked at here; write { "env": "VARIABLE" } or { "file": "PATH" })";
  EXPECT_THAT(report_on(with_token(R"("${secret:X}")")), HasSubstr("access.tokens.ci: " + instead));
  // Nor where it is there.
  const auto stored = parse_config(with_token(R"("${secret:X}")"), "f", environment_of({{"secret:X", kGood}}));
  ASSERT_FALSE(stored);
  EXPECT_THAT(stored.error().message, HasSubstr(instead));
  EXPECT_THAT(report_on(with_token(R"({"file": "/t/${secret:X}"})")),
              HasSubstr("access.tokens.ci.file: a stored secret is not looked"));
  EXPECT_THAT(report_on(with_access(R"({"tls": {"certificate": "${secret:X}", "key": "k"}})")),
              HasSubstr("access.tls.certificate: a stored secret is not looked at here; write the path itself"));
}

TEST(ListenerAccessTest, AWrittenTokenIsWarnedOf) {
  const std::string report = report_on(with_token("\"" + kGood + "\""));
  EXPECT_THAT(report, HasSubstr("warning f:"));
  EXPECT_THAT(report, HasSubstr("looks like a secret written into the file"));
  EXPECT_THAT(report, Not(HasSubstr(kGood)));
  EXPECT_EQ(report_on(with_token(R"("${CI_TOKEN}")")), "");
}

/// What is said of one token, "" where it can be had.
std::string reading(const std::string& tokens, std::map<std::string, std::string, std::less<>> variables) {
  const Environment environment = environment_of(std::move(variables));
  const auto read = read_tokens(access_of("{\"tokens\": {" + tokens + "}}", environment), environment);
  return read ? "" : std::string(to_string(read.error().code)) + ": " + read.error().text();
}

TEST(ListenerAccessTest, TokensAreReadWhenTheyAreNeeded) {
  const mcp::TempFolder folder;
  folder.write("one", kGood + "\n");
  const Environment environment = environment_of({{"A", kOther}, {"DIR", folder.path()}});
  const auto read = read_tokens(access_of(R"({"tokens": {"f": {"file": "${DIR}/one"}, "e": "${A}"}})", environment), environment);
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ((*read)[0].name, "f");
  EXPECT_EQ((*read)[0].value, kGood);
  EXPECT_EQ((*read)[1].value, kOther);
}

TEST(ListenerAccessTest, WhatCannotBeUsedIsAnErrorThatNeverTellsTheToken) {
  const mcp::TempFolder folder;
  const std::string file = R"("ci": {"file": ")" + folder.file("token") + "\"}";
  EXPECT_THAT(reading(R"("ci": {"env": "A"})", {}),
              HasSubstr("variable_missing: the access token \"ci\" cannot be had: the variable A is not set"));
  EXPECT_THAT(reading(R"("ci": "${A}")", {}), HasSubstr("the variable A is not set"));
  EXPECT_THAT(reading(R"("ci": {"file": "${DIR}/x"})", {}), HasSubstr("the variable DIR is not set"));
  EXPECT_THAT(reading(file, {}), HasSubstr("io_error: the access token \"ci\" cannot be had: " + folder.file("token")));
  EXPECT_THAT(reading(R"("ci": {"env": "A"})", {{"A", ""}}),
              HasSubstr("config_invalid: the access token \"ci\" cannot be used: it is empty"));
  folder.write("token", "\n");
  EXPECT_THAT(reading(file, {}), HasSubstr("it is empty"));
  folder.write("token", "hunter2\n");
  EXPECT_THAT(reading(file, {}), HasSubstr("shorter than 16 characters"));
  EXPECT_THAT(reading(file, {}), HasSubstr("Make one with: openssl rand -base64 32."));
  EXPECT_THAT(reading(file, {}), Not(HasSubstr("hunter2")));
  folder.write("token", kGood + "\n" + kGood + "\n");
  EXPECT_THAT(reading(file, {}), HasSubstr("characters that a bearer token cannot have"));
  const std::string same = reading(R"("ci": {"env": "A"}, "ana": {"env": "B"})", {{"A", kGood}, {"B", kGood}});
  EXPECT_THAT(same, HasSubstr("the access token \"ana\" is the same as \"ci\""));
  EXPECT_THAT(same, Not(HasSubstr(kGood)));
}

TEST(ListenerAccessTest, KnowsWhatIsEasilyGuessed) {
  EXPECT_EQ(weakness_of(kGood), "");
  EXPECT_EQ(weakness_of("0123456789abcdef"), "it has 16 characters");
  EXPECT_EQ(weakness_of(std::string(40, 'a')), "it has only 1 different characters");
}

TEST(ListenerAccessTest, BeyondThisMachineNeedsTokensAndTlsOrAProxy) {
  AccessSpec nothing, tokens, tls, whole, proxy;
  tokens.tokens.emplace_back();
  tls.tls.emplace();
  whole = tokens;
  whole.tls.emplace();
  proxy = tokens;
  proxy.behind_proxy = true;
  AccessSpec proxy_alone;
  proxy_alone.behind_proxy = true;
  for (const std::string host : {"127.0.0.1", "::1", "localhost", "127.0.0.2"}) {
    for (const AccessSpec* access : {&nothing, &tokens, &tls, &whole, &proxy})
      EXPECT_TRUE(check_listener({host, 1}, *access)) << host;
  }
  for (const std::string host : {"0.0.0.0", "::", "192.0.2.1", "example.com"}) {
    EXPECT_TRUE(check_listener({host, 1}, whole)) << host;
    EXPECT_TRUE(check_listener({host, 1}, proxy)) << host;
    for (const AccessSpec* access : {&nothing, &tls, &proxy_alone}) {
      const auto refused = check_listener({host, 1}, *access);
      ASSERT_FALSE(refused) << host;
      EXPECT_EQ(refused.error().code, ErrorCode::config_invalid);
      EXPECT_THAT(refused.error().message, HasSubstr(host));
      EXPECT_THAT(refused.error().message, HasSubstr("no access token says who may call tools there"));
      EXPECT_THAT(refused.error().remedy, HasSubstr("\"tokens\""));
    }
    const auto plain = check_listener({host, 1}, tokens);
    ASSERT_FALSE(plain) << host;
    EXPECT_THAT(plain.error().message, HasSubstr("without TLS the access tokens could be read on the way"));
    EXPECT_THAT(plain.error().remedy, HasSubstr("\"behindProxy\": true"));
  }
}

}  // namespace
}  // namespace gateway
