#include "gateway/inspect/inspect.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "gateway/inspect/inspection_json.h"
#include "gateway/inspect/probe_http.h"
#include "tests/support/captured_log.h"
#include "tests/support/fake_server.h"
#include "tests/support/loop_thread.h"
#include "tests/support/processes.h"
#include "tests/support/programs.h"

namespace gateway {
namespace {

using json = nlohmann::json;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

std::vector<std::string> ids(const Inspection& inspection) {
  std::vector<std::string> found;
  for (const Finding& finding : inspection.findings.all()) {
    found.emplace_back(finding.rule->id);
  }
  return found;
}

std::string seen(const Inspection& inspection, std::string_view id) {
  for (const Finding& finding : inspection.findings.all()) {
    if (finding.rule->id == id) return finding.seen;
  }
  return "";
}

mcp::Result<Inspection> inspect_spec(const ServerSpec& spec, std::chrono::milliseconds patience = std::chrono::seconds(10)) {
  InspectionOptions options;
  options.environment = [](std::string_view name) -> std::optional<std::string> {
    return name == "PATH" ? std::optional<std::string>("/usr/bin:/bin") : std::nullopt;
  };
  options.guardian = mcp::program_path("switchyard-guardian");
  options.patience = patience;
  return inspect(spec, std::move(options));
}

// ---- programs

ServerSpec program(std::vector<std::string> args) {
  ServerSpec spec;
  spec.name = ServerName("fault");
  spec.transport = StdioSpec{.command = mcp::program_path("stdio_fault"), .args = std::move(args)};
  return spec;
}

TEST(InspectStdioTest, ShowsWhatAProgramOffers) {
  const auto inspection = inspect_spec(program({"ok"}));
  ASSERT_TRUE(inspection) << inspection.error().text();
  EXPECT_EQ(inspection->transport, "stdio");
  EXPECT_THAT(inspection->target, HasSubstr("stdio_fault"));
  EXPECT_EQ(inspection->tools.items.size(), 1U);
  EXPECT_TRUE(inspection->tools.declared);
  EXPECT_FALSE(inspection->prompts.declared);
  EXPECT_THAT(ids(*inspection), Not(Contains("stdout-noise")));
  std::vector<std::string> timed;
  for (const Timing& timing : inspection->timings) {
    timed.push_back(timing.what);
  }
  EXPECT_THAT(timed, testing::IsSupersetOf({"start", "handshake", "tools/list", "ping"}));
  EXPECT_THAT(mcp::child_processes(), IsEmpty());
}

TEST(InspectStdioTest, FindsQuestionsThatNobodyOfferedToAnswer) {
  const auto inspection = inspect_spec(program({"ask-unoffered"}));
  ASSERT_TRUE(inspection) << inspection.error().text();
  EXPECT_EQ(seen(*inspection, "asks-what-was-not-offered"), "the server sent roots/list");
}

TEST(InspectStdioTest, FindsTheRevisionThatIsOnlyEchoed) {
  const auto inspection = inspect_spec(program({"ok"}));
  ASSERT_TRUE(inspection);
  EXPECT_THAT(ids(*inspection), Contains("revision-echoed"));
  EXPECT_THAT(seen(*inspection, "answers-before-initialize"), HasSubstr("tools/list"));
}

TEST(InspectStdioTest, FindsNoise) {
  mcp::CapturedLog log(mcp::LogFormat::text, "error");
  const auto banner = inspect_spec(program({"banner-then-ok"}));
  ASSERT_TRUE(banner) << banner.error().text();
  EXPECT_THAT(ids(*banner), Contains("stdout-noise"));
  const auto chatty = inspect_spec(program({"flood-stderr", "5000"}));
  ASSERT_TRUE(chatty);
  EXPECT_THAT(ids(*chatty), Contains("stderr-noise"));
}

TEST(InspectStdioTest, SaysWhyAProgramCannotBeReached) {
  const auto ended = inspect_spec(program({"exit-before-init", "3"}));
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, mcp::ErrorCode::exited);
  EXPECT_THAT(ended.error().text(), HasSubstr("no licence"));
  ServerSpec silent = program({"never-initialize"});
  silent.startup_timeout = std::chrono::milliseconds(200);
  const auto timed_out = inspect_spec(silent);
  ASSERT_FALSE(timed_out);
  EXPECT_EQ(timed_out.error().code, mcp::ErrorCode::timeout);
  EXPECT_THAT(mcp::child_processes(), IsEmpty());
}

TEST(InspectStdioTest, ShowsNoSecrets) {
  mcp::CapturedLog log(mcp::LogFormat::text, "error");
  ServerSpec spec = program({"exit-before-init", "3"});
  spec.secrets = {"no licence"};
  const auto ended = inspect_spec(spec);
  ASSERT_FALSE(ended);
  EXPECT_THAT(ended.error().text(), Not(HasSubstr("no licence")));
  EXPECT_THAT(ended.error().text(), HasSubstr("***"));
}

// ---- streamable HTTP

class InspectHttpTest : public testing::Test {
 protected:
  InspectHttpTest() {
    loop_.run([this] {
      server_ = std::make_unique<mcp::FakeServer>(loop_.executor());
      server_->version = "2025-11-25";
      server_->tools = {mcp::FakeServer::tool("one")};
      server_->tools.front()["description"] = "does one thing";
    });
  }

  ~InspectHttpTest() override {
    loop_.await(server_->stop());
    loop_.run([this] { server_.reset(); });
  }

  /// Answers as a well-behaved server would, but for what `own` answers.
  void answer(std::function<std::optional<json>(const json&)> own) {
    loop_.run([&] {
      server_->answer = [own = std::move(own)](const json& request) -> std::optional<json> {
        if (auto result = own(request)) return result;
        const std::string method = request["method"];
        if (method == "initialize" || method == "tools/list" || method == "ping") return std::nullopt;
        return json{{"error", {{"code", -32601}, {"message", "Method not found"}}}};
      };
    });
  }

  mcp::Result<Inspection> inspect_server(std::chrono::milliseconds patience = std::chrono::seconds(10)) {
    ServerSpec spec;
    spec.name = ServerName("fake");
    spec.transport = HttpSpec{.url = server_->url()};
    return inspect_spec(spec, patience);
  }

  mcp::LoopThread loop_;
  std::unique_ptr<mcp::FakeServer> server_;
};

TEST_F(InspectHttpTest, FindsOnlyWhatIsThere) {
  answer([](const json&) { return std::nullopt; });
  const auto inspection = inspect_server();
  ASSERT_TRUE(inspection) << inspection.error().text();
  EXPECT_EQ(inspection->transport, "streamable HTTP");
  EXPECT_EQ(inspection->tools.items.size(), 1U);
  // The fake looks at no header but that of the session, whose id is short, and forgets none.
  EXPECT_THAT(ids(*inspection),
              UnorderedElementsAre("session-id-guessable", "version-header-ignored", "deleted-session-lives", "origin-unchecked"));
}

TEST_F(InspectHttpTest, CallsNothingThatActs) {
  answer([](const json&) { return std::nullopt; });
  ASSERT_TRUE(inspect_server());
  const std::vector<std::string> harmless = {"initialize",
                                             "notifications/initialized",
                                             "notifications/cancelled",
                                             "tools/list",
                                             "prompts/list",
                                             "resources/list",
                                             "ping",
                                             "resources/templates/list",
                                             "switchyard/no-such-method"};
  loop_.run([&] {
    for (const json& message : server_->received) {
      EXPECT_THAT(harmless, Contains(message.value("method", "")));
    }
  });
}

TEST_F(InspectHttpTest, FindsListsThatAreNotAsDeclared) {
  loop_.run([this] { server_->capabilities = {{"tools", json::object()}, {"prompts", json::object()}}; });
  answer([](const json& request) -> std::optional<json> {
    if (request["method"] == "prompts/list") return json{{"error", {{"code", -32603}, {"message", "broken"}}}};
    if (request["method"] == "resources/list") return json{{"resources", {{{"uri", "f:///a"}, {"name", "a"}}}}};
    return std::nullopt;
  });
  const auto inspection = inspect_server();
  ASSERT_TRUE(inspection);
  EXPECT_THAT(seen(*inspection, "declared-list-fails"), HasSubstr("prompts/list: error -32603 \"broken\""));
  EXPECT_THAT(seen(*inspection, "offers-undeclared"), HasSubstr("resources/list has 1 items"));
  EXPECT_EQ(inspection->resources.items.size(), 1U);
}

TEST_F(InspectHttpTest, ReadsAllPagesAndFindsCursorsThatRepeat) {
  answer([](const json& request) -> std::optional<json> {
    if (request["method"] != "tools/list") return std::nullopt;
    const std::string cursor = request.value("/params/cursor"_json_pointer, "");
    json tool = mcp::FakeServer::tool("tool-" + (cursor.empty() ? "0" : cursor));
    tool["description"] = "d";
    return json{{"tools", {tool}}, {"nextCursor", cursor.empty() ? "1" : "2"}};
  });
  const auto inspection = inspect_server();
  ASSERT_TRUE(inspection);
  EXPECT_EQ(inspection->tools.pages, 3U);
  EXPECT_EQ(inspection->tools.items.size(), 3U);
  EXPECT_THAT(seen(*inspection, "cursor-repeats"), HasSubstr("tools/list"));
  EXPECT_THAT(ids(*inspection), Contains("invalid-cursor-accepted"));
}

TEST_F(InspectHttpTest, FindsListsThatAreNone) {
  answer([](const json& request) -> std::optional<json> {
    if (request["method"] == "tools/list") return json{{"tools", "none"}};
    return std::nullopt;
  });
  const auto inspection = inspect_server();
  ASSERT_TRUE(inspection);
  EXPECT_THAT(seen(*inspection, "list-malformed"), HasSubstr("no array \"tools\""));
}

TEST_F(InspectHttpTest, FindsWrongAnswersToPlainRequests) {
  answer([](const json& request) -> std::optional<json> {
    if (request["method"] == "ping") return json{{"error", {{"code", -32601}, {"message", "what?"}}}};
    if (request["method"] == "switchyard/no-such-method") return json::object();
    if (request["method"] == "initialize" && request["params"]["protocolVersion"] == "2099-01-01") {
      return json{{"error", {{"code", -32602}, {"message", "Unsupported protocol version"}}}};
    }
    return std::nullopt;
  });
  const auto inspection = inspect_server();
  ASSERT_TRUE(inspection);
  EXPECT_THAT(ids(*inspection), testing::IsSupersetOf({"ping-unanswered", "unknown-method-accepted", "revision-refused"}));
}

TEST_F(InspectHttpTest, FindsRequestsThatGetNoAnswer) {
  answer([](const json&) { return std::nullopt; });
  loop_.run([this] { server_->held_method = "switchyard/no-such-method"; });
  const auto inspection = inspect_server(std::chrono::milliseconds(300));
  ASSERT_TRUE(inspection);
  EXPECT_THAT(ids(*inspection), Contains("unknown-method-unanswered"));
  loop_.run([this] { server_->release(); });
}

TEST_F(InspectHttpTest, FindsAGetThatIsNeitherStreamNorRefused) {
  answer([](const json&) { return std::nullopt; });
  loop_.run([this] { server_->get_status = 500; });
  const auto wrong = inspect_server();
  ASSERT_TRUE(wrong);
  EXPECT_EQ(seen(*wrong, "get-answer"), "GET is answered with HTTP 500");
  loop_.run([this] { server_->get_status = 405; });
  const auto right = inspect_server();
  ASSERT_TRUE(right);
  EXPECT_THAT(ids(*right), Not(Contains("get-answer")));
}

TEST_F(InspectHttpTest, SaysThatALoginIsWanted) {
  loop_.run([this] { server_->status = 401; });
  const auto inspection = inspect_server();
  ASSERT_FALSE(inspection);
  EXPECT_EQ(inspection.error().code, mcp::ErrorCode::login_required);
  EXPECT_THAT(inspection.error().remedy, HasSubstr("switchyard login "));
}

TEST_F(InspectHttpTest, JsonHasEverything) {
  answer([](const json&) { return std::nullopt; });
  const auto inspection = inspect_server();
  ASSERT_TRUE(inspection);
  const json read = json::parse(inspection_json(*inspection));
  EXPECT_EQ(read["revision"], "2025-11-25");
  EXPECT_EQ(read["server"]["name"], "fake");
  EXPECT_EQ(read["tools"][0]["name"], "one");
  EXPECT_TRUE(read["timings"].contains("handshake"));
  EXPECT_EQ(read["errors"], 1);
  const auto origin = std::ranges::find(read["findings"], "origin-unchecked", [](const json& one) { return one["id"]; });
  ASSERT_NE(origin, read["findings"].end());
  EXPECT_EQ((*origin)["severity"], "error");
  EXPECT_EQ((*origin)["page"], "https://modelcontextprotocol.io/specification/2025-11-25/basic/transports");
}

TEST(JudgeSessionIdTest, WantsVisibleAsciiAndEnoughOfIt) {
  const auto judged = [](const std::string& session) {
    Findings findings;
    judge_session_id(findings, session);
    return findings.all().empty() ? "" : std::string(findings.all().front().rule->id);
  };
  EXPECT_EQ(judged(""), "");
  EXPECT_EQ(judged("0f8fad5b-d9cb-469f-a165-70867728950e"), "");
  EXPECT_EQ(judged("1"), "session-id-guessable");
  EXPECT_EQ(judged("0f8fad5b d9cb 469f"), "session-id-invalid");
}

}  // namespace
}  // namespace gateway
