#include "mcp/adapt/capabilities.h"

#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <vector>

namespace mcp {
namespace {

using enum ProtocolVersion;

constexpr std::string_view kEverything =
    R"({ "roots": {"listChanged": true, "x": 1}, "sampling": {"tools": {"y":2}, "context":{}}, "elicitation": {"url":{}, "form":{"z":3}},
     "tasks": {"list":{}, "requests":{"sampling":{"createMessage":{}}}}, "experimental": {"a":{}}, "extensions": {"b":{}}, "other": {} })";

struct Case {
  std::string_view declared;
  ProtocolVersion client, server;
  std::string_view offered;
};

class AdaptCapabilitiesTest : public testing::TestWithParam<Case> {};

TEST_P(AdaptCapabilitiesTest, OffersWhatBothKnow) {
  const Case& c = GetParam();
  EXPECT_EQ(adapt_capabilities(c.declared, c.client, c.server), c.offered) << c.declared;
}

INSTANTIATE_TEST_SUITE_P(
    ByServer,
    AdaptCapabilitiesTest,
    testing::Values(
        Case{kEverything, v2025_11_25, v2024_11_05, R"({"roots":{"listChanged":true},"sampling":{}})"},
        Case{kEverything, v2025_11_25, v2025_03_26, R"({"roots":{"listChanged":true},"sampling":{}})"},
        Case{kEverything, v2025_11_25, v2025_06_18, R"({"elicitation":{},"roots":{"listChanged":true},"sampling":{}})"},
        Case{kEverything,
             v2025_11_25,
             v2025_11_25,
             R"({"elicitation":{"form":{},"url":{}},"roots":{"listChanged":true},"sampling":{"context":{},"tools":{}}})"}));

INSTANTIATE_TEST_SUITE_P(
    ByClient,
    AdaptCapabilitiesTest,
    testing::Values(Case{kEverything, v2024_11_05, v2025_11_25, R"({"roots":{"listChanged":true},"sampling":{}})"},
                    Case{kEverything, v2025_03_26, v2025_11_25, R"({"roots":{"listChanged":true},"sampling":{}})"},
                    Case{R"({"elicitation":{}})", v2025_06_18, v2025_11_25, R"({"elicitation":{"form":{}}})"},
                    Case{R"({"elicitation":{"url":{}}})", v2025_06_18, v2025_11_25, "{}"}));

INSTANTIATE_TEST_SUITE_P(
    Elicitation,
    AdaptCapabilitiesTest,
    testing::Values(
        Case{R"({"elicitation":{}})", v2025_11_25, v2025_11_25, R"({"elicitation":{"form":{}}})"},
        Case{R"({"elicitation":{"other":{}}})", v2025_11_25, v2025_11_25, R"({"elicitation":{"form":{}}})"},
        Case{R"({"elicitation":{"url":{}}})", v2025_11_25, v2025_11_25, R"({"elicitation":{"url":{}}})"},
        Case{R"({"elicitation":{"url":{}}})", v2025_11_25, v2025_06_18, R"({})"},
        Case{R"({"elicitation":{"form":null,"url":true}})", v2025_11_25, v2025_11_25, R"({"elicitation":{"form":{}}})"}));

INSTANTIATE_TEST_SUITE_P(Declared,
                         AdaptCapabilitiesTest,
                         testing::Values(Case{"{}", v2025_11_25, v2025_11_25, "{}"},
                                         Case{"", v2025_11_25, v2025_11_25, "{}"},
                                         Case{"[1]", v2025_11_25, v2025_11_25, "{}"},
                                         Case{R"({"tasks":{}})", v2025_11_25, v2025_11_25, "{}"},
                                         Case{R"({"roots":true,"sampling":null,"elicitation":[]})", v2025_11_25, v2025_11_25, "{}"},
                                         Case{R"({"roots":{"listChanged":false}})", v2025_11_25, v2025_11_25, R"({"roots":{}})"},
                                         Case{R"({"roots":{"listChanged":"true"}})", v2025_11_25, v2025_11_25, R"({"roots":{}})"},
                                         Case{R"({"sampling":{"tools":false}})", v2025_11_25, v2025_11_25, R"({"sampling":{}})"}));

TEST(AdaptCapabilitiesKeyTest, EqualCapabilitiesAreEqualText) {
  const std::string other_order =
      R"({"sampling":{"context":{"k":1},"tools":{}},"elicitation":{"form":{},"url":{}},"roots":{"listChanged":true}})";
  EXPECT_EQ(adapt_capabilities(kEverything, v2025_11_25, v2025_11_25), adapt_capabilities(other_order, v2025_11_25, v2025_11_25));
}

}  // namespace
}  // namespace mcp
