#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <string_view>

#include "mcp/adapt/adapt.h"
#include "tests/mcp/adapt/adapt_case.h"

namespace mcp {
namespace {

using enum ProtocolVersion;
using testing::HasSubstr;

constexpr std::string_view kRefused = "refused";  // the reader's revision cannot say it

using Adapt = Result<> (*)(Message&, Hop);

/// Adapts one case between every two revisions.
void expect_every_pair(const AdaptCase& c, Adapt adapt) {
  for (const ProtocolVersion from : kRevisions) {
    for (const ProtocolVersion to : kRevisions) {
      SCOPED_TRACE(std::string(to_string(from)) + " to " + std::string(to_string(to)));
      const std::string_view expected = to < from ? c.for_reader(to) : c.latest;
      Message request = Message::request("7", c.method, c.latest);
      const auto result = adapt(request, {.from = from, .to = to});
      EXPECT_EQ(result.has_value(), expected != kRefused);
      EXPECT_EQ(request.raw(request.envelope().params), expected == kRefused ? c.latest : expected);
      EXPECT_EQ(request.id(), "7");
      EXPECT_EQ(request.method(), c.method);
    }
  }
}

constexpr AdaptCase kClientRequests[] = {
    {.name = "Completion",
     .method = "completion/complete",
     .latest =
         R"({"ref":{"type":"ref/prompt","name":"p","title":"P"},"argument":{"name":"a","value":"v"},"context":{"arguments":{"b":"w"}}})",
     .v06_18 =
         R"({"ref":{"type":"ref/prompt","name":"p","title":"P"},"argument":{"name":"a","value":"v"},"context":{"arguments":{"b":"w"}}})",
     .v03_26 = R"({"ref":{"type":"ref/prompt","name":"p"},"argument":{"name":"a","value":"v"}})",
     .v11_05 = R"({"ref":{"type":"ref/prompt","name":"p"},"argument":{"name":"a","value":"v"}})"},
    {.name = "CallAsATask",
     .method = "tools/call",
     .latest =
         R"({"task":{"ttl":60000},"name":"t","arguments":{"task":1.0,"big":12345678901234567890},"_meta":{"progressToken":5,"io.modelcontextprotocol/related-task":{"taskId":"x"},"mine":0.10}})",
     .v06_18 = R"({"name":"t","arguments":{"task":1.0,"big":12345678901234567890},"_meta":{"progressToken":5,"mine":0.10}})",
     .v03_26 = R"({"name":"t","arguments":{"task":1.0,"big":12345678901234567890},"_meta":{"progressToken":5,"mine":0.10}})",
     .v11_05 = R"({"name":"t","arguments":{"task":1.0,"big":12345678901234567890},"_meta":{"progressToken":5,"mine":0.10}})"},
    {.name = "Tasks",
     .method = "tasks/get",
     .latest = R"({"taskId":"t"})",
     .v06_18 = kRefused,
     .v03_26 = kRefused,
     .v11_05 = kRefused},
    {.name = "Unknown",
     .method = "vendor/method",
     .latest = R"({"context":1,"task":2,"title":3})",
     .v06_18 = R"({"context":1,"task":2,"title":3})",
     .v03_26 = R"({"context":1,"task":2,"title":3})",
     .v11_05 = R"({"context":1,"task":2,"title":3})"},
    {.name = "NoParams", .method = "tools/list", .latest = "", .v06_18 = "", .v03_26 = "", .v11_05 = ""},
};

class AdaptRequestTest : public testing::TestWithParam<AdaptCase> {};

TEST_P(AdaptRequestTest, SaysWhatTheServerKnows) {
  expect_every_pair(GetParam(), adapt_request);
}

INSTANTIATE_TEST_SUITE_P(EveryPair, AdaptRequestTest, testing::ValuesIn(kClientRequests), name_of);

TEST(AdaptRequestSpansTest, FindsWhatIsRoutedAgain) {
  Message request =
      Message::request("7", "tools/call", R"({"task":{},"name":"t","arguments":{"a":1},"_meta":{"progressToken":"p"}})");
  ASSERT_TRUE(adapt_request(request, {.from = v2025_11_25, .to = v2025_06_18}));
  EXPECT_EQ(request.name(), "t");
  EXPECT_EQ(request.raw(request.envelope().arguments), R"({"a":1})");
  EXPECT_EQ(request.raw(request.envelope().meta_progress_token), R"("p")");
}

constexpr AdaptCase kServerRequests[] = {
    {.name = "Sampling",
     .method = "sampling/createMessage",
     .latest =
         R"({"messages":[{"role":"user","content":{"type":"text","text":"hi","annotations":{"lastModified":"d"},"_meta":{}},"_meta":{}}],"maxTokens":1e2,"task":{"ttl":1},"metadata":{"k":1}})",
     .v06_18 =
         R"({"messages":[{"role":"user","content":{"type":"text","text":"hi","annotations":{"lastModified":"d"},"_meta":{}}}],"maxTokens":1e2,"metadata":{"k":1}})",
     .v03_26 =
         R"({"messages":[{"role":"user","content":{"type":"text","text":"hi","annotations":{}}}],"maxTokens":1e2,"metadata":{"k":1}})",
     .v11_05 =
         R"({"messages":[{"role":"user","content":{"type":"text","text":"hi","annotations":{}}}],"maxTokens":1e2,"metadata":{"k":1}})"},
    {.name = "SamplingSeveralBlocks",
     .method = "sampling/createMessage",
     .latest =
         R"({"messages":[{"x":1,"content":[{"type":"text","text":"a"},{"type":"image","data":"AA==","mimeType":"image/png","_meta":{}}],"role":"user"},{"role":"assistant","content":[{"type":"text","text":"b"}]},{"role":"user","content":[]}],"maxTokens":5})",
     .v06_18 =
         R"({"messages":[{"x":1,"content":{"type":"text","text":"a"},"role":"user"},{"role":"user","content":{"type":"image","data":"AA==","mimeType":"image/png","_meta":{}}},{"role":"assistant","content":{"type":"text","text":"b"}},{"role":"user","content":{"type":"text","text":""}}],"maxTokens":5})",
     .v03_26 =
         R"({"messages":[{"x":1,"content":{"type":"text","text":"a"},"role":"user"},{"role":"user","content":{"type":"image","data":"AA==","mimeType":"image/png"}},{"role":"assistant","content":{"type":"text","text":"b"}},{"role":"user","content":{"type":"text","text":""}}],"maxTokens":5})",
     .v11_05 =
         R"({"messages":[{"x":1,"content":{"type":"text","text":"a"},"role":"user"},{"role":"user","content":{"type":"image","data":"AA==","mimeType":"image/png"}},{"role":"assistant","content":{"type":"text","text":"b"}},{"role":"user","content":{"type":"text","text":""}}],"maxTokens":5})"},
    {.name = "SamplingAudio",
     .method = "sampling/createMessage",
     .latest = R"({"messages":[{"role":"user","content":{"type":"audio","data":"AA==","mimeType":"audio/wav"}}],"maxTokens":5})",
     .v06_18 = R"({"messages":[{"role":"user","content":{"type":"audio","data":"AA==","mimeType":"audio/wav"}}],"maxTokens":5})",
     .v03_26 = R"({"messages":[{"role":"user","content":{"type":"audio","data":"AA==","mimeType":"audio/wav"}}],"maxTokens":5})",
     .v11_05 = kRefused},
    {.name = "SamplingTools",
     .method = "sampling/createMessage",
     .latest = R"({"messages":[],"maxTokens":5,"tools":[{"name":"t","inputSchema":{"type":"object"}}]})",
     .v06_18 = kRefused,
     .v03_26 = kRefused,
     .v11_05 = kRefused},
    {.name = "SamplingToolChoice",
     .method = "sampling/createMessage",
     .latest = R"({"messages":[],"maxTokens":5,"toolChoice":{"mode":"auto"}})",
     .v06_18 = kRefused,
     .v03_26 = kRefused,
     .v11_05 = kRefused},
    {.name = "SamplingToolUse",
     .method = "sampling/createMessage",
     .latest =
         R"({"messages":[{"role":"assistant","content":[{"type":"text","text":"a"},{"type":"tool_use","id":"1","name":"t","input":{}}]}],"maxTokens":5})",
     .v06_18 = kRefused,
     .v03_26 = kRefused,
     .v11_05 = kRefused},
    {.name = "SamplingToolResult",
     .method = "sampling/createMessage",
     .latest = R"({"messages":[{"role":"user","content":{"type":"tool_result","toolUseId":"1","content":[]}}],"maxTokens":5})",
     .v06_18 = kRefused,
     .v03_26 = kRefused,
     .v11_05 = kRefused},
    {.name = "SamplingRoleOfNobody",
     .method = "sampling/createMessage",
     .latest = R"({"messages":[{"role":"nobody","content":[{"type":"text","text":"a"}]}],"maxTokens":5})",
     .v06_18 = kRefused,
     .v03_26 = kRefused,
     .v11_05 = kRefused},
    {.name = "Form",
     .method = "elicitation/create",
     .latest =
         R"({"mode":"form","message":"m","task":{"ttl":1},"requestedSchema":{"$schema":"s","type":"object","properties":{"s":{"type":"string","format":"email","default":"d","minLength":1},"n":{"type":"integer","minimum":1.0,"default":2},"b":{"type":"boolean","default":true},"e":{"type":"string","enum":["a"],"enumNames":["A"],"default":"a"}},"required":["s"]}})",
     .v06_18 =
         R"({"message":"m","requestedSchema":{"type":"object","properties":{"s":{"type":"string","format":"email","minLength":1},"n":{"type":"integer","minimum":1.0},"b":{"type":"boolean","default":true},"e":{"type":"string","enum":["a"],"enumNames":["A"]}},"required":["s"]}})",
     .v03_26 = kRefused,
     .v11_05 = kRefused},
    {.name = "TitledChoices",
     .method = "elicitation/create",
     .latest =
         R"({"message":"m","requestedSchema":{"type":"object","properties":{"one":{"type":"string","title":"T","oneOf":[{"const":"a","title":"A"},{"const":"\"b\""}],"default":"a"},"any":{"type":"string","anyOf":[{"const":"c","title":"C"}]},"both":{"enum":["x"],"oneOf":[{"const":"x","title":"X"}]},"other":{"oneOf":[{"type":"null"}]}}}})",
     .v06_18 =
         R"({"message":"m","requestedSchema":{"type":"object","properties":{"one":{"type":"string","title":"T","enum":["a","\"b\""],"enumNames":["A","\"b\""]},"any":{"type":"string","enum":["c"],"enumNames":["C"]},"both":{"enum":["x"]},"other":{"oneOf":[{"type":"null"}]}}}})",
     .v03_26 = kRefused,
     .v11_05 = kRefused},
    {.name = "SeveralChoicesThatMayBeLeftOut",
     .method = "elicitation/create",
     .latest =
         R"({"message":"m","requestedSchema":{"type":"object","properties":{"many":{"type":"array","items":{"type":"string","enum":["a"]}},"s":{"type":"string"}},"required":["s"]}})",
     .v06_18 = R"({"message":"m","requestedSchema":{"type":"object","properties":{"s":{"type":"string"}},"required":["s"]}})",
     .v03_26 = kRefused,
     .v11_05 = kRefused},
    {.name = "SeveralChoicesThatMustBeMade",
     .method = "elicitation/create",
     .latest =
         R"({"message":"m","requestedSchema":{"type":"object","properties":{"many":{"type":"array","items":{"anyOf":[{"const":"a","title":"A"}]}},"s":{"type":"string"}},"required":["man\u0079"]}})",
     .v06_18 = kRefused,
     .v03_26 = kRefused,
     .v11_05 = kRefused},
    {.name = "NothingButSeveralChoices",
     .method = "elicitation/create",
     .latest =
         R"({"message":"m","requestedSchema":{"type":"object","properties":{"many":{"type":"array","items":{"type":"string","enum":["a"]}}}}})",
     .v06_18 = kRefused,
     .v03_26 = kRefused,
     .v11_05 = kRefused},
    {.name = "EmptyForm",
     .method = "elicitation/create",
     .latest = R"({"message":"m","requestedSchema":{"type":"object","properties":{}}})",
     .v06_18 = R"({"message":"m","requestedSchema":{"type":"object","properties":{}}})",
     .v03_26 = kRefused,
     .v11_05 = kRefused},
    {.name = "Url",
     .method = "elicitation/create",
     .latest = R"({"mode":"url","message":"m","elicitationId":"e","url":"https://a.example"})",
     .v06_18 = kRefused,
     .v03_26 = kRefused,
     .v11_05 = kRefused},
    {.name = "Roots",
     .method = "roots/list",
     .latest = R"({"_meta":{"k":1}})",
     .v06_18 = R"({"_meta":{"k":1}})",
     .v03_26 = R"({"_meta":{"k":1}})",
     .v11_05 = R"({"_meta":{"k":1}})"},
    {.name = "Ping", .method = "ping", .latest = "", .v06_18 = "", .v03_26 = "", .v11_05 = ""},
    {.name = "TasksOfTheClient", .method = "tasks/list", .latest = "", .v06_18 = kRefused, .v03_26 = kRefused, .v11_05 = kRefused},
};

class AdaptServerRequestTest : public testing::TestWithParam<AdaptCase> {};

TEST_P(AdaptServerRequestTest, SaysWhatTheClientKnows) {
  expect_every_pair(GetParam(), adapt_server_request);
}

INSTANTIATE_TEST_SUITE_P(EveryPair, AdaptServerRequestTest, testing::ValuesIn(kServerRequests), name_of);

Error refusal(std::string_view method, std::string_view params, ProtocolVersion to) {
  Message request = Message::request("7", method, params);
  const auto result = adapt_server_request(request, {.from = v2025_11_25, .to = to});
  EXPECT_FALSE(result);
  return result ? Error{} : result.error();
}

TEST(AdaptServerRequestErrorTest, NamesTheReason) {
  const Error none = refusal("elicitation/create", R"({"message":"m"})", v2025_03_26);
  EXPECT_EQ(none.code, ErrorCode::method_not_found);
  EXPECT_EQ(none.message, "elicitation/create does not exist in protocol revision 2025-03-26.");

  const Error url = refusal("elicitation/create", R"({"mode":"url","url":"https://a.example"})", v2025_06_18);
  EXPECT_EQ(url.code, ErrorCode::invalid_params);
  EXPECT_THAT(url.message, HasSubstr(R"(has no mode "url" in elicitation)"));

  const Error choice = refusal("elicitation/create",
                               R"({"requestedSchema":{"properties":{"colours":{"type":"array"}},"required":["colours"]}})",
                               v2025_06_18);
  EXPECT_EQ(choice.code, ErrorCode::invalid_params);
  EXPECT_THAT(choice.message, HasSubstr(R"(choice of several values ("colours"))"));

  const Error tools = refusal("sampling/createMessage", R"({"messages":[],"tools":[]})", v2025_06_18);
  EXPECT_EQ(tools.code, ErrorCode::invalid_params);
  EXPECT_THAT(tools.message, HasSubstr("(2025-06-18) has no tools in sampling"));
}

std::string client_result(std::string_view method, std::string_view result, ProtocolVersion to) {
  Message response = Message::result("7", result);
  adapt_client_result(method, response, {.from = v2025_11_25, .to = to});
  EXPECT_TRUE(Message::parse(std::string(response.text()))) << response.text();
  return std::string(response.raw(response.is_error() ? response.envelope().error : response.envelope().result));
}

TEST(AdaptClientResultTest, SamplingIsOneBlock) {
  constexpr std::string_view kMethod = "sampling/createMessage";
  const std::string plain = R"({"role":"assistant","content":{"type":"text","text":"a"},"model":"m","stopReason":"endTurn"})";
  EXPECT_EQ(client_result(kMethod, plain, v2024_11_05), plain);
  EXPECT_EQ(
      client_result(
          kMethod, R"({"role":"assistant","model":"m","content":[{"type":"image","data":"AA==","mimeType":"i/p"}]})", v2025_06_18),
      R"({"role":"assistant","model":"m","content":{"type":"image","data":"AA==","mimeType":"i/p"}})");
  EXPECT_EQ(
      client_result(kMethod, R"({"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}],"model":"m"})", v2025_06_18),
      R"({"content":{"type":"text","text":"a\nb"},"model":"m"})");
  EXPECT_EQ(
      client_result(
          kMethod, R"({"content":[{"type":"text","text":"a"},{"type":"tool_use","id":"1","name":"t","input":{}}]})", v2025_06_18),
      R"({"content":{"type":"text","text":"a\n[tool_use, left out: the reader's protocol revision has no place for it]"}})");
  EXPECT_EQ(client_result(kMethod, R"({"content":[]})", v2025_06_18), R"({"content":{"type":"text","text":""}})");
  EXPECT_EQ(client_result(
                kMethod, R"({"content":[{"type":"text","text":"a","_meta":{},"annotations":{"lastModified":"d"}}]})", v2025_03_26),
            R"({"content":{"type":"text","text":"a","annotations":{}}})");
  EXPECT_THAT(client_result(kMethod, R"({"content":{"type":"audio","data":"AAAA","mimeType":"audio/wav"}})", v2024_11_05),
              HasSubstr("[audio audio/wav, 3 bytes, left out"));
  const std::string several = R"({"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]})";
  EXPECT_EQ(client_result(kMethod, several, v2025_11_25), several);
}

TEST(AdaptClientResultTest, RootsAndForms) {
  EXPECT_EQ(client_result("roots/list", R"({"roots":[{"uri":"file:///a","name":"a","_meta":{}}]})", v2025_03_26),
            R"({"roots":[{"uri":"file:///a","name":"a"}]})");
  const std::string roots = R"({"roots":[{"uri":"file:///a","_meta":{}}]})";
  EXPECT_EQ(client_result("roots/list", roots, v2025_06_18), roots);
  const std::string form = R"({"action":"accept","content":{"n":1.0},"task":{"taskId":"x"}})";
  EXPECT_EQ(client_result("elicitation/create", form, v2025_06_18), form);
}

TEST(AdaptClientResultTest, ATaskIsAnError) {
  EXPECT_THAT(client_result("sampling/createMessage", R"({"task":{"taskId":"x"}})", v2025_06_18),
              HasSubstr("answered with a task"));
}

struct NotificationCase {
  std::string_view method, params;
  std::string_view v06_18, v03_26, v11_05;  // "" where it is not delivered
};

TEST(AdaptNotificationTest, DeliversWhatTheReaderKnows) {
  constexpr NotificationCase kCases[] = {
      {"notifications/progress",
       R"({"progressToken":"p","progress":0.10,"message":"m","_meta":{"io.modelcontextprotocol/related-task":{}}})",
       R"({"progressToken":"p","progress":0.10,"message":"m","_meta":{}})",
       R"({"progressToken":"p","progress":0.10,"message":"m","_meta":{}})",
       R"({"progressToken":"p","progress":0.10,"_meta":{}})"},
      {"notifications/message",
       R"({"level":"notice","data":{"message":1},"message":2})",
       R"({"level":"notice","data":{"message":1},"message":2})",
       R"({"level":"notice","data":{"message":1},"message":2})",
       R"({"level":"notice","data":{"message":1},"message":2})"},
      {"notifications/elicitation/complete", R"({"elicitationId":"e"})", "", "", ""},
      {"notifications/tasks/status", R"({"taskId":"t"})", "", "", ""},
      {"notifications/cancelled", R"({"reason":"r"})", "", "", ""},
      {"notifications/cancelled", R"({"requestId":1})", R"({"requestId":1})", R"({"requestId":1})", R"({"requestId":1})"},
      {"notifications/vendor", R"({"message":1})", R"({"message":1})", R"({"message":1})", R"({"message":1})"},
  };
  for (const NotificationCase& c : kCases) {
    SCOPED_TRACE(c.method);
    const auto expect = [&](ProtocolVersion to, std::string_view expected) {
      Message notification = Message::notification(c.method, c.params);
      EXPECT_EQ(adapt_notification(notification, {.from = v2025_11_25, .to = to}), !expected.empty()) << to_string(to);
      const std::string_view left = notification.raw(notification.envelope().params);
      if (!expected.empty()) {
        EXPECT_EQ(left, expected) << to_string(to);
      }
    };
    expect(v2025_11_25, c.params);
    expect(v2025_06_18, c.v06_18);
    expect(v2025_03_26, c.v03_26);
    expect(v2024_11_05, c.v11_05);
  }
}

TEST(AdaptNotificationTest, FindsTheTokenAgain) {
  Message progress = Message::notification("notifications/progress", R"({"message":"m","progressToken":"p","progress":1})");
  EXPECT_TRUE(adapt_notification(progress, {.from = v2025_03_26, .to = v2024_11_05}));
  EXPECT_EQ(progress.raw(progress.envelope().progress_token), R"("p")");
}

}  // namespace
}  // namespace mcp
