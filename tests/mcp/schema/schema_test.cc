#include "mcp/schema/schema.h"

#include <chrono>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <thread>

namespace mcp {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::shared_ptr<const Schema> compiled(std::string_view text, std::span<const SchemaDocument> documents = {}) {
  auto schema = Schema::compile(text, {}, documents);
  EXPECT_TRUE(schema) << (schema ? "" : schema.error().text());
  return schema ? *schema : nullptr;
}

std::vector<SchemaMistake> mistakes(std::string_view schema, std::string_view instance) {
  const auto found = compiled(schema)->validate(instance);
  EXPECT_TRUE(found) << (found ? "" : found.error().text());
  return found.value_or(std::vector<SchemaMistake>{});
}

bool valid(std::string_view schema, std::string_view instance) {
  return mistakes(schema, instance).empty();
}

Error refusal(std::string_view schema, const SchemaLimits& limits = {}) {
  const auto result = Schema::compile(schema, limits);
  EXPECT_FALSE(result) << schema;
  return result ? Error{} : result.error();
}

auto mistake(const std::string& path, const std::string& keyword, const std::string& location, const std::string& message) {
  return AllOf(Field(&SchemaMistake::instance_path, path),
               Field(&SchemaMistake::keyword, keyword),
               Field(&SchemaMistake::schema_location, location),
               Field(&SchemaMistake::message, message));
}

// What the keywords mean is compared with ajv in tests/end_to_end/schema.test.mjs.

constexpr std::string_view kForecast = R"({
  "type": "object", "required": ["city", "days"], "additionalProperties": false,
  "properties": {
    "city": {"type": "string", "minLength": 1},
    "days": {"type": "integer", "maximum": 7},
    "units": {"enum": ["metric", "imperial"]},
    "places": {"type": "array", "items": {"type": ["string", "null"]}, "uniqueItems": true}
  }})";

TEST(SchemaTest, NamesWhatIsWrong) {
  EXPECT_THAT(mistakes(kForecast, R"({"city": "Oslo", "days": 3})"), IsEmpty());
  EXPECT_THAT(mistakes(kForecast, R"({"city": "", "days": 8.5, "units": "kelvin", "places": ["a", 1, "a"], "colour": 1})"),
              testing::UnorderedElementsAre(
                  mistake("/city", "minLength", "#/properties/city/minLength", R"(expected at least 1 characters, got 0: "")"),
                  mistake("/days", "type", "#/properties/days/type", "expected integer, got number 8.5"),
                  mistake("/days", "maximum", "#/properties/days/maximum", "expected a number not above 7, got 8.5"),
                  mistake("/units", "enum", "#/properties/units/enum", R"(expected one of "metric","imperial", got "kelvin")"),
                  mistake("/places/1", "type", "#/properties/places/items/type", "expected string or null, got number 1"),
                  mistake("/places",
                          "uniqueItems",
                          "#/properties/places/uniqueItems",
                          R"(expected no two equal elements, but elements 0 and 2 are both "a")"),
                  mistake("/colour",
                          "additionalProperties",
                          "#/additionalProperties",
                          R"(the member "colour" is not allowed; known are "city", "days", "places", "units")")));
  EXPECT_THAT(mistakes(kForecast, "{}"),
              ElementsAre(mistake("", "required", "#/required", R"(the required member "city" is missing)"),
                          mistake("", "required", "#/required", R"(the required member "days" is missing)")));
}

TEST(SchemaTest, NamesTheAlternativeThatWasMeant) {
  constexpr std::string_view kShape = R"({"anyOf": [
    {"properties": {"kind": {"const": "circle"}, "radius": {"type": "number"}}, "required": ["kind", "radius"]},
    {"properties": {"kind": {"const": "square"}, "side": {"type": "number"}}, "required": ["kind", "side"]}]})";
  EXPECT_THAT(mistakes(kShape, R"({"kind": "square"})"),
              ElementsAre(mistake("", "anyOf", "#/anyOf", "matches none of 2 alternatives; closest is number 2"),
                          mistake("", "required", "#/anyOf/1/required", R"(the required member "side" is missing)")));
  EXPECT_THAT(
      mistakes(R"({"oneOf": [{"type": "string"}, {"type": "null"}]})", "5"),
      ElementsAre(mistake(
          "", "oneOf", "#/oneOf", "matches no alternative: expected string, got number 5; or expected null, got number 5")));
  EXPECT_THAT(mistakes(R"({"oneOf": [{"type": "integer"}, {"minimum": 0}]})", "5"),
              ElementsAre(Field(&SchemaMistake::message, HasSubstr("exactly one of 2 alternatives, but matches numbers 1 and 2"))));
}

TEST(SchemaTest, MistakesAreFewAndShort) {
  std::string list = "[0";
  for (int i = 0; i < 100; ++i)
    list += ",0";
  EXPECT_THAT(mistakes(R"({"items": {"type": "string"}})", list + "]"), SizeIs(10));
  const auto found = mistakes(R"({"type": "integer"})", "\"" + std::string(5000, 'x') + "\"");
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_LT(found[0].message.size(), 150U);
  // Not cut within a character.
  const auto wide = mistakes(R"({"type": "integer"})", R"("äääääääääääääääääääääääääääääääääääääääääääääääääääääää")");
  EXPECT_THAT(wide, ElementsAre(Field(&SchemaMistake::message, HasSubstr("ä…"))));
}

TEST(SchemaTest, LocationsAreThoseOfTheResource) {
  constexpr std::string_view kSchema = R"({"$id": "https://example.com/a", "properties": {"x/y": {"$ref": "#/$defs/n"}},
                                           "$defs": {"n": {"type": "number"}}})";
  EXPECT_THAT(mistakes(kSchema, R"({"x/y": "1"})"),
              ElementsAre(mistake("/x~1y", "type", "https://example.com/a#/$defs/n/type", R"(expected number, got string "1")")));
  EXPECT_THAT(mistakes("false", "1"), ElementsAre(mistake("", "false", "#", "nothing is allowed here, got 1")));
  EXPECT_THAT(mistakes(R"({"propertyNames": {"maxLength": 1}})", R"({"ab": 1})"),
              ElementsAre(Field(&SchemaMistake::instance_path, "/ab")));
}

TEST(SchemaTest, RefusesWhatIsNoSchema) {
  EXPECT_EQ(refusal("{").code, ErrorCode::parse_error);
  EXPECT_THAT(refusal("[]").message, HasSubstr("a schema is an object or a boolean, not []"));
  EXPECT_THAT(refusal(R"({"properties": {"a": {"type": "text"}}})").message, HasSubstr("not valid at #/properties/a/type"));
  EXPECT_THAT(refusal(R"({"minLength": -1})").message, HasSubstr("#/minLength"));
  EXPECT_THAT(refusal(R"({"required": true})").message, HasSubstr("expected array, got true"));
  EXPECT_THAT(refusal(R"({"anyOf": []})").message, HasSubstr("at least one schema"));
  EXPECT_THAT(refusal(R"({"multipleOf": 0})").message, HasSubstr("#/multipleOf"));
  EXPECT_THAT(refusal(R"({"items": [true]})").message, HasSubstr("prefixItems"));
  EXPECT_THAT(refusal(R"({"a": 1, "a": 2})").message, HasSubstr(R"(a member twice in one object: "a")"));
  EXPECT_THAT(refusal(R"({"$id": "x", "$defs": {"a": {"$id": "b"}, "c": {"$id": "b"}}})").message, HasSubstr("used twice"));
}

TEST(SchemaTest, NothingIsFetched) {
  const Error error = refusal(R"({"properties": {"a": {"$ref": "https://example.com/other.json#/x"}}})");
  EXPECT_EQ(error.code, ErrorCode::unknown_resource);
  EXPECT_THAT(error.message, AllOf(HasSubstr("https://example.com/other.json"), HasSubstr("#/properties/a/$ref")));
  EXPECT_THAT(error.remedy, HasSubstr("Nothing is fetched"));
  EXPECT_THAT(refusal(R"({"$ref": "#/$defs/none"})").message, HasSubstr(R"(there is no "$defs" on its way)"));
  EXPECT_THAT(refusal(R"({"$ref": "#none"})").message, HasSubstr(R"(there is no anchor "none")"));
  // What no reference leads to is no problem.
  EXPECT_TRUE(valid(R"({"$defs": {"a": {"$ref": "urn:none"}}})", "1"));
}

TEST(SchemaTest, KnowsTheDialectsOfTheWild) {
  EXPECT_THAT(refusal(R"({"$schema": "http://json-schema.org/draft-04/schema#"})").message, HasSubstr("draft-04"));
  EXPECT_THAT(refusal(R"({"$schema": "http://json-schema.org/draft-04/schema#"})").remedy, HasSubstr("2020-12"));
  constexpr std::string_view kOld = R"("items": [{"type": "string"}], "additionalItems": false})";
  for (const std::string_view uri : {"http://json-schema.org/draft-07/schema#",
                                     "http://json-schema.org/draft-07/schema",
                                     "https://json-schema.org/draft-07/schema#",
                                     "https://json-schema.org/draft/2019-09/schema"}) {
    const std::string schema = R"({"$schema": ")" + std::string(uri) + R"(", )" + std::string(kOld);
    EXPECT_TRUE(valid(schema, R"(["a"])")) << uri;
    EXPECT_FALSE(valid(schema, R"(["a", 1])")) << uri;
  }
}

TEST(SchemaTest, RefersToGivenDocuments) {
  const SchemaDocument documents[] = {
      {.uri = "https://example.com/n", .text = R"({"type": "number", "$defs": {"s": {"type": "string"}}})"}};
  const auto schema = compiled(
      R"({"properties": {"a": {"$ref": "https://example.com/n"}, "b": {"$ref": "https://example.com/n#/$defs/s"}}})", documents);
  EXPECT_THAT(schema->validate(R"({"a": 1, "b": "x"})").value(), IsEmpty());
  EXPECT_THAT(schema->validate(R"({"a": "x", "b": 1})").value(), SizeIs(2));
}

TEST(SchemaTest, PatternsBeyondRe2AreNotChecked) {
  const auto schema = compiled(R"({"properties": {"password": {"pattern": "^(?=.*\\d).+$"}, "code": {"pattern": "^[A-Z]+$"}},
                                   "patternProperties": {"(a)\\1": {"type": "string"}}, "additionalProperties": false})");
  ASSERT_THAT(schema->notes(), SizeIs(2));
  EXPECT_THAT(schema->notes(), testing::Contains(AllOf(HasSubstr("#/properties/password/pattern"), HasSubstr("lookahead"))));
  EXPECT_THAT(schema->notes(), testing::Contains(HasSubstr("backreference")));
  EXPECT_THAT(schema->validate(R"({"password": "none", "code": "A", "aa": 1})").value(), IsEmpty());
  EXPECT_THAT(schema->validate(R"({"code": "a"})").value(), SizeIs(1));
}

/// A schema that asks the same of a value again and again, 2^depth times.
std::string exponential(int depth) {
  std::string defs = R"("d0": {"type": "string"})";
  for (int i = 1; i <= depth; ++i) {
    const std::string reference = R"({"$ref": "#/$defs/d)" + std::to_string(i - 1) + "\"}";
    defs += R"(, "d)" + std::to_string(i) + R"(": {"anyOf": [)" + reference + ", " + reference + "]}";
  }
  return R"({"$defs": {)" + defs + R"(}, "$ref": "#/$defs/d)" + std::to_string(depth) + "\"}";
}

TEST(SchemaTest, TooCostlyIsAnError) {
  const auto schema = compiled(exponential(60));
  const auto start = std::chrono::steady_clock::now();
  const auto result = schema->validate("1");
  // Milliseconds in truth; the bound is for sanitizers and busy machines.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::too_large);
  EXPECT_THAT(result.error().message, HasSubstr("too long"));
  EXPECT_TRUE(schema->validate(R"("x")").has_value());
}

TEST(SchemaTest, EndlessRecursionIsAnError) {
  for (const std::string_view text : {R"({"$ref": "#"})",
                                      R"({"anyOf": [{"$ref": "#"}, true]})",
                                      R"({"not": {"$ref": "#"}})",
                                      R"({"$dynamicAnchor": "a", "$dynamicRef": "#a"})"}) {
    const auto result = compiled(text)->validate("1");
    ASSERT_FALSE(result) << text;
    EXPECT_THAT(result.error().message, HasSubstr("refers to itself without end")) << text;
  }
}

/// The deepest that evaluations may go fits a thread's stack, sanitizers included.
TEST(SchemaTest, DeepValuesFitTheStack) {
  constexpr std::string_view kNested =
      R"({"$defs": {"a": {"allOf": [{"anyOf": [{"$ref": "#/$defs/b"}]}]}, "b": {"items": {"$ref": "#/$defs/a"}}},
                                           "$ref": "#/$defs/a"})";
  const auto schema = compiled(kNested);
  const std::string deep = std::string(128, '[') + std::string(128, ']');
  std::thread([&] { EXPECT_THAT(schema->validate(deep).value(), IsEmpty()); }).join();
  const auto deeper = schema->validate(std::string(129, '[') + std::string(129, ']'));
  ASSERT_FALSE(deeper);
  EXPECT_EQ(deeper.error().code, ErrorCode::invalid_request);
}

TEST(SchemaTest, LimitsHold) {
  EXPECT_EQ(refusal(R"({"title": "long"})", {.bytes = 10}).code, ErrorCode::too_large);
  EXPECT_EQ(refusal(R"({"enum": [1, 2, 3, 4]})", {.values = 4}).code, ErrorCode::too_large);
  EXPECT_THAT(refusal(R"({"allOf": [{"pattern": "a"}, {"pattern": "b"}, {"pattern": "a"}]})", {.patterns = 1}).message,
              HasSubstr("more than 1 patterns"));
  const auto schema = compiled("{}");
  EXPECT_EQ(schema->validate("[1,2,3]", {.bytes = 4}).error().code, ErrorCode::too_large);
  EXPECT_EQ(schema->validate("[1,2,3]", {.values = 3}).error().code, ErrorCode::too_large);
  EXPECT_EQ(schema->validate("[1,").error().code, ErrorCode::parse_error);
  EXPECT_EQ(schema->validate(R"({"a": 1, "\u0061": 2})").error().code, ErrorCode::invalid_request);
}

TEST(SchemaTest, ManyUniqueElementsAreNotComparedInPairs) {
  std::string list = "[0";
  for (int i = 1; i < 100'000; ++i)
    list += "," + std::to_string(i);
  EXPECT_THAT(mistakes(R"({"uniqueItems": true})", list + "]"), IsEmpty());
  EXPECT_THAT(mistakes(R"({"uniqueItems": true})", list + ",77.0]"),
              ElementsAre(Field(&SchemaMistake::message, HasSubstr("elements 77 and 100000"))));
}

}  // namespace
}  // namespace mcp
