#include "gateway/cli/command_line.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <initializer_list>

namespace gateway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::expected<CommandLine, NoCommand> parse(std::initializer_list<const char*> args) {
  std::vector<const char*> argv = {"switchyard"};
  argv.insert(argv.end(), args);
  return parse_command_line(static_cast<int>(argv.size()), argv.data());
}

template <class Which>
Which command(std::initializer_list<const char*> args) {
  const auto line = parse(args);
  if (!line) ADD_FAILURE() << line.error().text;
  if (!line || !std::holds_alternative<Which>(line->command)) return {};
  return std::get<Which>(line->command);
}

std::string mistake(std::initializer_list<const char*> args) {
  const auto line = parse(args);
  if (line) return "none";
  EXPECT_FALSE(line.error().wanted);
  EXPECT_EQ(line.error().text.find('\n'), std::string::npos) << line.error().text;
  return line.error().text;
}

TEST(CommandLineTest, Serve) {
  const auto serve = command<ServeCommand>({"serve", "--listen", "[::1]:7000", "--admin=127.0.0.1:0", "--stdio"});
  EXPECT_EQ(serve.listen, (ListenAddress{"::1", 7000}));
  EXPECT_EQ(serve.admin, (ListenAddress{"127.0.0.1", 0}));
  EXPECT_TRUE(serve.stdio);
  EXPECT_FALSE(command<ServeCommand>({"serve"}).listen);
  EXPECT_EQ(command<ServeCommand>({"serve", "--stdio", "--profile", "coding"}).profile, "coding");
}

TEST(CommandLineTest, GlobalOptionsStandAnywhere) {
  for (const auto& line : {parse({"--config", "a b.json", "--json", "--state", "/s", "list"}),
                           parse({"list", "--config", "a b.json", "--json", "--state=/s"})}) {
    ASSERT_TRUE(line) << line.error().text;
    EXPECT_EQ(line->global.config, (std::filesystem::current_path() / "a b.json").string());
    EXPECT_EQ(line->global.state, "/s");
    EXPECT_TRUE(line->global.json);
    EXPECT_EQ(line->global.log_format, mcp::LogFormat::text);
    EXPECT_FALSE(line->global.log_levels);
  }
  const auto logged = parse({"list", "--log-format", "json", "--log-level", "warn,upstream=debug"});
  ASSERT_TRUE(logged);
  EXPECT_EQ(logged->global.log_format, mcp::LogFormat::json);
  EXPECT_EQ(logged->global.log_levels, "warn,upstream=debug");
}

TEST(CommandLineTest, PathsAreAbsolute) {
  const auto line = parse({"list", "--config", "./x/.././a.json", "--state", "s/"});
  ASSERT_TRUE(line);
  EXPECT_EQ(line->global.config, (std::filesystem::current_path() / "a.json").string());
  EXPECT_EQ(line->global.state, (std::filesystem::current_path() / "s").string());
  EXPECT_EQ(parse({"list", "--config", "/a//b/./c.json"})->global.config, "/a/b/c.json");
  EXPECT_FALSE(parse({"list"})->global.config);
}

TEST(CommandLineTest, Lists) {
  EXPECT_EQ(command<StatusCommand>({"status"}).server, "");
  EXPECT_EQ(command<StatusCommand>({"status", "files"}).server, "files");
  const auto tools = command<ToolsCommand>({"tools", "--server", "files", "--profile", "coding"});
  EXPECT_EQ(tools.server, "files");
  EXPECT_EQ(tools.profile, "coding");
  EXPECT_EQ(command<DescribeCommand>({"describe", "a__b"}).tool, "a__b");
  const auto explain = command<ExplainCommand>({"explain", "a__b", "--profile", "coding"});
  EXPECT_EQ(explain.name, "a__b");
  EXPECT_EQ(explain.profile, "coding");
  EXPECT_THAT(mistake({"explain"}), HasSubstr("NAME is required"));
}

TEST(CommandLineTest, Call) {
  const auto json = command<CallCommand>({"call", "a__b", R"({"x": [1, 2]})"});
  EXPECT_EQ(json.tool, "a__b");
  EXPECT_EQ(json.arguments, R"({"x": [1, 2]})");
  EXPECT_EQ(command<CallCommand>({"call", "a__b", "-"}).arguments, "-");
  EXPECT_FALSE(command<CallCommand>({"call", "a__b"}).arguments);
  const auto pairs = command<CallCommand>({"call", "--arg", "x=1=2", "--profile", "p", "a__b", "--arg=y=[1,2]", "--arg", "z=a b"});
  EXPECT_EQ(pairs.tool, "a__b");
  EXPECT_EQ(pairs.profile, "p");
  EXPECT_FALSE(pairs.arguments);
  EXPECT_THAT(pairs.pairs, ElementsAre("x=1=2", "y=[1,2]", "z=a b"));
  const auto texts = command<CallCommand>({"call", "a__b", "--text", "x=42", "--arg", "y=1", "--text=z=null"});
  EXPECT_THAT(texts.texts, ElementsAre("x=42", "z=null"));
  EXPECT_THAT(texts.pairs, ElementsAre("y=1"));
}

TEST(CommandLineTest, Edits) {
  const auto add =
      command<AddCommand>({"add", "a", "--replace", "--profile", "p", "--env", "A=b=c", "--", "x", "--json", "--", "-y"});
  EXPECT_EQ(add.server, (NewServer{.name = "a", .command = {"x", "--json", "--", "-y"}, .env = {{"A", "b=c"}}, .profiles = {"p"}}));
  EXPECT_TRUE(add.replace);
  EXPECT_FALSE(add.dry_run);
  const auto http =
      command<AddCommand>({"add", "--url", "https://x", "--type", "sse", "a", "--header", "A:  b:c ", "--disabled", "--dry-run"});
  EXPECT_EQ(http.server, (NewServer{.name = "a", .url = "https://x", .type = "sse", .headers = {{"A", "b:c"}}, .enabled = false}));
  EXPECT_TRUE(http.dry_run);
  EXPECT_THAT(command<RemoveCommand>({"remove", "a", "b", "--dry-run"}).servers, ElementsAre("a", "b"));
  EXPECT_TRUE(command<SwitchCommand>({"enable", "a"}).on);
  EXPECT_FALSE(command<SwitchCommand>({"disable", "a"}).on);
}

TEST(CommandLineTest, Version) {
  command<VersionCommand>({"version"});
  command<VersionCommand>({"--version"});
}

TEST(CommandLineTest, HelpShowsAnExampleEverywhere) {
  const auto help = parse({"--help"});
  ASSERT_FALSE(help);
  EXPECT_TRUE(help.error().wanted);
  EXPECT_THAT(help.error().text, HasSubstr("Example: switchyard serve"));
  for (const char* name :
       {"serve", "list", "status", "tools", "describe", "explain", "call", "add", "remove", "enable", "disable", "version"}) {
    EXPECT_THAT(help.error().text, HasSubstr(std::string("\n  ") + name + " ")) << name;
    const auto of_command = parse({name, "--help"});
    ASSERT_FALSE(of_command) << name;
    EXPECT_TRUE(of_command.error().wanted) << name;
    EXPECT_THAT(of_command.error().text, HasSubstr(std::string("Usage: switchyard ") + name)) << name;
    EXPECT_THAT(of_command.error().text, HasSubstr(std::string("Example: switchyard ") + name)) << name;
  }
}

TEST(CommandLineTest, HelpIsACommandToo) {
  for (const auto& words : {std::initializer_list<const char*>{"help"}, {"help", "--json"}, {"help", "help"}}) {
    const auto help = parse(words);
    ASSERT_FALSE(help);
    EXPECT_TRUE(help.error().wanted);
  }
  EXPECT_EQ(parse({"help"}).error().text, parse({"--help"}).error().text);
  EXPECT_EQ(parse({"help", "call"}).error().text, parse({"call", "--help"}).error().text);
  EXPECT_EQ(mistake({"help", "cal"}), "unknown command \"cal\": did you mean \"call\"? Try \"switchyard --help\".");
}

TEST(CommandLineTest, HelpShowsDefaults) {
  const std::string serve = parse({"serve", "--help"}).error().text;
  EXPECT_THAT(serve, HasSubstr("Where agents connect (the configuration's, or 127.0.0.1:7332)"));
  EXPECT_THAT(serve, HasSubstr("(the configuration's, or 127.0.0.1:7333)"));
  EXPECT_THAT(serve, HasSubstr("Without --log-level, the log tells warn and error on a terminal, info too elsewhere."));
  EXPECT_THAT(parse({"--help"}).error().text, HasSubstr("(error; serve: see there)"));
  EXPECT_THAT(parse({"call", "--help"}).error().text, HasSubstr("--text KEY=VALUE"));
}

TEST(CommandLineTest, EmptyValuesAreMistakes) {
  EXPECT_THAT(mistake({"--config", "", "list"}), HasSubstr("the value is empty"));
  EXPECT_THAT(mistake({"list", "--config", ""}), HasSubstr("the value is empty"));
  EXPECT_THAT(mistake({"list", "--state", ""}), HasSubstr("the value is empty"));
  EXPECT_THAT(mistake({"list", "--log-level", ""}), HasSubstr("the value is empty"));
  EXPECT_THAT(mistake({"serve", "--listen", ""}), HasSubstr("the value is empty"));
  EXPECT_THAT(mistake({"serve", "--admin", ""}), HasSubstr("the value is empty"));
  EXPECT_THAT(mistake({"serve", "--stdio", "--profile", ""}), HasSubstr("the value is empty"));
  EXPECT_THAT(mistake({"status", ""}), HasSubstr("the value is empty"));
  EXPECT_THAT(mistake({"tools", "--server", ""}), HasSubstr("the value is empty"));
  EXPECT_THAT(mistake({"tools", "--profile", ""}), HasSubstr("the value is empty"));
  EXPECT_THAT(mistake({"describe", ""}), HasSubstr("the value is empty"));
  EXPECT_THAT(mistake({"call", ""}), HasSubstr("the value is empty"));
  EXPECT_THAT(mistake({"call", "a", ""}), HasSubstr("the value is empty"));
  EXPECT_THAT(mistake({"call", "a", "--arg", ""}), HasSubstr("the value is empty"));
  EXPECT_THAT(mistake({"serve", "--listen", ""}), StartsWith("--listen: the value is empty. "));
}

TEST(CommandLineTest, MistakesAreOneLineWithAHint) {
  EXPECT_EQ(mistake({"lsit"}), "unknown command \"lsit\": did you mean \"list\"? Try \"switchyard --help\".");
  EXPECT_EQ(mistake({"stat"}), "unknown command \"stat\": did you mean \"status\"? Try \"switchyard --help\".");
  EXPECT_EQ(mistake({"desc"}), "unknown command \"desc\": did you mean \"describe\"? Try \"switchyard --help\".");
  EXPECT_EQ(mistake({"e"}), "unknown command \"e\". Try \"switchyard --help\".");
  EXPECT_EQ(mistake({"frobnicate"}), "unknown command \"frobnicate\". Try \"switchyard --help\".");
  EXPECT_EQ(mistake({"list", "--jsn"}), "unknown option \"--jsn\": did you mean \"--json\"? Try \"switchyard list --help\".");
  EXPECT_EQ(mistake({"serve", "--stido"}),
            "unknown option \"--stido\": did you mean \"--stdio\"? Try \"switchyard serve --help\".");
  EXPECT_EQ(mistake({"--confg=x", "list"}),
            "unknown option \"--confg=x\": did you mean \"--config\"? Try \"switchyard list --help\".");
  EXPECT_EQ(mistake({"list", "files"}), "list does not take \"files\". Try \"switchyard list --help\".");
  EXPECT_EQ(mistake({}), "no command was given. Try \"switchyard --help\".");
  EXPECT_THAT(mistake({"describe"}), HasSubstr("TOOL is required"));
  EXPECT_THAT(mistake({"list", "--config"}), HasSubstr("--config"));
  EXPECT_THAT(mistake({"list", "--log-format", "xml"}), HasSubstr("xml"));
  EXPECT_THAT(mistake({"serve", "--listen", "7332"}), StartsWith("--listen 7332: expected HOST:PORT"));
  EXPECT_THAT(mistake({"serve", "--admin", "localhost:70000"}), StartsWith("--admin localhost:70000: "));
  EXPECT_THAT(mistake({"call", "a", "{}", "--arg", "x=1"}), HasSubstr("not both"));
  EXPECT_THAT(mistake({"call", "a", "{}", "--text", "x=1"}), HasSubstr("not both"));
  EXPECT_EQ(mistake({"serve", "--profile", "p"}),
            "--profile goes with --stdio; over HTTP each profile has an address, /mcp/PROFILE. Try \"switchyard serve --help\".");
  EXPECT_THAT(mistake({"list", "status"}), Not(HasSubstr("none")));
}

}  // namespace
}  // namespace gateway
