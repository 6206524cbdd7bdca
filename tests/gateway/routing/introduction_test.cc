#include "gateway/routing/introduction.h"

#include <gmock/gmock.h>

#include "tests/gateway/routing/router_fixture.h"
#include "tests/support/gate.h"

namespace gateway {
namespace {

using mcp::FakeServer;
using mcp::ProtocolVersion;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class IntroductionTest : public RouterTest {
 protected:
  /// A server that introduces itself with these instructions.
  FakeServer& add_instructing(const std::string& text) {
    auto& server = add_server();
    server.answer = [text](const json& request) -> std::optional<json> {
      if (request["method"] != "initialize") return std::nullopt;
      return json{{"protocolVersion", "2025-11-25"},
                  {"capabilities", json::object()},
                  {"serverInfo", {{"name", "fake"}, {"version", "1"}}},
                  {"instructions", text}};
    };
    return server;
  }

  json introduced(Naming naming = {}) {
    open(naming);
    return ask("initialize", {{"protocolVersion", "2025-11-25"}})["result"];
  }
};

TEST_F(IntroductionTest, InstructionsHaveASectionForEachServerThatGivesSome) {
  settle(remote("zoo", add_instructing("Feed the animals.\n").url()));
  settle(remote("silent", add_server().url()));
  settle(remote("blank", add_instructing(" \n").url()));
  settle(remote("ape", add_instructing("Be \"kind\".").url()));
  EXPECT_EQ(introduced()["instructions"], "## zoo\nFeed the animals.\n\n## ape\nBe \"kind\".");
}

TEST_F(IntroductionTest, WithoutInstructionsThereAreNone) {
  settle(remote("silent", add_server().url()));
  EXPECT_FALSE(introduced().contains("instructions"));
}

TEST_F(IntroductionTest, ALongTextEndsWithALineOrAWordAndSaysSo) {
  std::string lines, words, solid = "\u00e9";
  while (lines.size() < 6000)
    lines += "A line of some length.\n";
  while (words.size() < 6000)
    words += "word ";
  while (solid.size() < 6000)
    solid += "\u00e9";
  settle(remote("lines", add_instructing(lines).url()));
  settle(remote("words", add_instructing(words).url()));
  settle(remote("solid", add_instructing(solid).url()));
  const std::string text = introduced()["instructions"];
  EXPECT_THAT(text, StartsWith("## lines\nA line of some length.\n"));
  EXPECT_THAT(text, HasSubstr("length.\n[1909 more bytes of these instructions are left out]\n\n## words\nword"));
  EXPECT_THAT(text, HasSubstr("word\n[1905 more bytes"));
  EXPECT_THAT(text, EndsWith("\u00e9\n[1904 more bytes of these instructions are left out]"));
  EXPECT_LT(text.size(), 3 * 4096u + 300);
}

TEST_F(IntroductionTest, ManyTextsEndSomewhere) {
  for (int i = 0; i < 7; ++i)
    settle(remote("s" + std::to_string(i), add_instructing(std::string(3900, 'x')).url()));
  const std::string text = introduced()["instructions"];
  EXPECT_LT(text.size(), (16u << 10) + 200);
  EXPECT_THAT(text, HasSubstr("## s4\nxxx"));
  EXPECT_THAT(text, Not(HasSubstr("## s5")));
  EXPECT_THAT(text, EndsWith("[The instructions of 2 more servers are left out]"));
}

TEST_F(IntroductionTest, WaitsForServersThatAreStarting) {
  introduction_wait_ = std::chrono::seconds(60);
  auto& server = add_instructing("Hello.");
  server.held_method = "initialize";
  start(remote("s", server.url()));
  open();
  spawn(1, "initialize", {{"protocolVersion", "2025-11-25"}});
  EXPECT_FALSE(answered(1));
  mcp::run_until(loop_, [&] { return server.count("initialize") == 1; });
  server.release();
  mcp::run_until(loop_, [&] { return answered(1); });
  EXPECT_EQ(answers_["1"]["result"]["instructions"], "## s\nHello.");
}

TEST_F(IntroductionTest, ButNotForLong) {
  introduction_wait_ = std::chrono::milliseconds(20);
  start(program("mute", {"never-initialize"}));
  settle(remote("s", add_instructing("Hello.").url()));
  EXPECT_EQ(introduced()["instructions"], "## s\nHello.");
}

/// What is known from before serves until it is read anew: no view waits for such a server.
TEST_F(IntroductionTest, DoesNotWaitForServersThatAreKnown) {
  introduction_wait_ = std::chrono::seconds(60);
  KnownServer known{.catalog = std::make_shared<ServerCatalog>(), .introduction = {}};
  known.introduction.server_info = R"({"name":"slow","version":"1"})";
  known.introduction.capabilities = "{}";
  known.introduction.instructions = "Be patient.";
  const auto runtime = make(program("slow", {"never-initialize"}));
  runtime->remember(std::move(known));
  runtime->start();
  EXPECT_EQ(introduced()["instructions"], "## slow\nBe patient.");
  EXPECT_EQ(introduced({.own_names = true})["instructions"], "Be patient.");
  EXPECT_EQ(runtime->state(), RuntimeState::starting);
}

TEST_F(IntroductionTest, OneServersViewDeclaresWhatItDeclaresAndWeCanCarry) {
  mcp::ServerIntroduction server;
  const auto capabilities = [&](const std::string& declared, ProtocolVersion version = ProtocolVersion::v2025_11_25) {
    server.capabilities = declared;
    return json::parse(own_introduction(version, server, {.subscribe = true, .logging = true}))["capabilities"];
  };
  EXPECT_EQ(capabilities("{}"), json::object());
  EXPECT_EQ(capabilities(R"({"tools":{},"experimental":{"x":1},"tasks":{}})"), json({{"tools", {{"listChanged", true}}}}));
  EXPECT_EQ(capabilities(R"({"prompts":{},"resources":{"subscribe":false},"logging":{}})"),
            json({{"prompts", {{"listChanged", true}}}, {"resources", {{"listChanged", true}}}, {"logging", json::object()}}));
  EXPECT_EQ(capabilities(R"({"resources":{"subscribe":true},"completions":{}})"),
            json({{"resources", {{"listChanged", true}, {"subscribe", true}}}, {"completions", json::object()}}));
  EXPECT_EQ(capabilities(R"({"completions":{}})", ProtocolVersion::v2024_11_05), json::object());
  // A server of 2024-11-05 completes without a word of it.
  server.version = ProtocolVersion::v2024_11_05;
  EXPECT_EQ(capabilities(R"({"prompts":{}})"), json({{"prompts", {{"listChanged", true}}}, {"completions", json::object()}}));
  EXPECT_EQ(capabilities(R"({"tools":{}})"), json({{"tools", {{"listChanged", true}}}}));
  server.version = ProtocolVersion::v2025_11_25;
  server.capabilities = R"({"resources":{"subscribe":true},"logging":{}})";
  EXPECT_EQ(json::parse(own_introduction(ProtocolVersion::v2025_11_25, server, {}))["capabilities"],
            json({{"resources", {{"listChanged", true}}}}));
}

TEST_F(IntroductionTest, SeveralServersViewDeclaresAllThatWeCanCarry) {
  settle(remote("s", add_server().url()));
  open();
  const json all = json::parse(merged_introduction(ProtocolVersion::v2025_11_25, *view_, {.subscribe = true, .logging = true}));
  EXPECT_EQ(
      all["capabilities"],
      json({{"tools", {{"listChanged", true}}},
            {"prompts", {{"listChanged", true}}},
            {"resources", {{"listChanged", true}, {"subscribe", true}}},
            {"completions", json::object()},
            {"logging", json::object()},
            {"tasks",
             {{"list", json::object()}, {"cancel", json::object()}, {"requests", {{"tools", {{"call", json::object()}}}}}}}}));
}

}  // namespace
}  // namespace gateway
