#include "gateway/inspect/check_items.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "gateway/inspect/inspection_json.h"
#include "gateway/inspect/rules.h"

namespace gateway {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

/// "rule: seen: subject, subject".
std::vector<std::string> found(const Inspection& inspection) {
  std::vector<std::string> lines;
  for (const Finding& finding : inspection.findings.all()) {
    std::string line = std::string(finding.rule->id) + ": " + finding.seen;
    for (const std::string& subject : finding.subjects) {
      line += (subject == finding.subjects.front() ? ": " : ", ") + subject;
    }
    lines.push_back(line);
  }
  return lines;
}

std::vector<std::string> check_tools(std::vector<std::string> tools, mcp::ProtocolVersion revision = mcp::kLatestVersion) {
  Inspection inspection;
  inspection.revision = revision;
  inspection.tools.items = std::move(tools);
  check_items(inspection);
  return found(inspection);
}

TEST(CheckItemsTest, GoodToolsHaveNoFindings) {
  EXPECT_THAT(
      check_tools({R"({"name":"a.b-C_1","description":"does","inputSchema":{"type":"object","properties":{},"required":[]}})",
                   R"({"name":"b","description":"does","inputSchema":{"type":"object"},"outputSchema":{"type":"object"}})",
                   R"({"name":"c","description":"d","inputSchema":{"type":"object"},"execution":{"taskSupport":"forbidden"}})"}),
      IsEmpty());
}

TEST(CheckItemsTest, Names) {
  const auto named = [](const std::string& name) {
    return R"({"name":")" + name + R"(","description":"d","inputSchema":{"type":"object"}})";
  };
  EXPECT_THAT(check_tools({named("a b"), named("ä")}),
              ElementsAre("tool-name-characters: tool names with other characters: a b, ä"));
  EXPECT_THAT(check_tools({named("a"), named("b"), named("a")}), ElementsAre("tool-name-twice: tools of the same name: a"));
  EXPECT_THAT(check_tools({named("")}), ElementsAre("tool-without-name: tools whose name is missing or empty"));
  EXPECT_THAT(check_tools({named(std::string(64, 'x'))}), IsEmpty());
  EXPECT_THAT(check_tools({named(std::string(65, 'x'))}),
              ElementsAre("tool-name-long: tool names of more than 64 characters: " + std::string(65, 'x')));
  EXPECT_THAT(check_tools({named(std::string(129, 'x'))}),
              ElementsAre("tool-name-characters: tool names of more than 128 characters: " + std::string(80, 'x') + "…"));
}

TEST(CheckItemsTest, DescriptionsAndSchemas) {
  const auto with = [](const std::string& members) { return R"({"name":"t",)" + members + "}"; };
  EXPECT_THAT(check_tools({with(R"("description":" ","inputSchema":{"type":"object"})")}),
              ElementsAre("tool-without-description: tools without a description: t"));
  const auto schema = [&](const std::string& json) { return check_tools({with(R"("description":"d","inputSchema":)" + json)}); };
  EXPECT_THAT(check_tools({with(R"("description":"d")")}), ElementsAre("input-schema-invalid: inputSchema is missing: t"));
  EXPECT_THAT(schema("true"), ElementsAre("input-schema-invalid: inputSchema is no object: t"));
  EXPECT_THAT(schema("{}"), ElementsAre("input-schema-invalid: inputSchema has no type: t"));
  EXPECT_THAT(schema(R"({"type":"string"})"), ElementsAre("input-schema-invalid: inputSchema has another type than object: t"));
  EXPECT_THAT(schema(R"({"type":"object","properties":[]})"),
              ElementsAre("input-schema-invalid: inputSchema has properties that are no object: t"));
  EXPECT_THAT(schema(R"({"type":"object","required":true})"),
              ElementsAre("input-schema-invalid: inputSchema has a required that is no array: t"));
  EXPECT_THAT(schema(R"({"type":"object"},"outputSchema":{"type":"array"})"),
              ElementsAre("output-schema-invalid: outputSchema has another type than object: t"));
}

TEST(CheckItemsTest, SchemasAreThoseOfTheirDialect) {
  const auto schema = [](const std::string& json) {
    const auto lines = check_tools({R"({"name":"t","description":"d","inputSchema":)" + json + "}"});
    return lines.empty() ? "" : lines.front();
  };
  EXPECT_THAT(schema(R"({"type":"object","properties":{"a":{"type":"strin"}}})"),
              StartsWith("input-schema-invalid: inputSchema is no valid JSON Schema: "));
  EXPECT_THAT(schema(R"({"type":"object","properties":{"a":{"$ref":"#/$defs/none"}}})"),
              StartsWith("input-schema-invalid: inputSchema is no valid JSON Schema: "));
  EXPECT_EQ(schema(R"({"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{"a":{"minimum":0}}})"),
            "");
  // What another dialect allows, nobody can tell here.
  EXPECT_EQ(schema(R"({"$schema":"http://json-schema.org/draft-04/schema#","type":"object","properties":{"a":{"type":"any"}}})"),
            "");
}

TEST(CheckItemsTest, SchemasThatCannotBeCheckedAreNotCalledWrong) {
  const auto schema = [](const std::string& members) {
    const auto lines = check_tools(
        {R"({"name":"t","description":"d","inputSchema":{"type":"object"},"outputSchema":{"type":"object",)" + members + "}}"});
    return lines.empty() ? "" : lines.front();
  };
  EXPECT_THAT(schema(R"("properties":{"a":{"$ref":"https://example.com/a.json"}})"),
              AllOf(StartsWith("schema-refers-outside: outputSchema refers outside itself: "), HasSubstr("example.com/a.json")));
  constexpr std::string_view kBeyond = "schema-beyond-checks: outputSchema goes beyond what Switchyard checks: ";
  EXPECT_THAT(schema(R"("properties":{"a":{"multipleOf":0.)" + std::string(40, '3') + "}}"), StartsWith(kBeyond));
  EXPECT_THAT(schema(R"("title":")" + std::string(2 << 20, 't') + "\""), StartsWith(kBeyond));
  std::string patterns, values;
  for (int i = 0; i < 300; ++i)
    patterns += (i == 0 ? "" : ",") + (R"({"pattern":")" + std::to_string(i) + "\"}");
  for (int i = 0; i < 100'000; ++i)
    values += "1,";
  EXPECT_THAT(schema(R"("properties":{"a":{"anyOf":[)" + patterns + "]}}"), StartsWith(kBeyond));
  EXPECT_THAT(schema(R"("enum":[)" + values + "1]"), StartsWith(kBeyond));
  EXPECT_EQ(rules::kSchemaOutside.severity, Severity::warning);
  EXPECT_EQ(rules::kSchemaBeyond.severity, Severity::warning);
}

TEST(CheckItemsTest, TasksWantTheCapability) {
  const std::string tool =
      R"({"name":"t","description":"d","inputSchema":{"type":"object"},"execution":{"taskSupport":"required"}})";
  EXPECT_THAT(check_tools({tool}),
              ElementsAre("task-support-undeclared: tools that may be called as tasks, without the capability: t"));
  EXPECT_THAT(check_tools({tool}, mcp::ProtocolVersion::v2025_06_18),
              ElementsAre(R"(members-of-a-later-revision: tools with "execution": t)"));
  Inspection inspection;
  inspection.capabilities = R"({"tasks":{"requests":{"tools":{"call":{}}}}})";
  inspection.tools.items = {tool};
  check_items(inspection);
  EXPECT_THAT(found(inspection), ElementsAre("task-required: tools that must be called as tasks: t"));
}

TEST(CheckItemsTest, MembersOfLaterRevisions) {
  const std::string tool = R"({"name":"t","title":"T","description":"d","inputSchema":{"type":"object"},"icons":[],"mine":1})";
  EXPECT_THAT(check_tools({tool}), IsEmpty());
  EXPECT_THAT(check_tools({tool}, mcp::ProtocolVersion::v2025_06_18),
              ElementsAre(R"(members-of-a-later-revision: tools with "icons": t)"));
  EXPECT_THAT(check_tools({tool}, mcp::ProtocolVersion::v2025_03_26),
              ElementsAre(R"(members-of-a-later-revision: tools with "icons": t)",
                          R"(members-of-a-later-revision: tools with "title": t)"));
}

TEST(CheckItemsTest, OtherItemsHaveNamesAndAddresses) {
  Inspection inspection;
  inspection.prompts.items = {R"({"name":"p"})", "{}"};
  inspection.resources.items = {R"({"uri":"f:///a","name":"r"})", R"({"uri":"f:///b"})", R"({"name":"c"})"};
  inspection.templates.items = {R"({"uriTemplate":"f:///{a}","name":"t"})", R"({"name":"u"})"};
  check_items(inspection);
  EXPECT_THAT(found(inspection),
              ElementsAre("item-incomplete: prompts without a name: (no name)",
                          "item-incomplete: resources without a name: f:///b",
                          "item-incomplete: resources without a uri: c",
                          "item-incomplete: resourceTemplates without a uriTemplate: u"));
}

TEST(PageUrlTest, LeadsToTheRevisionsOwnPages) {
  EXPECT_EQ(page_url(rules::kPing, mcp::ProtocolVersion::v2024_11_05),
            "https://modelcontextprotocol.io/specification/2024-11-05/basic/utilities/ping");
  EXPECT_EQ(page_url(rules::kNewerMembers, mcp::ProtocolVersion::v2024_11_05),
            "https://github.com/modelcontextprotocol/modelcontextprotocol/blob/main/schema/2024-11-05/schema.ts");
}

TEST(FindingsTest, KeepsABoundedNumberOfSubjects) {
  Findings findings;
  for (int i = 0; i < 250; ++i) {
    findings.add(rules::kToolUndescribed, "tools without a description", std::to_string(i));
  }
  findings.add(rules::kPing, "no answer");
  findings.add(rules::kPing, "no answer");
  ASSERT_EQ(findings.all().size(), 2U);
  EXPECT_EQ(findings.all().front().subjects.size(), Findings::kMostSubjects);
  EXPECT_EQ(findings.all().front().left_out, 150U);
  EXPECT_EQ(findings.count(Severity::error), 1U);
  EXPECT_EQ(findings.count(Severity::warning), 1U);
  EXPECT_EQ(findings.count(Severity::note), 0U);
}

}  // namespace
}  // namespace gateway
