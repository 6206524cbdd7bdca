// `switchyard import` and `switchyard secret`.
#include <filesystem>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "tests/gateway/cli/cli_fixture.h"
#include "tests/gateway/import/memory_store.h"

namespace gateway {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class ImportCommandTest : public CliTest {
 protected:
  ImportCommandTest() : usual_(folder_ + "/home/.config/switchyard/switchyard.json"), store_(std::make_shared<MemoryStore>()) {
    open_store_ = [store = store_](const std::string&) { return store; };
    started_in_ = folder_ + "/project";
    for (const char* folder : {"/home/.cursor", "/home/.codex", "/project"})
      std::filesystem::create_directories(folder_ + folder);
  }

  static std::string read(const std::string& file) {
    std::stringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
  }

  const std::string usual_;
  const std::shared_ptr<MemoryStore> store_;
};

constexpr auto kCursor =
    R"({"mcpServers": {"git": {"command": "npx", "args": ["git-server"], "env": {"GIT_TOKEN": "ghp_0123456789abcdef"}}}})";

TEST_F(ImportCommandTest, WithoutATerminalItOnlyShows) {
  const std::string file = write("home/.cursor/mcp.json", kCursor);
  const Outcome shown = run({"import"});
  EXPECT_EQ(shown.exit, 0) << shown.err;
  EXPECT_EQ(shown.out,
            "Cursor, " + file + "\n  git  add  npx git-server\n      secret: env.GIT_TOKEN goes into the store, as GIT_TOKEN\n\n" +
                "1 server would go into " + usual_ + ", a new file, and 1 secret into the store.\n");
  EXPECT_EQ(shown.err, "switchyard: nothing was changed; do it with: switchyard import --yes\n");
  EXPECT_FALSE(std::filesystem::exists(usual_));
  EXPECT_THAT(store_->secrets, IsEmpty());
}

TEST_F(ImportCommandTest, ImportsAndTakesItBack) {
  const std::string file = write("home/.cursor/mcp.json", kCursor);
  const Outcome done = run({"import", "cursor", "--yes"});
  EXPECT_EQ(done.exit, 0) << done.err;
  EXPECT_THAT(done.out,
              HasSubstr("Added git to " + usual_ +
                        ", a new file.\nStored the secrets GIT_TOKEN.\nTake it back with: switchyard import --undo\n"
                        "Start it with: switchyard serve\n"));
  EXPECT_THAT(read(usual_), HasSubstr(R"("GIT_TOKEN": "${secret:GIT_TOKEN}")"));
  EXPECT_EQ(store_->secrets.at("GIT_TOKEN"), "ghp_0123456789abcdef");
  EXPECT_EQ(read(file), kCursor);
  EXPECT_THAT(done.out + done.err, Not(HasSubstr("ghp_")));

  const Outcome again = run({"import", "cursor", "--yes"});
  EXPECT_EQ(again.exit, 0);
  EXPECT_THAT(again.out, HasSubstr("git  same  there already\n\nThere is nothing to add to " + usual_));

  const Outcome shown = run({"import", "--undo"});
  EXPECT_THAT(shown.out, HasSubstr("Would remove " + usual_ + ", which the import made, with git."));
  EXPECT_THAT(shown.err, HasSubstr("switchyard import --undo --yes"));
  EXPECT_TRUE(std::filesystem::exists(usual_));
  const Outcome undone = run({"import", "--undo", "--yes"});
  EXPECT_EQ(undone.exit, 0) << undone.err;
  EXPECT_THAT(undone.out, HasSubstr("Removed from the store: GIT_TOKEN."));
  EXPECT_FALSE(std::filesystem::exists(usual_));
  EXPECT_THAT(store_->secrets, IsEmpty());
  const Outcome nothing = run({"import", "--undo", "--yes"});
  EXPECT_EQ(nothing.exit, 1);
  EXPECT_THAT(nothing.err, HasSubstr("there is no import to take back"));
}

TEST_F(ImportCommandTest, AsksOnATerminal) {
  write("home/.cursor/mcp.json", kCursor);
  terminal_ = true;
  const Outcome no = run({"import"}, "n\n");
  EXPECT_THAT(no.err, HasSubstr("Do that? [y/N] "));
  EXPECT_THAT(no.err, HasSubstr("nothing was changed"));
  EXPECT_FALSE(std::filesystem::exists(usual_));
  const Outcome yes = run({"import"}, "y\n");
  EXPECT_EQ(yes.exit, 0);
  EXPECT_TRUE(std::filesystem::exists(usual_));
}

TEST_F(ImportCommandTest, Json) {
  write("home/.cursor/mcp.json", kCursor);
  const std::string codex = write("home/.codex/config.toml", "[mcp_servers.x\n");
  const json shown = json::parse(run({"import", "--json", "--dry-run"}).out);
  EXPECT_EQ(shown["applied"], false);
  EXPECT_EQ(shown["dryRun"], true);
  EXPECT_EQ(shown["servers"][0]["verdict"], "add");
  EXPECT_EQ(shown["servers"][0]["client"], "cursor");
  EXPECT_EQ(shown["servers"][0]["entry"]["env"]["GIT_TOKEN"], "${secret:GIT_TOKEN}");
  EXPECT_EQ(shown["servers"][0]["secrets"], json::parse(R"([{"path": "env.GIT_TOKEN", "name": "GIT_TOKEN", "stored": false}])"));
  EXPECT_THAT(shown["unread"][0]["message"].get<std::string>(), HasSubstr(codex + ":1:"));
  const Outcome done = run({"import", "--json", "--yes"});
  EXPECT_EQ(json::parse(done.out)["applied"], true);
  EXPECT_EQ(json::parse(done.out)["secrets"], json::parse(R"(["GIT_TOKEN"])"));
  EXPECT_THAT(done.out + done.err, Not(HasSubstr("ghp_")));
  const json undone = json::parse(run({"import", "--json", "--undo", "--yes"}).out);
  EXPECT_EQ(undone["removesFile"], true);
  EXPECT_EQ(undone["secretsRemoved"], json::parse(R"(["GIT_TOKEN"])"));
}

TEST_F(ImportCommandTest, TheOtherSourcesGoOn) {
  write("home/.cursor/mcp.json", kCursor);
  write("home/.codex/config.toml", "[mcp_servers.x\n");
  const Outcome done = run({"import", "--yes"});
  EXPECT_EQ(done.exit, 0);
  EXPECT_THAT(done.err, HasSubstr("/home/.codex/config.toml:1:"));
  EXPECT_THAT(done.out, HasSubstr("Added git to "));
  EXPECT_EQ(run({"import", "codex"}).exit, 1);
}

TEST_F(ImportCommandTest, ASourceThatIsNamedHasToBeRead) {
  std::filesystem::create_directories(folder_ + "/project/.codex");
  write("home/.codex/config.toml", "[mcp_servers.a]\ncommand = \"x\"\n");
  write("project/.codex/config.toml", "[mcp_servers.x\n");
  EXPECT_EQ(run({"import", "--dry-run"}).exit, 0) << "it was only looked for";
  EXPECT_EQ(run({"import", "codex", "--dry-run"}).exit, 1);
  const Outcome done = run({"import", "codex", "--yes"});
  EXPECT_EQ(done.exit, 1);
  EXPECT_THAT(done.out, HasSubstr("Added a to "));
  EXPECT_EQ(run({"import", "codex", "--yes"}).exit, 1) << "nothing to add";
  EXPECT_EQ(run({"import", "--yes"}).exit, 0);
}

TEST_F(ImportCommandTest, OneLongNameMovesNoOther) {
  const std::string name(300, 'n');
  write("home/.cursor/mcp.json", R"({"mcpServers": {"a": {"command": "x"}, ")" + name + R"(": {"command": "y"}}})");
  const Outcome shown = run({"import"});
  EXPECT_THAT(shown.out, HasSubstr("\n  a  add     x\n"));
  EXPECT_THAT(shown.out, HasSubstr("\n  " + std::string(63, 'n') + "…  cannot  "));
}

TEST_F(ImportCommandTest, SaysWhichOfTwoIsTaken) {
  write("home/.cursor/mcp.json", "{\"mcpServers\": {\"a\": {\"command\": \"x\"},\n\"a\": {\"url\": \"ftp://x\"}}}");
  EXPECT_THAT(
      run({"import"}).out,
      HasSubstr("\n      note: the file has this name more than once; the one at line 2, column 1 is taken, that at line 1, "
                "column 17 is not\n"));
  EXPECT_THAT(run({"import", "--json"}).out, HasSubstr("more than once"));
}

TEST_F(ImportCommandTest, AFileIsASourceToo) {
  const std::string file = write("project/servers.json", R"({"mcpServers": {"a": {"command": "x"}}})");
  const Outcome named = run({"import", "servers.json", "--yes"});
  EXPECT_EQ(named.exit, 0) << named.err;
  EXPECT_THAT(named.out, HasSubstr(file + "\n  a  add  x\n"));
  const Outcome itself = run({"import", usual_});
  EXPECT_EQ(itself.exit, 1);
  EXPECT_THAT(itself.err, HasSubstr("is the configuration itself"));
  EXPECT_THAT(run({"import", "curser"}).err, HasSubstr("no such file, and no client that is known; did you mean \"cursor\"?"));
  EXPECT_THAT(run({"import", "vscode"}).err, HasSubstr("no servers to import were found; looked at "));
}

TEST_F(ImportCommandTest, WrongUsage) {
  EXPECT_EQ(run({"import", "--rename", "a"}).exit, 2);
  EXPECT_EQ(run({"import", "--undo", "cursor"}).exit, 2);
  EXPECT_EQ(run({"import", "--yes", "--dry-run"}).exit, 2);
  EXPECT_EQ(run({"secret", "set"}).exit, 2);
  EXPECT_EQ(run({"secret", "set", "a b"}).exit, 2);
  EXPECT_EQ(run({"secret", "steal", "x"}).exit, 2);
  EXPECT_EQ(run({"secret", "list", "x"}).exit, 2);
}

TEST_F(ImportCommandTest, AForeignConfigurationIsNeverWrittenTo) {
  write("home/.cursor/mcp.json", kCursor);
  const std::string text = R"({"mcpServers": {"a": {"command": "x"}}})";
  const std::string file = write("claude.json", text);
  const Outcome refused = run({"import", "cursor", "--yes", "--config", file});
  EXPECT_EQ(refused.exit, 1);
  EXPECT_THAT(refused.err, HasSubstr("another client's file"));
  EXPECT_EQ(read(file), text);
  EXPECT_THAT(store_->secrets, IsEmpty());
}

TEST_F(ImportCommandTest, SecretsAreStoredListedAndRemoved) {
  EXPECT_EQ(run({"secret", "list"}).out, "No secrets are stored. Store one with: switchyard secret set NAME\n");
  EXPECT_EQ(run({"secret", "set", "GIT_TOKEN"}, "hush-hush\n").out,
            "Stored GIT_TOKEN. Write ${secret:GIT_TOKEN} where the configuration is to have it.\n");
  EXPECT_EQ(store_->secrets.at("GIT_TOKEN"), "hush-hush");
  write("s.json",
        R"({"profiles": {}, "mcpServers": {"git": {"command": "x", "env": {"A": "${secret:GIT_TOKEN}", "B": "${secret:NONE}"}}}})");
  const std::string file = folder_ + "/s.json";
  EXPECT_EQ(run({"secret", "list", "--config", file}).out,
            "NAME       STORED  SERVERS\nGIT_TOKEN  yes     git\nNONE       no      git\n");
  EXPECT_EQ(json::parse(run({"secret", "list", "--json", "--config", file}).out)["secrets"][1],
            json::parse(R"({"name": "NONE", "stored": false, "servers": ["git"]})"));
  EXPECT_EQ(run({"secret", "remove", "GIT_TOKEN", "--config", file}).out, "Removed GIT_TOKEN. These servers lack it now: git.\n");
  EXPECT_THAT(store_->secrets, IsEmpty());
  EXPECT_THAT(run({"secret", "remove", "GIT_TOKEN"}).err, HasSubstr("there is no secret \"GIT_TOKEN\""));
  EXPECT_THAT(run({"secret", "set", "X"}, "\n").err, HasSubstr("is empty"));
}

TEST_F(ImportCommandTest, AServerGetsTheSecretItNames) {
  const std::string file = write(
      "s.json", R"({"listen": ":0", "admin": "127.0.0.1:0", "mcpServers": {"a": {"command": "x", "env": {"A": "${secret:A}"}}}})");
  EXPECT_THAT(run({"plan", "--config", file, "--json"}).out, HasSubstr("secret set A"));
  store_->secrets["A"] = "hush-hush";
  const Outcome planned = run({"plan", "--config", file, "--json"});
  EXPECT_THAT(planned.out, Not(HasSubstr("secret set A")));
  EXPECT_THAT(planned.out, Not(HasSubstr("hush")));
}

}  // namespace
}  // namespace gateway
