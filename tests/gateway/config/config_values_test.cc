#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <string>

#include "gateway/config/config_file.h"
#include "gateway/config/dotenv.h"
#include "gateway/config/near_name.h"
#include "gateway/config/secret_hint.h"
#include "gateway/config/server_values.h"
#include "tests/gateway/config/config_text.h"

namespace gateway {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

/// A folder that goes away with the test.
class ConfigFolderTest : public testing::Test {
 protected:
  ConfigFolderTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "switchyard-config-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~ConfigFolderTest() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << text;
    return folder_ + "/" + name;
  }

  std::string folder_;
};

std::string ours(const std::string& entry) {
  return "{\"listen\": \":0\", \"mcpServers\": {\"s\": " + entry + "}}";
}

struct ResolvedCase {
  std::string entry;
  std::string server;
};

class ResolvedTest : public testing::TestWithParam<ResolvedCase> {};

TEST_P(ResolvedTest, PutsVariablesAndFoldersIn) {
  EXPECT_EQ(servers_of(ours(GetParam().entry)), GetParam().server) << GetParam().entry;
}

INSTANTIATE_TEST_SUITE_P(
    All,
    ResolvedTest,
    testing::Values(
        ResolvedCase{R"({"command": "~/bin/x", "args": ["~/a", "~"], "cwd": "~"})",
                     "s: run </home/ana/bin/x> <~/a> <~> in /home/ana\n"},
        ResolvedCase{R"({"url": "https://h/mcp", "caFile": "${REGION}/ca.pem", "enabled": false})",
                     "s: off reach https://h/mcp trusting /etc/sw/eu/ca.pem\n"},
        ResolvedCase{R"({"command": "./x", "cwd": "sub/../dir/"})", "s: run <./x> in /etc/sw/dir\n"},
        ResolvedCase{R"({"command": "x", "cwd": "."})", "s: run <x> in /etc/sw\n"},
        ResolvedCase{R"({"command": "x", "cwd": "${HOME}/w"})", "s: run <x> in /home/ana/w\n"},
        ResolvedCase{
            R"({"command": "${RUNNER:-npx}", "args": ["${TOKEN}${EMPTY}", "${EMPTY:-d}", "${NONE:-}", "${NONE:-a:-b}", "${env:TOKEN:-x}"]})",
            "s: run <npx> <t-1> <d> <> <a:-b> <t-1>\n"},
        ResolvedCase{R"({"command": "x", "args": ["$TOKEN", "$$", "$${TOKEN}", "$", "a}b", "$$${TOKEN}"]})",
                     "s: run <x> <$TOKEN> <$$> <${TOKEN}> <$> <a}b> <$${TOKEN}>\n"},
        ResolvedCase{R"({"command": "x", "env": {"A": "${TOKEN}", "B": "", "${TOKEN}": "k"}})", "s: run <x> A=t-1 B= ${TOKEN}=k\n"},
        ResolvedCase{R"({"url": "https://${REGION}.h:8443/mcp?x=${TOKEN}", "headers": {"X-Token": " ${TOKEN}\t"}})",
                     "s: reach https://eu.h:8443/mcp?x=t-1 X-Token: t-1;\n"},
        ResolvedCase{R"({"command": "x", "enabled": false, "args": ["${NONE}"]})", "s: off run <x> <>\n"}));

TEST_F(ConfigFolderTest, EnvFileIsReadAndEnvWins) {
  write(".env", "A=1\nexport B='two words'\n# c\nC=\"3\\n\"\nPLAIN=${TOKEN}\n");
  const std::string file = write("switchyard.json", ours(R"({"command": "x", "env": {"B": "b", "Z": "z"}, "envFile": ".env"})"));
  const auto config = load_config(file, test_environment());
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_THAT(std::get<StdioSpec>(config->servers.at(0).transport).env,
              ElementsAre(Pair("A", "1"), Pair("B", "b"), Pair("C", "3\n"), Pair("PLAIN", "${TOKEN}"), Pair("Z", "z")));
}

TEST_F(ConfigFolderTest, ABadEnvFileBreaksTheServerWithoutShowingIt) {
  write("bad", "OK=1\nhunter2\n=hunter2\nQ=\"hunter2\n");
  ASSERT_EQ(::mkfifo((folder_ + "/pipe").c_str(), 0600), 0);
  const std::string text =
      R"({"listen": ":0", "mcpServers": {"a": {"command": "x", "envFile": "bad"}, "b": {"command": "x", "envFile": "pipe"},
 "c": {"command": "x", "envFile": "."}, "d": {"command": "x", "envFile": ""}}})";
  const auto config = parse_config(text, folder_ + "/sw.json", test_environment());
  ASSERT_TRUE(config);
  std::string report;
  for (const Diagnostic& diagnostic : config->diagnostics)
    report += diagnostic.message + "\n";
  EXPECT_EQ(report,
            folder_ + "/bad, line 2: expected NAME=VALUE\n" + folder_ + "/bad, line 3: expected a variable's name before '='\n" +
                folder_ + "/bad, line 4: the value's opening quote is never closed\n" + folder_ + "/pipe: not a regular file\n" +
                folder_ + ": a folder, not a file\n" + "expected a file's name, found nothing\n");
  EXPECT_EQ(config->broken.size(), 4u);
}

TEST_F(ConfigFolderTest, AFileThatCannotBeReadIsNamed) {
  const auto missing = load_config(folder_ + "/none.json", test_environment());
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, mcp::ErrorCode::io_error);
  EXPECT_EQ(
      missing.error().text(),
      "configuration " + folder_ +
          R"(/none.json: no such file. Begin one with "switchyard import" or "switchyard add NAME -- COMMAND", or name another with )"
          "--config FILE.");
}

TEST_F(ConfigFolderTest, WhatIsWrongWithAFileSaysWhatToDo) {
  const auto text_of = [](const std::string& file) { return load_config(file, test_environment()).error().text(); };
  const std::string other = ", or name another with --config FILE.";
  EXPECT_EQ(text_of(folder_), "configuration " + folder_ + ": a folder, not a file. Name the file in it" + other);
  const std::string loop = folder_ + "/loop";
  std::filesystem::create_symlink(loop, loop);
  EXPECT_THAT(text_of(loop), testing::HasSubstr("Its symbolic links lead back to themselves: mend them" + other));
  const std::string pipe = folder_ + "/pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(text_of(pipe), "configuration " + pipe + ": not a regular file. Copy what it holds into a file" + other);
  const std::string large = write("large.json", "");
  std::filesystem::resize_file(large, kJsoncMaxBytes + 1);
  EXPECT_EQ(text_of(large), "configuration " + large + ": larger than 64 MiB. Check that it is the right file" + other);
  if (::geteuid() == 0) return;  // who may read everything
  const std::string secret = write("secret.json", "{}");
  std::filesystem::permissions(secret, std::filesystem::perms::none);
  EXPECT_EQ(text_of(secret),
            "configuration " + secret + ": cannot be read: Permission denied. Let the user that runs switchyard read it" + other);
}

TEST_F(ConfigFolderTest, TheHistoryInAnotherClientsFileMayBeLong) {
  std::string history;
  for (std::size_t i = 0; i < kJsoncMaxValues + 1; ++i)
    history += "{\"display\": \"what was said once\"},";
  const std::string file = write(
      "claude.json", "{\"projects\": {\"/srv\": {\"history\": [" + history + "]}}, \"mcpServers\": {\"a\": {\"command\": \"a\"}}}");
  const auto config = load_config(file, test_environment());
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(servers_of(*config), "a: run <a>\n");
}

TEST_F(ConfigFolderTest, TomlIsImported) {
  const std::string file = write("config.toml", "[mcp_servers.files]\ncommand = \"npx\"\n");
  const auto config = load_config(file, test_environment());
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, mcp::ErrorCode::config_invalid);
  EXPECT_EQ(config.error().text(),
            "configuration " + file +
                ": TOML, as Codex has it, is no configuration of Switchyard's. Take its servers over into one: " +
                "switchyard import " + file);
}

TEST_F(ConfigFolderTest, ACertificateAuthoritysFileIsCheckedAtOnce) {
  const std::string good = write("good.pem", "-----BEGIN CERTIFICATE-----\n");
  write("bad.pem", "nothing\n");
  const auto config = parse_config(R"({"listen": ":0", "mcpServers": {"a": {"url": "https://h", "caFile": "good.pem"},
 "b": {"url": "https://h", "caFile": "bad.pem"}, "c": {"url": "https://h", "caFile": "none.pem"}}})",
                                   folder_ + "/sw.json",
                                   test_environment());
  ASSERT_TRUE(config);
  EXPECT_EQ(servers_of(*config), "a: reach https://h trusting " + good + "\nb broken: config_invalid\nc broken: config_invalid\n");
  EXPECT_EQ(
      config->diagnostics.at(0).text("f"),
      "f:2:38: mcpServers.b.caFile: " + folder_ + "/bad.pem: holds no certificate in PEM form (\"-----BEGIN CERTIFICATE-----\")");
  EXPECT_EQ(config->diagnostics.at(1).text("f"), "f:2:86: mcpServers.c.caFile: " + folder_ + "/none.pem: no such file");
}

struct DotenvCase {
  std::string text;
  std::vector<std::pair<std::string, std::string>> variables;
};

class DotenvTest : public testing::TestWithParam<DotenvCase> {};

TEST_P(DotenvTest, IsRead) {
  const Dotenv dotenv = parse_dotenv(GetParam().text);
  EXPECT_THAT(dotenv.problems, IsEmpty());
  EXPECT_EQ(dotenv.variables, GetParam().variables);
}

INSTANTIATE_TEST_SUITE_P(
    All,
    DotenvTest,
    testing::Values(DotenvCase{"", {}},
                    DotenvCase{"\xEF\xBB\xBF\r\n# c\r\nA=1\r\n", {{"A", "1"}}},
                    DotenvCase{" A = b c  # note\nB=a#b\nC=#x\nD=", {{"A", "b c"}, {"B", "a#b"}, {"C", ""}, {"D", ""}}},
                    DotenvCase{"A='x # \\n'  # c\nB=\"x \\\" \\$ \\n\\q\"\nC=`'\"`",
                               {{"A", "x # \\n"}, {"B", "x \" $ \n\\q"}, {"C", "'\""}}},
                    DotenvCase{"K=\"-----BEGIN\nabc\n-----END\"\nL=1", {{"K", "-----BEGIN\nabc\n-----END"}, {"L", "1"}}},
                    DotenvCase{"A=1\nB=2\nA=3=4", {{"A", "3=4"}, {"B", "2"}}}));

TEST(ChildEnvironmentTest, IsAllowListThenTheFilesOwn) {
  const Environment environment = environment_of({{"HOME", "/home/ana"},
                                                  {"PATH", "/bin"},
                                                  {"LANG", "de"},
                                                  {"LC_TIME", "en"},
                                                  {"TZ", ""},
                                                  {"https_proxy", "http://p"},
                                                  {"NODE_EXTRA_CA_CERTS", "/ca"},
                                                  {"AWS_SECRET_ACCESS_KEY", "no"},
                                                  {"SSH_AUTH_SOCK", "no"},
                                                  {"LD_PRELOAD", "no"}});
  StdioSpec spec;
  EXPECT_THAT(
      child_environment(spec, environment),
      ElementsAre(
          "HOME=/home/ana", "PATH=/bin", "LANG=de", "LC_TIME=en", "TZ=", "https_proxy=http://p", "NODE_EXTRA_CA_CERTS=/ca"));
  spec.env = {{"A", "1"}, {"PATH", "/opt"}, {"B", "2"}, {"A", "3"}};
  EXPECT_THAT(child_environment(spec, environment),
              ElementsAre("HOME=/home/ana",
                          "LANG=de",
                          "LC_TIME=en",
                          "TZ=",
                          "https_proxy=http://p",
                          "NODE_EXTRA_CA_CERTS=/ca",
                          "A=3",
                          "PATH=/opt",
                          "B=2"));
}

struct GlobCase {
  std::string pattern, text;
  bool matches;
};

class GlobTest : public testing::TestWithParam<GlobCase> {};

TEST_P(GlobTest, Matches) {
  EXPECT_EQ(glob_match(GetParam().pattern, GetParam().text), GetParam().matches) << GetParam().pattern << " " << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(All,
                         GlobTest,
                         testing::Values(GlobCase{"*", "", true},
                                         GlobCase{"", "", true},
                                         GlobCase{"", "a", false},
                                         GlobCase{"delete_*", "delete_file", true},
                                         GlobCase{"delete_*", "undelete_file", false},
                                         GlobCase{"*_file", "read_file_file", true},
                                         GlobCase{"a*b*c", "a_b_b_c", true},
                                         GlobCase{"a*b*c", "a_c_b", false},
                                         GlobCase{"?", "", false},
                                         GlobCase{"?", "ä", true},
                                         GlobCase{"??", "ä", false},
                                         GlobCase{"*ä?", "xxäöäü", true},
                                         GlobCase{"a**", "a", true},
                                         GlobCase{"a?*", "a", false},
                                         GlobCase{"[ab].", "a.", false},
                                         GlobCase{"[ab].", "[ab].", true},
                                         GlobCase{"Read", "read", false},
                                         GlobCase{"?", "\xFF", true}));

TEST(GlobTest, TakesNoTimeForHostilePatterns) {
  std::string pattern;
  for (int i = 0; i < 1000; ++i)
    pattern += "*a";
  EXPECT_FALSE(glob_match(pattern + "b", std::string(10'000, 'a')));
}

TEST(AdmissionTest, NamesThePatternThatDecides) {
  ServerSpec spec;
  spec.tools_allow = {"list_*", "read_*"};
  spec.tools_deny = {"*_secret", "read_*_key"};
  const auto of = [&spec](std::string_view tool) { return admission_of(spec, tool); };
  EXPECT_EQ(of("read_file").kind, Admission::Kind::allowed);
  EXPECT_EQ(of("read_file").pattern, "read_*");
  EXPECT_EQ(of("read_a_key").kind, Admission::Kind::denied);
  EXPECT_EQ(of("read_a_key").pattern, "read_*_key");
  EXPECT_EQ(of("write_secret").kind, Admission::Kind::denied) << "whether or not it would be allowed";
  EXPECT_EQ(of("write").kind, Admission::Kind::not_allowed);
  EXPECT_EQ(of("write").pattern, "");
  EXPECT_TRUE(admits(spec, "list_x"));
  EXPECT_FALSE(admits(spec, "list_secret"));
}

struct UrlCase {
  std::string url;
  std::string problem;
};

class UrlProblemTest : public testing::TestWithParam<UrlCase> {};

TEST_P(UrlProblemTest, IsNamed) {
  EXPECT_THAT(url_problem(GetParam().url), testing::StartsWith(GetParam().problem)) << GetParam().url.substr(0, 80);
  EXPECT_EQ(url_problem(GetParam().url).empty(), GetParam().problem.empty());
}

INSTANTIATE_TEST_SUITE_P(
    All,
    UrlProblemTest,
    testing::Values(UrlCase{"https://h", ""},
                    UrlCase{"HTTP://h:1/a?b@c", ""},
                    UrlCase{"https://[::1]:8443/mcp", ""},
                    UrlCase{"", "the URL has no scheme"},
                    UrlCase{"h/mcp", "the URL has no scheme. Write it like https://mcp.example.com/mcp"},
                    UrlCase{"file:///etc/passwd", "the URL's scheme is neither http nor https"},
                    UrlCase{"https://", "the URL has no host"},
                    UrlCase{"https://:80/", "the URL has no host"},
                    UrlCase{"https:///a", "the URL has no host"},
                    UrlCase{"https://u@h/", "the URL has a user name or password in it. Put credentials into \"headers\""},
                    UrlCase{"https://h/#a", "the URL must not have a fragment (\"#…\")"},
                    UrlCase{"https://h/a b", "the URL has a blank"},
                    UrlCase{"https://h\\@evil/", "the URL must not hold backslashes"},
                    UrlCase{"https://h:/", "the URL needs a port from 1 to 65535 after the ':'"},
                    UrlCase{"https://h:0/", "the URL's port is not a number from 1 to 65535"},
                    UrlCase{"https://h:70000/", "the URL's port is not a number from 1 to 65535"},
                    UrlCase{"https://[::1/", "the URL's host has an opening bracket only"},
                    UrlCase{"https://[::1]x/", "the URL has something between its host and its port"},
                    UrlCase{"http://[zz]/", "the URL's host in brackets is not an IPv6 address"},
                    UrlCase{"http://a..b/", "the URL's host has characters that no host name has"},
                    UrlCase{"http://1/", "the URL's host looks like a number but is no IPv4 address"},
                    UrlCase{"http://h/" + std::string(70'000, 'a'), "the URL is longer than 8192 characters"},
                    UrlCase{"http://bücher.example/", "the URL's host has characters that no host name has"},
                    UrlCase{"http://h/bücher", "the URL has a blank, a control character or a letter beyond"}));

TEST(SecretHintTest, TellsNamesOfSecretsFromOthers) {
  for (const char* name : {"TOKEN",
                           "GITHUB_PERSONAL_ACCESS_TOKEN",
                           "github-token",
                           "accessToken",
                           "API_KEY",
                           "X-API-Key",
                           "OPENAI_APIKEY",
                           "DB_PASSWORD",
                           "Authorization",
                           "AWS_SECRET_ACCESS_KEY",
                           "GH_PAT",
                           "Cookie",
                           "PRIVATE_KEY",
                           "MYSQL_PASS",
                           "DB_PASS",
                           "OPENAI_KEY",
                           "STRIPE_KEY",
                           "AUTH",
                           "X-Auth",
                           "X-Key",
                           "SESSION",
                           "SESSION_ID",
                           "GOOGLE_CREDENTIALS"}) {
    EXPECT_TRUE(names_secret(name)) << name;
  }
  for (const char* name : {"",
                           "PATH",
                           "TOKEN_URL",
                           "MAX_TOKENS",
                           "TOKENIZERS_PARALLELISM",
                           "AWS_ACCESS_KEY_ID",
                           "SECRET_NAME",
                           "MONKEY",
                           "STRIPE_PUBLIC_KEY",
                           "AUTH_MODE",
                           "SESSION_TIMEOUT",
                           "PASSTHROUGH",
                           "KEYBOARD",
                           "PWD",
                           "SSL_KEY_FILE",
                           "TOKEN_LIMIT"}) {
    EXPECT_FALSE(names_secret(name)) << name;
  }
}

TEST(SecretHintTest, KnowsTheShapesOfSecrets) {
  for (const char* value : {"sk-proj-0123456789abcdef",
                            "ghp_0123456789abcdef0123",
                            "xoxb-1234567890-abcdef",
                            "Bearer x",
                            "eyJhbGciOiJIUzI1NiJ9.e30.x",
                            "-----BEGIN PRIVATE KEY-----"}) {
    EXPECT_TRUE(looks_secret(value)) << value;
  }
  for (const char* value :
       {"", "sk-", "skeleton-key-of-the-house", "Bearer", "npm_config", "/usr/bin/env", "hello world this is text"}) {
    EXPECT_FALSE(looks_secret(value)) << value;
  }
}

TEST(NearNameTest, FindsWhatWasMeant) {
  EXPECT_EQ(nearest_name("comand", {"command", "cwd"}), "command");
  EXPECT_EQ(nearest_name("startup_timeout", {"startupTimeout", "callTimeout"}), "startupTimeout");
  EXPECT_EQ(nearest_name("evn", {"args", "env"}), "env");
  EXPECT_EQ(nearest_name("zzz", {"args", "env"}), std::nullopt);
  EXPECT_EQ(nearest_name("", {"a"}), std::nullopt);
  EXPECT_EQ(nearest_name(std::string(1000, 'a'), {"a"}), std::nullopt);
  EXPECT_EQ(spelling_distance("abcd", "acbd"), 1u);
  EXPECT_EQ(spelling_distance("abc", ""), 3u);
}

}  // namespace
}  // namespace gateway
