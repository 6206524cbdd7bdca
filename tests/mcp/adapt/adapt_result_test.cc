#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "mcp/adapt/adapt.h"
#include "tests/mcp/adapt/adapt_case.h"

namespace mcp {
namespace {

using enum ProtocolVersion;
using json = nlohmann::ordered_json;
using testing::HasSubstr;

std::string adapted(std::string_view method, std::string_view result, Hop hop) {
  Message response = Message::result("7", result);
  adapt_result(method, response, hop);
  EXPECT_TRUE(Message::parse(std::string(response.text()))) << response.text();
  EXPECT_EQ(response.id(), "7");
  return std::string(response.raw(response.envelope().result));
}

constexpr AdaptCase kCases[] = {
    {.name = "Tool",
     .method = "tools/list",
     .latest =
         R"({"tools":[{"name":"a","title":"A","description":"d","x":1.50,"inputSchema":{"$schema":"s","type":"object"},"icons":[{"src":"i"}],"execution":{"taskSupport":"optional"},"outputSchema":{"type":"object"},"annotations":{"readOnlyHint":true},"_meta":{"k":1}}],"nextCursor":"c"})",
     .v06_18 =
         R"({"tools":[{"name":"a","title":"A","description":"d","x":1.50,"inputSchema":{"$schema":"s","type":"object"},"outputSchema":{"type":"object"},"annotations":{"readOnlyHint":true},"_meta":{"k":1}}],"nextCursor":"c"})",
     .v03_26 =
         R"({"tools":[{"name":"a","description":"d","x":1.50,"inputSchema":{"$schema":"s","type":"object"},"annotations":{"title":"A","readOnlyHint":true}}],"nextCursor":"c"})",
     .v11_05 =
         R"({"tools":[{"name":"a","description":"d","x":1.50,"inputSchema":{"$schema":"s","type":"object"}}],"nextCursor":"c"})"},
    {.name = "ToolTitleWithoutAnnotations",
     .method = "tools/list",
     .latest = R"({"tools":[{"title":"A","name":"a"},{"icons":[],"execution":{}},{"name":"b","title":"B","annotations":{}}]})",
     .v06_18 = R"({"tools":[{"title":"A","name":"a"},{},{"name":"b","title":"B","annotations":{}}]})",
     .v03_26 = R"({"tools":[{"annotations":{"title":"A"},"name":"a"},{},{"name":"b","annotations":{"title":"B"}}]})",
     .v11_05 = R"({"tools":[{"name":"a"},{},{"name":"b"}]})"},
    {.name = "ToolTitleOfAnnotationsStays",
     .method = "tools/list",
     .latest = R"({"tools":[{"name":"a","title":"A","annotations":{"title":"B"}}]})",
     .v06_18 = R"({"tools":[{"name":"a","title":"A","annotations":{"title":"B"}}]})",
     .v03_26 = R"({"tools":[{"name":"a","annotations":{"title":"B"}}]})",
     .v11_05 = R"({"tools":[{"name":"a"}]})"},
    {.name = "Prompt",
     .method = "prompts/list",
     .latest =
         R"({"prompts":[{"name":"p","title":"P","icons":[],"arguments":[{"name":"n","title":"N","required":true}],"_meta":{},"y":null}]})",
     .v06_18 =
         R"({"prompts":[{"name":"p","title":"P","arguments":[{"name":"n","title":"N","required":true}],"_meta":{},"y":null}]})",
     .v03_26 = R"({"prompts":[{"name":"p","arguments":[{"name":"n","required":true}],"y":null}]})",
     .v11_05 = R"({"prompts":[{"name":"p","arguments":[{"name":"n","required":true}],"y":null}]})"},
    {.name = "Resource",
     .method = "resources/list",
     .latest =
         R"({"resources":[{"uri":"f:///1","name":"r","title":"R","icons":[],"size":9007199254740993,"annotations":{"priority":0.10,"lastModified":"2025-01-01"},"_meta":{}}]})",
     .v06_18 =
         R"({"resources":[{"uri":"f:///1","name":"r","title":"R","size":9007199254740993,"annotations":{"priority":0.10,"lastModified":"2025-01-01"},"_meta":{}}]})",
     .v03_26 = R"({"resources":[{"uri":"f:///1","name":"r","size":9007199254740993,"annotations":{"priority":0.10}}]})",
     .v11_05 = R"({"resources":[{"uri":"f:///1","name":"r","size":9007199254740993,"annotations":{"priority":0.10}}]})"},
    {.name = "Template",
     .method = "resources/templates/list",
     .latest = R"({"resourceTemplates":[{"uriTemplate":"f:///{n}","name":"t","title":"T","icons":[],"_meta":{}}]})",
     .v06_18 = R"({"resourceTemplates":[{"uriTemplate":"f:///{n}","name":"t","title":"T","_meta":{}}]})",
     .v03_26 = R"({"resourceTemplates":[{"uriTemplate":"f:///{n}","name":"t"}]})",
     .v11_05 = R"({"resourceTemplates":[{"uriTemplate":"f:///{n}","name":"t"}]})"},
    {.name = "Contents",
     .method = "resources/read",
     .latest = R"({"contents":[{"uri":"f:///1","text":"t","_meta":{"k":1}},{"uri":"f:///2","blob":"AA=="}]})",
     .v06_18 = R"({"contents":[{"uri":"f:///1","text":"t","_meta":{"k":1}},{"uri":"f:///2","blob":"AA=="}]})",
     .v03_26 = R"({"contents":[{"uri":"f:///1","text":"t"},{"uri":"f:///2","blob":"AA=="}]})",
     .v11_05 = R"({"contents":[{"uri":"f:///1","text":"t"},{"uri":"f:///2","blob":"AA=="}]})"},
    {.name = "Blocks",
     .method = "tools/call",
     .latest =
         R"({"content":[{"type":"text","text":"t","annotations":{"lastModified":"d"},"_meta":{}},{"type":"resource","resource":{"uri":"u","text":"t","_meta":{}}},{"type":"resource_link","uri":"f:///1","name":"n","title":"N","icons":[],"mimeType":"a/b","description":"D","annotations":{"priority":1e0,"lastModified":"d"}},{"type":"audio","data":"AAAAAAAA","mimeType":"audio/wav"},{"type":"other","icons":[]}],"isError":false})",
     .v06_18 =
         R"({"content":[{"type":"text","text":"t","annotations":{"lastModified":"d"},"_meta":{}},{"type":"resource","resource":{"uri":"u","text":"t","_meta":{}}},{"type":"resource_link","uri":"f:///1","name":"n","title":"N","mimeType":"a/b","description":"D","annotations":{"priority":1e0,"lastModified":"d"}},{"type":"audio","data":"AAAAAAAA","mimeType":"audio/wav"},{"type":"other","icons":[]}],"isError":false})",
     .v03_26 =
         R"({"content":[{"type":"text","text":"t","annotations":{}},{"type":"resource","resource":{"uri":"u","text":"t"}},{"type":"text","text":"N\nf:///1 (a/b)\nD","annotations":{"priority":1e0}},{"type":"audio","data":"AAAAAAAA","mimeType":"audio/wav"},{"type":"other","icons":[]}],"isError":false})",
     .v11_05 =
         R"({"content":[{"type":"text","text":"t","annotations":{}},{"type":"resource","resource":{"uri":"u","text":"t"}},{"type":"text","text":"N\nf:///1 (a/b)\nD","annotations":{"priority":1e0}},{"type":"text","text":"[audio audio/wav, 6 bytes, left out: the reader's protocol revision has no place for it]"},{"type":"other","icons":[]}],"isError":false})"},
    {.name = "StructuredBesideText",
     .method = "tools/call",
     .latest = R"({"content":[{"type":"text","text":"{}"}],"structuredContent":{"a":1}})",
     .v06_18 = R"({"content":[{"type":"text","text":"{}"}],"structuredContent":{"a":1}})",
     .v03_26 = R"({"content":[{"type":"text","text":"{}"}]})",
     .v11_05 = R"({"content":[{"type":"text","text":"{}"}]})"},
    {.name = "StructuredBesideALink",
     .method = "tools/call",
     .latest = R"({"structuredContent":{"a":1.0},"content":[{"type":"resource_link","uri":"u","name":"n"}]})",
     .v06_18 = R"({"structuredContent":{"a":1.0},"content":[{"type":"resource_link","uri":"u","name":"n"}]})",
     .v03_26 = R"({"content":[{"type":"text","text":"n\nu"},{"type":"text","text":"{\"a\":1.0}"}]})",
     .v11_05 = R"({"content":[{"type":"text","text":"n\nu"},{"type":"text","text":"{\"a\":1.0}"}]})"},
    {.name = "StructuredOnly",
     .method = "tools/call",
     .latest = R"({"content":[ ],"structuredContent":{"a":12345678901234567890}})",
     .v06_18 = R"({"content":[ ],"structuredContent":{"a":12345678901234567890}})",
     .v03_26 = R"({"content":[ {"type":"text","text":"{\"a\":12345678901234567890}"}]})",
     .v11_05 = R"({"content":[ {"type":"text","text":"{\"a\":12345678901234567890}"}]})"},
    {.name = "StructuredWithoutContent",
     .method = "tools/call",
     .latest = R"({"structuredContent":{"a":1},"isError":true})",
     .v06_18 = R"({"structuredContent":{"a":1},"isError":true})",
     .v03_26 = R"({"content":[{"type":"text","text":"{\"a\":1}"}],"isError":true})",
     .v11_05 = R"({"content":[{"type":"text","text":"{\"a\":1}"}],"isError":true})"},
    {.name = "PromptMessages",
     .method = "prompts/get",
     .latest =
         R"({"description":"d","messages":[{"role":"user","content":{"type":"resource_link","uri":"u","name":"n"}},{"role":"user","content":{"type":"text","text":"t","_meta":{}}}]})",
     .v06_18 =
         R"({"description":"d","messages":[{"role":"user","content":{"type":"resource_link","uri":"u","name":"n"}},{"role":"user","content":{"type":"text","text":"t","_meta":{}}}]})",
     .v03_26 =
         R"({"description":"d","messages":[{"role":"user","content":{"type":"text","text":"n\nu"}},{"role":"user","content":{"type":"text","text":"t"}}]})",
     .v11_05 =
         R"({"description":"d","messages":[{"role":"user","content":{"type":"text","text":"n\nu"}},{"role":"user","content":{"type":"text","text":"t"}}]})"},
    {.name = "Initialize",
     .method = "initialize",
     .latest =
         R"({"capabilities":{"completions":{},"tools":{},"tasks":{},"extensions":{}},"serverInfo":{"name":"n","title":"N","version":"1","icons":[],"websiteUrl":"w","description":"d"},"instructions":"i"})",
     .v06_18 =
         R"({"capabilities":{"completions":{},"tools":{},"extensions":{}},"serverInfo":{"name":"n","title":"N","version":"1"},"instructions":"i"})",
     .v03_26 =
         R"({"capabilities":{"completions":{},"tools":{},"extensions":{}},"serverInfo":{"name":"n","version":"1"},"instructions":"i"})",
     .v11_05 = R"({"capabilities":{"tools":{},"extensions":{}},"serverInfo":{"name":"n","version":"1"},"instructions":"i"})"},
    {.name = "Completion",
     .method = "completion/complete",
     .latest =
         R"({"completion":{"values":["a"],"total":1.0}, "_meta":{"io.modelcontextprotocol/related-task":{"taskId":"1"},"mine":2}})",
     .v06_18 = R"({"completion":{"values":["a"],"total":1.0}, "_meta":{"mine":2}})",
     .v03_26 = R"({"completion":{"values":["a"],"total":1.0}, "_meta":{"mine":2}})",
     .v11_05 = R"({"completion":{"values":["a"],"total":1.0}, "_meta":{"mine":2}})"},
    {.name = "EscapedKeys",
     .method = "tools/list",
     .latest = R"({"tools":[{"ic\u006fns":[],"name":"a","\u005fmeta":{}}]})",
     .v06_18 = R"({"tools":[{"name":"a","\u005fmeta":{}}]})",
     .v03_26 = R"({"tools":[{"name":"a"}]})",
     .v11_05 = R"({"tools":[{"name":"a"}]})"},
    {.name = "EscapedSlash",
     .method = "tools/call",
     .latest = R"({"content":[],"_meta":{"io.modelcontextprotocol\/related-task":{"taskId":"t"}}})",
     .v06_18 = R"({"content":[],"_meta":{}})",
     .v03_26 = R"({"content":[],"_meta":{}})",
     .v11_05 = R"({"content":[],"_meta":{}})"},
    {.name = "Nonsense",
     .method = "tools/list",
     .latest = R"({"tools":[1,null,"icons",[{"icons":1}],{}],"prompts":[{"icons":1}]})",
     .v06_18 = R"({"tools":[1,null,"icons",[{"icons":1}],{}],"prompts":[{"icons":1}]})",
     .v03_26 = R"({"tools":[1,null,"icons",[{"icons":1}],{}],"prompts":[{"icons":1}]})",
     .v11_05 = R"({"tools":[1,null,"icons",[{"icons":1}],{}],"prompts":[{"icons":1}]})"},
    {.name = "ResultsOfWrongKinds",
     .method = "tools/call",
     .latest = R"({"content":null,"structuredContent":[1],"isError":"yes"})",
     .v06_18 = R"({"content":null,"structuredContent":[1],"isError":"yes"})",
     .v03_26 = R"({"content":null,"isError":"yes"})",
     .v11_05 = R"({"content":null,"isError":"yes"})"},
};

class AdaptResultTest : public testing::TestWithParam<AdaptCase> {};

TEST_P(AdaptResultTest, SaysWhatTheReaderKnows) {
  const AdaptCase& c = GetParam();
  for (const ProtocolVersion from : kRevisions) {
    for (const ProtocolVersion to : kRevisions) {
      const std::string_view expected = to < from ? c.for_reader(to) : c.latest;
      EXPECT_EQ(adapted(c.method, c.latest, {.from = from, .to = to}), expected) << to_string(from) << " to " << to_string(to);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(EveryPair, AdaptResultTest, testing::ValuesIn(kCases), name_of);

/// Adapting step by step must end where adapting at once does: several hops may lie between two sides.
TEST_P(AdaptResultTest, IsTheSameInSteps) {
  const AdaptCase& c = GetParam();
  std::string text(c.latest);
  for (const ProtocolVersion to : {v2025_06_18, v2025_03_26, v2024_11_05}) {
    text = adapted(c.method, text, {.from = v2025_11_25, .to = to});
    EXPECT_EQ(text, c.for_reader(to));
  }
}

TEST(AdaptResultErrorTest, ATaskIsAnErrorForWhoKnowsNone) {
  const std::string result = R"({"task":{"taskId":"t1","status":"working","ttl":null}})";
  for (const ProtocolVersion to : {v2025_06_18, v2025_03_26, v2024_11_05}) {
    const json read = json::parse(adapted("tools/call", result, {.from = v2025_11_25, .to = to}));
    EXPECT_EQ(read["isError"], true);
    EXPECT_THAT(read["content"][0]["text"], HasSubstr("has no tasks"));
    EXPECT_FALSE(read.contains("task"));
  }
  EXPECT_EQ(adapted("tools/call", result, {.from = v2025_11_25, .to = v2025_11_25}), result);
  const std::string other = R"({"task":"mine","content":[]})";
  EXPECT_EQ(adapted("tools/call", other, {.from = v2025_11_25, .to = v2024_11_05}), other);
}

Message visit_wanted() {
  return Message::error(
      "7",
      -32042,
      "Sign in first.",
      R"({"elicitations":[{"mode":"url","elicitationId":"e","url":"https://a.example/x","message":"Sign in:"}]})");
}

TEST(AdaptResultErrorTest, AVisitIsToldInAToolsError) {
  Message response = visit_wanted();
  adapt_result("tools/call", response, {.from = v2025_11_25, .to = v2025_06_18});
  const json read = json::parse(response.text());
  EXPECT_EQ(read["id"], 7);
  EXPECT_EQ(read["result"]["isError"], true);
  EXPECT_EQ(read["result"]["content"][0]["text"], "Sign in first.\nSign in: https://a.example/x");
}

TEST(AdaptResultErrorTest, AVisitIsToldInAPlainError) {
  Message response = visit_wanted();
  adapt_result("prompts/get", response, {.from = v2025_11_25, .to = v2024_11_05});
  const json read = json::parse(response.text());
  EXPECT_EQ(read["error"]["code"], -32603);
  EXPECT_EQ(read["error"]["message"], "Sign in first.\nSign in: https://a.example/x");
}

TEST(AdaptResultErrorTest, OtherErrorsStay) {
  Message response = Message::error("7", -32002, "Not found", R"({"uri":"f:///1"})");
  const std::string before(response.text());
  adapt_result("resources/read", response, {.from = v2025_11_25, .to = v2024_11_05});
  EXPECT_EQ(response.text(), before);
  Message visit = visit_wanted();
  const std::string same(visit.text());
  adapt_result("tools/call", visit, {.from = v2025_11_25, .to = v2025_11_25});
  EXPECT_EQ(visit.text(), same);
}

}  // namespace
}  // namespace mcp
