// What a runtime reads of its server: all lists at the start, and those that changed.
#include "gateway/upstream/catalog_reader.h"

#include <gmock/gmock.h>

#include "tests/gateway/upstream/upstream_fixture.h"
#include "tests/support/captured_log.h"

namespace gateway {
namespace {

using mcp::FakeServer;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class CatalogReaderTest : public UpstreamTest {
 protected:
  /// A server with one of each kind.
  FakeServer& add_full_server() {
    auto& server = add_server({"tool"});
    server.capabilities = {{"tools", json::object()}, {"prompts", {{"listChanged", true}}}, {"resources", {{"listChanged", true}}}};
    server.prompts = {FakeServer::prompt("prompt")};
    server.resources = {FakeServer::resource("a:1")};
    server.templates = {FakeServer::resource_template("a:{x}")};
    return server;
  }

  std::shared_ptr<Runtime> connect(FakeServer& server) {
    auto runtime = settle(remote("web", server.url()));
    EXPECT_EQ(runtime->state(), RuntimeState::ready) << runtime->unavailable().message;
    mcp::run_until(loop_, [&] { return server.streams() == 1; });
    return runtime;
  }

  static std::vector<std::string> keys(const Runtime& runtime, CatalogKind kind) {
    std::vector<std::string> keys;
    for (const auto& entry : runtime.catalog()->entries(kind))
      keys.push_back(entry.key);
    return keys;
  }

  static std::string text_of(const mcp::CapturedLog& log) {
    std::string text;
    for (const auto& line : log.lines())
      text += line + "\n";
    return text;
  }

  /// Answers this method with an error.
  static void fail(FakeServer& server, const std::string& method, int code = -32603) {
    server.answer = [method, code](const json& request) -> std::optional<json> {
      if (request["method"] != method) return std::nullopt;
      return json{{"error", {{"code", code}, {"message", "out of order"}}}};
    };
  }
};

TEST_F(CatalogReaderTest, ReadsAllPagesOfEveryKindThatIsDeclared) {
  auto& server = add_full_server();
  server.page_size = 2;
  for (int i = 0; i < 4; ++i) {
    server.prompts.push_back(FakeServer::prompt(std::to_string(i)));
    server.resources.push_back(FakeServer::resource("b:" + std::to_string(i)));
  }
  const auto runtime = connect(server);
  EXPECT_THAT(keys(*runtime, CatalogKind::tools), ElementsAre("tool"));
  EXPECT_THAT(keys(*runtime, CatalogKind::prompts), ElementsAre("prompt", "0", "1", "2", "3"));
  EXPECT_THAT(keys(*runtime, CatalogKind::resources), ElementsAre("a:1", "b:0", "b:1", "b:2", "b:3"));
  EXPECT_THAT(keys(*runtime, CatalogKind::templates), ElementsAre("a:{x}"));
  EXPECT_EQ(server.count("prompts/list"), 3u);
  EXPECT_EQ(catalogs_, 1);
  const RuntimeStatus status = runtime->status();
  EXPECT_EQ(status.prompts, 5u);
  EXPECT_EQ(status.resources, 5u);
  EXPECT_EQ(status.templates, 1u);
}

TEST_F(CatalogReaderTest, AsksForNothingThatIsNotDeclared) {
  auto& server = add_full_server();
  server.capabilities = {{"prompts", json::object()}, {"resources", nullptr}};
  const auto runtime = connect(server);
  EXPECT_THAT(keys(*runtime, CatalogKind::prompts), ElementsAre("prompt"));
  for (const std::string method : {"tools/list", "resources/list", "resources/templates/list"})
    EXPECT_EQ(server.count(method), 0u) << method;
  server.notify("notifications/tools/list_changed");
  server.notify("notifications/prompts/list_changed");
  mcp::run_until(loop_, [&] { return server.count("prompts/list") == 2; });
  EXPECT_EQ(server.count("tools/list"), 0u);
}

TEST_F(CatalogReaderTest, AListThatFailsKeepsNoneOfTheOthersBack) {
  for (const std::string method : {"prompts/list", "resources/list"}) {
    auto& server = add_full_server();
    fail(server, method);
    const mcp::CapturedLog log(mcp::LogFormat::text, "info");
    const auto runtime = connect(server);
    EXPECT_THAT(keys(*runtime, CatalogKind::tools), ElementsAre("tool"));
    EXPECT_EQ(keys(*runtime, CatalogKind::prompts).size(), method == "prompts/list" ? 0u : 1u);
    EXPECT_EQ(keys(*runtime, CatalogKind::resources).size(), method == "resources/list" ? 0u : 1u);
    EXPECT_THAT(text_of(log), HasSubstr("could not be read; it is empty"));
    EXPECT_THAT(text_of(log), HasSubstr("out of order"));
  }
}

TEST_F(CatalogReaderTest, WithoutToolsThereIsNoStart) {
  auto& server = add_full_server();
  fail(server, "tools/list");
  const auto runtime = settle(remote("web", server.url()));
  EXPECT_EQ(runtime->state(), RuntimeState::backing_off);
  EXPECT_THAT(runtime->status().cause->message, HasSubstr("tools/list was answered with an error: out of order"));
}

TEST_F(CatalogReaderTest, AServerNeedNotKnowTemplates) {
  auto& server = add_full_server();
  fail(server, "resources/templates/list", -32601);
  const mcp::CapturedLog log(mcp::LogFormat::text, "info");
  const auto runtime = connect(server);
  EXPECT_THAT(keys(*runtime, CatalogKind::resources), ElementsAre("a:1"));
  EXPECT_THAT(keys(*runtime, CatalogKind::templates), IsEmpty());
  EXPECT_THAT(text_of(log), Not(HasSubstr("could not be read")));
}

TEST_F(CatalogReaderTest, AListThatDoesNotComeIsReadAgainOnceTheServerIsReady) {
  dependencies_.other_lists_wait = milliseconds(20);
  auto& server = add_full_server();
  server.held_method = "prompts/list";
  const auto runtime = connect(server);
  EXPECT_THAT(keys(*runtime, CatalogKind::tools), ElementsAre("tool"));
  EXPECT_THAT(keys(*runtime, CatalogKind::prompts), IsEmpty());
  server.release();
  mcp::run_until(loop_, [&] { return !keys(*runtime, CatalogKind::prompts).empty(); });
}

TEST_F(CatalogReaderTest, AChangeIsReadByItsKind) {
  auto& server = add_full_server();
  const auto runtime = connect(server);
  server.prompts.push_back(FakeServer::prompt("more"));
  server.notify("notifications/prompts/list_changed");
  mcp::run_until(loop_, [&] { return catalogs_ == 2; });
  EXPECT_THAT(keys(*runtime, CatalogKind::prompts), ElementsAre("prompt", "more"));
  EXPECT_EQ(server.count("tools/list"), 1u);
  EXPECT_EQ(server.count("resources/list"), 1u);

  server.templates.push_back(FakeServer::resource_template("b:{x}"));
  server.notify("notifications/resources/list_changed");
  mcp::run_until(loop_, [&] { return catalogs_ == 3; });
  EXPECT_THAT(keys(*runtime, CatalogKind::templates), ElementsAre("a:{x}", "b:{x}"));
  EXPECT_EQ(server.count("resources/list"), 2u);
  EXPECT_EQ(server.count("prompts/list"), 2u);
}

TEST_F(CatalogReaderTest, AChangedListThatCannotBeReadLeavesTheOldOne) {
  auto& server = add_full_server();
  const auto runtime = connect(server);
  const mcp::CapturedLog log(mcp::LogFormat::text, "info");
  fail(server, "prompts/list");
  server.notify("notifications/prompts/list_changed");
  mcp::run_until(loop_, [&] { return server.count("prompts/list") == 4; });
  // A later change of another kind comes through, and three tries were enough.
  server.resources.push_back(FakeServer::resource("a:2"));
  server.notify("notifications/resources/list_changed");
  mcp::run_until(loop_, [&] { return keys(*runtime, CatalogKind::resources).size() == 2; });
  EXPECT_EQ(server.count("prompts/list"), 4u);
  EXPECT_THAT(keys(*runtime, CatalogKind::prompts), ElementsAre("prompt"));
  EXPECT_THAT(text_of(log), HasSubstr("the list of prompts could not be read; the old one stays"));
}

TEST_F(CatalogReaderTest, OfWhatIsNotOfferedAFewLinesAreLogged) {
  auto& server = add_full_server();
  for (int i = 0; i < 4; ++i) {
    server.prompts.push_back(FakeServer::prompt("prompt"));
    server.resources.emplace_back(i);
  }
  const mcp::CapturedLog log(mcp::LogFormat::text, "info");
  const auto runtime = connect(server);
  EXPECT_THAT(keys(*runtime, CatalogKind::prompts), ElementsAre("prompt"));
  const std::string text = text_of(log);
  EXPECT_THAT(text, HasSubstr("prompt not offered: prompt \"prompt\" is listed twice"));
  EXPECT_THAT(text, HasSubstr("resource not offered: an element of resources is no object"));
  EXPECT_THAT(text, HasSubstr("and 3 more not offered"));
}

}  // namespace
}  // namespace gateway
