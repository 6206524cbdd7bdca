#include "gateway/routing/call_validation.h"

#include <gmock/gmock.h>

#include "tests/gateway/routing/router_fixture.h"
#include "tests/support/captured_log.h"

namespace gateway {
namespace {

using mcp::FakeServer;
using testing::AllOf;
using testing::HasSubstr;

/// A router whose server's calls are checked.
class CallValidationTest : public RouterTest {
 protected:
  FakeServer& serve(CallChecks checks, const json& input, const json& output = nullptr) {
    FakeServer& server = add_server();
    server.tools = {tool(input, output)};
    ServerSpec spec = remote("s", server.url());
    spec.checks = checks;
    settle(spec);
    validator_ = &validator_here_;
    open_initialized();
    view_->rebuild();
    return server;
  }

  static json tool(const json& input, const json& output = nullptr) {
    json tool = {{"name", "t"}, {"inputSchema", input}};
    if (!output.is_null()) tool["outputSchema"] = output;
    return tool;
  }

  static void answer_with(FakeServer& server, const json& result) {
    server.answer = [result](const json& request) -> std::optional<json> {
      return request["method"] == "tools/call" ? std::optional(result) : std::nullopt;
    };
  }

  static std::string text_of(const json& answer) { return answer["result"]["content"][0]["text"]; }
  static json reason_of(const json& answer) { return answer["result"]["_meta"]["switchyard/error"]["reason"]; }

  static inline const json kForecast = {{"type", "object"},
                                        {"properties", {{"city", {{"type", "string"}}}, {"days", {{"type", "integer"}}}}},
                                        {"required", {"city"}}};
  static inline const json kReport = {
      {"type", "object"}, {"properties", {{"degrees", {{"type", "number"}}}}}, {"required", {"degrees"}}};

  CallValidator validator_here_{loop_.get_executor()};
};

TEST_F(CallValidationTest, ArgumentsThatHoldReachTheServer) {
  FakeServer& server = serve({.arguments = true}, kForecast);
  const json answer = call("s__t", {{"city", "Oslo"}, {"days", 3.0}, {"more", nullptr}});
  EXPECT_EQ(text_of(answer), "called t");
  EXPECT_EQ(server.received.back()["params"]["arguments"]["city"], "Oslo");
}

TEST_F(CallValidationTest, ArgumentsThatDoNotHoldAreAToolError) {
  FakeServer& server = serve({.arguments = true}, kForecast);
  const json answer = call("s__t", {{"days", "two"}});
  EXPECT_EQ(answer["result"]["isError"], true);
  EXPECT_EQ(text_of(answer),
            "server \"s\" was not asked: the arguments for \"t\" do not match its input schema. Correct this and call again:\n"
            "- the required member \"city\" is missing\n"
            "- /days: expected integer, got string \"two\"");
  EXPECT_EQ(reason_of(answer), "invalid_params");
  EXPECT_EQ(server.count("tools/call"), 0U);
}

TEST_F(CallValidationTest, NoArgumentsAreAnEmptyObject) {
  serve({.arguments = true}, kForecast);
  EXPECT_THAT(text_of(ask("tools/call", {{"name", "s__t"}})), HasSubstr("\"city\" is missing"));
}

TEST_F(CallValidationTest, ResultsThatBreakTheirSchemaAreAToolError) {
  FakeServer& server = serve({.results = true}, kForecast, kReport);
  answer_with(server, {{"content", json::array()}, {"structuredContent", {{"degrees", 3.5}}}});
  EXPECT_EQ(call("s__t")["result"]["structuredContent"]["degrees"], 3.5);
  answer_with(server, {{"content", json::array()}, {"structuredContent", {{"degrees", "warm"}}}});
  const json answer = call("s__t");
  EXPECT_EQ(answer["result"]["isError"], true);
  EXPECT_EQ(reason_of(answer), "not_mcp");
  EXPECT_THAT(text_of(answer), AllOf(HasSubstr("output schema"), HasSubstr("\n- /degrees: expected number, got string \"warm\"")));
  answer_with(server, {{"content", json::array()}});
  EXPECT_THAT(text_of(call("s__t")), HasSubstr("has no structuredContent"));
}

TEST_F(CallValidationTest, ErrorsAndTasksHaveNoStructuredContent) {
  FakeServer& server = serve({.results = true}, kForecast, kReport);
  answer_with(server, {{"content", {{{"type", "text"}, {"text", "no such city"}}}}, {"isError", true}});
  EXPECT_EQ(text_of(call("s__t")), "no such city");
  answer_with(server, {{"task", {{"taskId", "1"}, {"status", "working"}}}});
  EXPECT_EQ(call("s__t")["result"]["task"]["taskId"], "1");
  answer_with(server, {{"error", {{"code", -32000}, {"message", "theirs"}}}});
  EXPECT_EQ(call("s__t")["error"]["message"], "theirs");
}

TEST_F(CallValidationTest, EachServerSaysWhatIsChecked) {
  FakeServer& server = serve({.results = true}, kForecast, kReport);
  answer_with(server, {{"content", json::array()}, {"structuredContent", {{"degrees", 1}}}});
  EXPECT_FALSE(call("s__t", {{"days", "two"}})["result"].contains("isError"));
}

TEST_F(CallValidationTest, ANewListHasNewSchemas) {
  FakeServer& server = serve({.arguments = true}, kForecast);
  EXPECT_TRUE(call("s__t")["result"].contains("isError"));
  server.tools = {tool({{"type", "object"}})};
  const int before = catalogs_;
  server.notify("notifications/tools/list_changed");
  mcp::run_until(loop_, [&] { return catalogs_ > before; });
  EXPECT_EQ(text_of(call("s__t")), "called t");
}

TEST_F(CallValidationTest, ASchemaThatCannotBeUsedChecksNothing) {
  const mcp::CapturedLog log(mcp::LogFormat::text, "info");
  serve({.arguments = true}, {{"type", "object"}, {"$ref", "https://example.com/elsewhere"}});
  EXPECT_EQ(text_of(call("s__t")), "called t");
  EXPECT_EQ(text_of(call("s__t")), "called t");
  EXPECT_THAT(log.lines(),
              testing::Contains(AllOf(HasSubstr("schema cannot be used"), HasSubstr("https://example.com/elsewhere"))).Times(1));
}

TEST_F(CallValidationTest, ArgumentsThatCannotBeCheckedAreRefused) {
  FakeServer& server =
      serve({.arguments = true}, {{"$defs", {{"a", {{"anyOf", {{{"$ref", "#/$defs/a"}}, true}}}}}}, {"$ref", "#/$defs/a"}});
  const json answer = call("s__t");
  EXPECT_EQ(reason_of(answer), "too_large");
  EXPECT_THAT(text_of(answer), AllOf(HasSubstr("cannot be checked"), HasSubstr("\"validate\"")));
  EXPECT_EQ(server.count("tools/call"), 0U);
}

TEST_F(CallValidationTest, ACancelledCallNoLongerWaitsForItsCheck) {
  FakeServer& server = serve({.arguments = true}, kForecast);
  // Checks that take all the steps there are, for both threads and more.
  json defs = {{"d0", {{"type", "string"}}}};
  for (int i = 1; i < 40; ++i) {
    const json reference = {{"$ref", "#/$defs/d" + std::to_string(i - 1)}};
    defs["d" + std::to_string(i)] = {{"anyOf", {reference, reference}}};
  }
  server.tools.push_back(tool({{"$defs", defs}, {"$ref", "#/$defs/d39"}}));
  server.tools.back()["name"] = "slow";
  const int before = catalogs_;
  server.notify("notifications/tools/list_changed");
  mcp::run_until(loop_, [&] { return catalogs_ > before; });
  for (int i = 0; i < 8; ++i)
    spawn(i, "tools/call", {{"name", "s__slow"}});
  spawn(8, "tools/call", {{"name", "s__t"}, {"arguments", {{"city", "Oslo"}}}});
  session_->accept(*mcp::Message::parse(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":8}})"));
  mcp::run_until(loop_, [&] { return answers_.size() >= 10; });
  EXPECT_TRUE(answers_["8"].is_null());
  EXPECT_EQ(reason_of(answers_["0"]), "too_large");
  EXPECT_EQ(server.count("tools/call"), 0U);
}

TEST_F(CallValidationTest, ManyCallsAtOnce) {
  FakeServer& server = serve({.arguments = true, .results = true}, kForecast, kReport);
  answer_with(server, {{"content", json::array()}, {"structuredContent", {{"degrees", 1}}}});
  constexpr int kCalls = 60;  // ids below those of the fixture
  for (int i = 0; i < kCalls; ++i)
    spawn(i, "tools/call", {{"name", "s__t"}, {"arguments", {{"city", i % 2 == 0 ? json("Oslo") : json(i)}}}});
  for (int i = 0; i < kCalls; ++i) {
    mcp::run_until(loop_, [&] { return answered(i); });
    EXPECT_EQ(answers_[std::to_string(i)]["result"].contains("isError"), i % 2 != 0) << i;
  }
}

}  // namespace
}  // namespace gateway
