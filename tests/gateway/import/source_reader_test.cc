#include "gateway/import/source_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/import/toml_text.h"
#include "tests/gateway/config/config_text.h"
#include "tests/support/temp_folder.h"

namespace gateway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

SourceReading reading_of(const std::string& text, ImportClient client = ImportClient::other, const std::string& folder = "") {
  auto reading = parse_source(text, {client, "/somewhere/file", folder});
  if (!reading) {
    ADD_FAILURE() << reading.error().text();
    return {};
  }
  return std::move(*reading);
}

/// "name[ in folder][ off]" each.
std::vector<std::string> names_of(const SourceReading& reading) {
  std::vector<std::string> names;
  for (const FoundServer& server : reading.servers) {
    names.push_back(server.name + (server.folder.empty() ? "" : " in " + server.folder) + (server.disabled ? " off" : ""));
  }
  return names;
}

TEST(SourceReaderTest, ClaudeDesktop) {
  const auto reading = reading_of(R"({
  "globalShortcut": "",
  "mcpServers": {
    "filesystem": { "command": "npx", "args": ["-y", "@modelcontextprotocol/server-filesystem", "/home/u/Desktop"] },
    "github": { "command": "docker", "args": ["run", "-i"], "env": { "GITHUB_PERSONAL_ACCESS_TOKEN": "ghp_0123456789abcdef" } }
  }
})",
                                  ImportClient::claude_desktop);
  EXPECT_THAT(names_of(reading), ElementsAre("filesystem", "github"));
  EXPECT_EQ(reading.servers[1].entry.find("command")->value.text, "docker");
  EXPECT_EQ(reading.servers[1].at.line, 5);
}

TEST(SourceReaderTest, ClaudeCodeHasServersForAllAndForProjects) {
  const auto reading = reading_of(R"({
  "numStartups": 12,
  "tipsHistory": { "x": 1 },
  "mcpServers": { "everywhere": { "type": "http", "url": "https://a.test/mcp" } },
  "projects": {
    "/home/u/one": { "history": [{"display": "hi"}], "mcpServers": { "db": { "command": "db" }, "old": { "command": "x" } },
                     "disabledMcpServers": ["old"] },
    "/home/u/two": { "mcpServers": {} },
    "relative": { "mcpServers": { "odd": {} } }
  }
})",
                                  ImportClient::claude_code);
  EXPECT_THAT(names_of(reading), ElementsAre("everywhere", "db in /home/u/one", "old in /home/u/one off"));
}

TEST(SourceReaderTest, ClaudeCodeSwitchesOffWhatAProjectDefines) {
  const mcp::TempFolder folder;
  const std::string user = folder.write("claude.json", R"({"projects": {"/p": {"disabledMcpjsonServers": ["b"]}}})");
  auto reading = reading_of(R"({"mcpServers": {"a": {"command": "x"}, "b": {"command": "y"}}})", ImportClient::claude_code, "/p");
  apply_claude_switches(reading, user);
  EXPECT_THAT(names_of(reading), ElementsAre("a in /p", "b in /p off"));
}

TEST(SourceReaderTest, VsCodeWithItsQuestions) {
  const auto reading = reading_of(R"({
  // comments are fine there
  "inputs": [ { "type": "promptString", "id": "github-token", "description": "GitHub token", "password": true },
              { "type": "pickString", "id": "region", "options": ["eu", "us"], "default": "eu" } ],
  "servers": { "github": { "type": "http", "url": "https://api.test/mcp/" }, },
})",
                                  ImportClient::vscode);
  EXPECT_THAT(names_of(reading), ElementsAre("github"));
  ASSERT_EQ(reading.inputs.size(), 2U);
  EXPECT_TRUE(reading.inputs.at("github-token").password);
  EXPECT_EQ(reading.inputs.at("region").otherwise, "eu");
}

TEST(SourceReaderTest, VsCodesSettingsOfEarlierVersions) {
  const auto reading = reading_of(
      R"({"editor.fontSize": 12, "mcp": {"inputs": [{"id": "k", "type": "promptString"}], "servers": {"s": {"command": "x"}}}})",
      ImportClient::vscode);
  EXPECT_THAT(names_of(reading), ElementsAre("s"));
  EXPECT_EQ(reading.inputs.count("k"), 1U);
}

TEST(SourceReaderTest, Codex) {
  const auto reading = reading_of(R"(
model = "gpt-5"

[mcp_servers.docs]
url = "https://docs.test/mcp"
bearer_token_env_var = "DOCS_TOKEN"
startup_timeout_sec = 20.5

[mcp_servers."my files"]
command = "npx"
args = ["-y", "server", '/srv/a b']
enabled = false
[mcp_servers."my files".env]
LANG = "C"
)",
                                  ImportClient::codex);
  EXPECT_THAT(names_of(reading), ElementsAre("docs", "my files"));
  EXPECT_EQ(reading_of("[mcp_servers.a]\ncommand = \"x\"").file.client, ImportClient::codex) << "nobody else has these";
  EXPECT_EQ(reading_of("[mcpServers.a]\ncommand = \"x\"").file.client, ImportClient::other);
  EXPECT_EQ(reading.servers[0].entry.find("startup_timeout_sec")->value.text, "20.5");
  const JsonNode& files = reading.servers[1].entry;
  EXPECT_EQ(files.find("args")->value.items[2].text, "/srv/a b");
  EXPECT_EQ(files.find("env")->value.find("LANG")->value.text, "C");
  EXPECT_EQ(files.find("enabled")->value.boolean, false);
}

TEST(SourceReaderTest, OfANameThatIsThereTwiceTheLastCounts) {
  const auto reading = reading_of(R"({"mcpServers": {"a": {"command": "x"}, "a": {"command": "y"}}})");
  ASSERT_EQ(reading.servers.size(), 1U);
  EXPECT_EQ(reading.servers[0].entry.find("command")->value.text, "y");
}

TEST(SourceReaderTest, WithoutServersThereAreNone) {
  EXPECT_THAT(reading_of("{}").servers, IsEmpty());
  EXPECT_THAT(reading_of("").servers, IsEmpty());
  EXPECT_THAT(reading_of("model = \"o3\"").servers, IsEmpty());
  EXPECT_THAT(reading_of(R"({"mcpServers": null})").servers, IsEmpty());
}

TEST(SourceReaderTest, MistakesHaveTheirPlace) {
  const auto json = parse_source("{\n  \"mcpServers\": { \"a\": }\n}", {ImportClient::cursor, "/c/mcp.json", ""});
  ASSERT_FALSE(json);
  EXPECT_THAT(json.error().message, StartsWith("/c/mcp.json:2:24: "));
  EXPECT_THAT(json.error().remedy, HasSubstr("Mend it there"));
  const auto toml = parse_source("[mcp_servers.a]\ncommand = \n", {ImportClient::codex, "/c/config.toml", ""});
  ASSERT_FALSE(toml);
  EXPECT_THAT(toml.error().message, StartsWith("/c/config.toml:2:1"));
  const auto list = parse_source("{\"mcpServers\": []}", {ImportClient::cursor, "/c/mcp.json", ""});
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().message, "/c/mcp.json:1:16: mcpServers: expected an object of servers, found an array");
  for (const char* text : {"[]", "\n[ {\"command\": \"x\"} ]", "[\n]"}) {
    const auto array = parse_source(text, {ImportClient::other, "/c/servers", ""});
    ASSERT_FALSE(array) << text;
    EXPECT_THAT(array.error().message, HasSubstr("expected an object with servers, found an array")) << text;
  }
  const auto named = parse_source("[\"a\"]", {ImportClient::other, "/c/servers.json", ""});
  ASSERT_FALSE(named);
  EXPECT_THAT(named.error().message, HasSubstr("found an array"));
  EXPECT_THAT(reading_of("[[x]]\n[\"a b\"]\n[ mcp_servers.a ]\ncommand = \"x\"\n").servers, testing::SizeIs(1));
  EXPECT_FALSE(parse_source(std::string(kTomlMaxBytes + 1, '#'), {ImportClient::codex, "/c/config.toml", ""}));
}

TEST(SourceReaderTest, TomlThatIsDeepIsRefused) {
  std::string text = "a = ";
  for (int i = 0; i < 100; ++i)
    text += "[";
  const JsonDocument document = parse_toml(text + std::string(100, ']'));
  ASSERT_EQ(document.problems.size(), 1U);
  EXPECT_THAT(document.problems[0].message, HasSubstr("nested"));
}

TEST(SourceReaderTest, TomlThatIsNotForTheParserIsRefused) {
  std::string parts, quoted;
  for (int i = 0; i < 1'000'000; ++i)
    parts += "a.";
  for (int i = 0; i < 100'000; ++i)
    quoted += "\",\".";
  const auto message = [](const std::string& text) {
    const JsonDocument document = parse_toml(text);
    return document.problems.empty() ? "" : std::to_string(document.problems[0].at.line) + ": " + document.problems[0].message;
  };
  EXPECT_EQ(message("# x\n[" + parts + "a]"), "2: a key with more than 64 parts");
  EXPECT_EQ(message("x = {" + quoted + "a = 1}"), "1: a key with more than 64 parts");
  std::string numbers;
  for (int i = 0; i < 100; ++i)
    numbers += "1.5, ";
  EXPECT_EQ(message("a = [" + numbers + "]"), "");
  EXPECT_EQ(message("ok = 1\na\xC3\xA9 = 1"), "2: a character outside of quotes that is not ASCII");
  EXPECT_EQ(message("\xEF\xBB\xBFok = \"\xC3\xA9\" # \xC3\xA9"), "");
  // In strings and comments dots are dots.
  const std::string dots(200, '.');
  EXPECT_EQ(message("a = \"\\\"" + dots + "\"\nb = '" + dots + "' # it's " + dots + "\nc = \"\"\"\n" + dots + "\"\"\"\"\"\n"), "");
}

TEST(KnownSourcesTest, AreThoseOfTheUserAndTheProject) {
  const auto environment = environment_of({{"HOME", "/home/u"}, {"CODEX_HOME", "/elsewhere"}});
  std::vector<std::string> paths;
  for (const SourceFile& file : known_sources(std::nullopt, environment, "/work/p"))
    paths.push_back(std::string(client_word(file.client)) + " " + file.path + (file.folder.empty() ? "" : " of " + file.folder));
  EXPECT_THAT(paths,
              ElementsAre("claude-desktop /home/u/.config/Claude/claude_desktop_config.json",
                          "claude-desktop /home/u/Library/Application Support/Claude/claude_desktop_config.json",
                          "claude-code /home/u/.claude.json",
                          "claude-code /work/p/.mcp.json of /work/p",
                          "cursor /home/u/.cursor/mcp.json",
                          "cursor /work/p/.cursor/mcp.json of /work/p",
                          "vscode /home/u/.config/Code/User/mcp.json",
                          "vscode /home/u/.config/Code/User/settings.json",
                          "vscode /home/u/Library/Application Support/Code/User/mcp.json",
                          "vscode /home/u/Library/Application Support/Code/User/settings.json",
                          "vscode /work/p/.vscode/mcp.json of /work/p",
                          "vscode /work/p/.vscode/settings.json of /work/p",
                          "codex /elsewhere/config.toml",
                          "codex /work/p/.codex/config.toml of /work/p"));
  EXPECT_THAT(known_sources(std::nullopt, environment_of({}), ""), IsEmpty());
  // In the home folder, its files are the user's.
  EXPECT_EQ(known_sources(ImportClient::cursor, environment, "/home/u").size(), 1U);
}

TEST(KnownSourcesTest, WhoseAFileIsTellsItsName) {
  EXPECT_EQ(source_of_file("/p/.cursor/mcp.json", {}), (SourceFile{ImportClient::cursor, "/p/.cursor/mcp.json", "/p"}));
  EXPECT_EQ(source_of_file("/p/.mcp.json", {}), (SourceFile{ImportClient::claude_code, "/p/.mcp.json", "/p"}));
  EXPECT_EQ(source_of_file("/p/x.json", {}), (SourceFile{ImportClient::other, "/p/x.json", ""}));
}

}  // namespace
}  // namespace gateway
