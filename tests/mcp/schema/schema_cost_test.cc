// What schemas and values may cost. Where a test counts, it counts steps: each of these took long with few of them once.

#include <chrono>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stop_token>
#include <string>
#include <thread>

#include "mcp/schema/schema.h"

namespace mcp {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::shared_ptr<const Schema> made_of(std::string_view text) {
  auto schema = Schema::compile(text);
  EXPECT_TRUE(schema) << (schema ? "" : schema.error().text());
  return schema ? *schema : nullptr;
}

Error refused(std::string_view schema, const SchemaLimits& limits = {}) {
  const auto result = Schema::compile(schema, limits);
  EXPECT_FALSE(result) << schema.substr(0, 200);
  return result ? Error{} : result.error();
}

/// "[MADE(0),MADE(1),…]".
std::string list(int count, const std::function<std::string(int)>& made) {
  std::string text = "[";
  for (int i = 0; i < count; ++i)
    text += (i == 0 ? "" : ",") + made(i);
  return text + "]";
}

std::string repeated(int count, const std::string& element) {
  return list(count, [&](int) { return element; });
}

/// A schema that asks the same of a value again and again, 2^depth times.
std::string doubled(int depth, const std::string& leaf, const std::string& keyword = "anyOf") {
  std::string defs = R"("d0": )" + leaf;
  for (int i = 1; i <= depth; ++i) {
    const std::string reference = R"({"$ref": "#/$defs/d)" + std::to_string(i - 1) + "\"}";
    defs += R"(, "d)" + std::to_string(i) + R"(": {")" + keyword + R"(": [)" + reference + ", " + reference + "]}";
  }
  return R"({"$defs": {)" + defs + R"(}, "$ref": "#/$defs/d)" + std::to_string(depth) + "\"}";
}

/// The value costs more than a check may take, and that is noticed.
void expect_too_costly(std::string_view schema, std::string_view instance) {
  const auto result = made_of(schema)->validate(instance);
  ASSERT_FALSE(result) << schema.substr(0, 200);
  EXPECT_EQ(result.error().code, ErrorCode::too_large);
  EXPECT_THAT(result.error().message, HasSubstr("too long"));
}

TEST(SchemaCostTest, LongNumbersCostByTheirLength) {
  const std::string number(1'000'000, '1');
  expect_too_costly(R"({"allOf": )" + repeated(200, R"({"type": "integer"})") + "}", number);
  expect_too_costly(R"({"anyOf": )" + repeated(200, R"({"const": 1})") + "}", number);
  expect_too_costly(R"({"anyOf": )" + repeated(200, R"({"enum": [1, 2, 3, 4, 5, 6, 7, 8, 9]})") + "}", number);
  expect_too_costly(R"({"allOf": )" + repeated(200, R"({"multipleOf": 1})") + "}", number);
  EXPECT_THAT(made_of(R"({"type": "integer", "minimum": 1, "multipleOf": 1})")->validate(number).value(), IsEmpty());
}

TEST(SchemaCostTest, LargeDivisorsCostMore) {
  const std::string number = "999999999999999999999999999999999999e999999999999999";
  const std::string schema = R"({"items": {"multipleOf": 999999999999999999999999999999999999}})";
  EXPECT_THAT(made_of(schema)->validate(repeated(10, number)).value(), IsEmpty());
  expect_too_costly(schema, repeated(20'000, number));
}

TEST(SchemaCostTest, LongNamesCostByTheirLength) {
  const std::string name(500'000, 'n');
  const std::string instance = R"({")" + name + R"(": 2})";
  expect_too_costly(doubled(13, R"({"const": {")" + name + R"(": 1}})"), instance);
  expect_too_costly(doubled(13, R"({"required": [")" + name + R"(", "x"]})"), instance);
  expect_too_costly(doubled(13, R"({"properties": {")" + name + R"(": false}})"), instance);
  expect_too_costly(doubled(13, R"({"dependentSchemas": {")" + name + R"(": false}})"), instance);
  expect_too_costly(doubled(13, R"({"dependentRequired": {")" + name + R"(": ["x"]}})"), instance);
  expect_too_costly(doubled(10, R"({"uniqueItems": true})", "allOf"), "[" + instance + R"(, {")" + name + R"(": 1}])");
}

TEST(SchemaCostTest, RulesForOtherKindsOfValuesAreNotFree) {
  std::string members;
  for (int i = 0; i < 10'000; ++i)
    members += (i == 0 ? "\"" : ", \"") + std::to_string(i) + R"(": [])";
  expect_too_costly(R"({"items": {"dependentRequired": {)" + members + "}}}", repeated(10'000, "0"));
}

TEST(SchemaCostTest, MarksAreKeptOnlyWhereAKeywordAsks) {
  // The inner schemas ask about members, but the value is an array.
  std::string schema = doubled(14, R"({"prefixItems": [true], "unevaluatedProperties": false})", "allOf");
  schema.insert(1, R"("unevaluatedItems": true, )");
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THAT(made_of(schema)->validate(repeated(400'000, "0")).value(), IsEmpty());
  // Well under a second in truth; the bound is for sanitizers and busy machines.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST(SchemaCostTest, IdentifiersAreBounded) {
  const std::string long_id = R"({"$id": ")" + std::string(5000, 'i') + R"(/", "$defs": {"a": {"$id": "b"}}})";
  EXPECT_EQ(refused(long_id).code, ErrorCode::too_large);
  EXPECT_THAT(refused(long_id).message, HasSubstr("identifier"));
  const auto with_ids = [](int count) {
    return R"({"anyOf": )" + list(count, [](int i) { return R"({"$id": "i)" + std::to_string(i) + "\"}"; }) + "}";
  };
  EXPECT_TRUE(Schema::compile(with_ids(500)));
  EXPECT_EQ(refused(with_ids(2000)).code, ErrorCode::too_large);
}

TEST(SchemaCostTest, DynamicAnchorsAreLookedThroughOnce) {
  // What one name leads to in one resource asks for the next name in the other; beside them are many resources.
  std::string asked, asking;
  for (int i = 0; i < 6000; ++i) {
    const std::string anchor = R"({"$dynamicAnchor": "a)" + std::to_string(i) + "\"";
    asked += R"(, "d)" + std::to_string(i) + R"(": )" + anchor + "}";
    asking += R"(, "d)" + std::to_string(i) + R"(": )" + anchor + R"(, "$dynamicRef": "asked#a)" + std::to_string(i + 1) + "\"}";
  }
  const std::string others = list(900, [](int i) { return R"({"$id": "i)" + std::to_string(i) + "\"}"; });
  const auto start = std::chrono::steady_clock::now();
  const std::string schema = R"({"$defs": {"asked": {"$id": "asked", "$defs": {"a6000": {"$dynamicAnchor": "a6000"})" + asked +
                             R"(}}, "asking": {"$id": "asking", "$defs": {"n": {})" + asking + R"(}}, "others": {"anyOf": )" +
                             others + R"(}}, "$dynamicRef": "asked#a0"})";
  EXPECT_TRUE(Schema::compile(schema));
  // Well under a second in truth; the bound is for sanitizers and busy machines.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST(SchemaCostTest, CompilingHasABudget) {
  const std::string schema = R"({"items": {"properties": {"a": {"type": "string"}, "b": {"$ref": "#"}}}})";
  EXPECT_EQ(refused(schema, {.steps = 200}).code, ErrorCode::too_large);
  EXPECT_TRUE(Schema::compile(schema, {.steps = 2000}));
  // A class of all letters is a few bytes, and a large program.
  std::string letters;
  while (letters.size() < 4000)
    letters += "\\\\p{L}?";
  const auto patterns = [&](int count) {
    return R"({"anyOf": )" + list(count, [&](int i) { return R"({"pattern": ")" + letters + std::to_string(i) + R"("})"; }) + "}";
  };
  EXPECT_EQ(refused(patterns(200)).code, ErrorCode::too_large);
  EXPECT_TRUE(Schema::compile(patterns(2)));
}

TEST(SchemaCostTest, PatternsMayTakeSoMuchMemoryInAll) {
  const std::string schema = R"({"anyOf": [{"pattern": "a"}, {"pattern": "b"}, {"pattern": "c"}]})";
  EXPECT_THAT(refused(schema, {.pattern_bytes = 700 << 10}).message, HasSubstr("patterns are too large"));
  EXPECT_GT(made_of(schema)->memory(), std::size_t{700} << 10);
  EXPECT_LT(made_of(R"({"pattern": "a"})")->memory(), made_of(schema)->memory());
}

TEST(SchemaCostTest, OneMatchHasAnEnd) {
  // RE2 would follow 500 ways through the pattern at each byte.
  const auto schema = made_of(R"({"pattern": "(a|b)*a(a|b){500}c"})");
  const auto result = schema->validate("\"" + std::string(1'000'000, 'a') + "\"");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::too_large);
  EXPECT_THAT(made_of(R"({"pattern": "^[A-Za-z0-9+/=]*$"})")->validate("\"" + std::string(8'000'000, 'a') + "\"").value(),
              IsEmpty());
}

/// No end is near, but for what else there is.
ValidationLimits endless() {
  return {.steps = SIZE_MAX / 4};
}

// Reasons cost more than the verdict: this says what is broken, where the steps end before the first reason.
TEST(SchemaCostTest, AVerdictStandsWithoutItsReasons) {
  const auto schema = made_of(R"({"$defs": {"a": {"anyOf": [{"$ref": "#/$defs/b"}]},
                                             "b": {"oneOf": [{"$ref": "#/$defs/c"}, {"$ref": "#/$defs/c"}]},
                                             "c": {"items": {"$ref": "#/$defs/a"}}},
                                   "$ref": "#/$defs/a"})");
  const auto mistakes = schema->validate("[[[[[[[[[[1]]]]]]]]]]", {.steps = 100'000});
  ASSERT_TRUE(mistakes) << mistakes.error().text();
  ASSERT_THAT(*mistakes, SizeIs(1));
  EXPECT_EQ(mistakes->front().instance_path, "");
  EXPECT_EQ(mistakes->front().keyword, "anyOf");
  EXPECT_EQ(mistakes->front().schema_location, "#/$defs/a/anyOf");
  EXPECT_THAT(mistakes->front().message, HasSubstr("would take too long"));
}

TEST(SchemaCostTest, ACheckHasADeadline) {
  ValidationLimits limits = endless();
  limits.end.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(1);
  const auto result = made_of(doubled(60, R"({"type": "string"})"))->validate("1", limits);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::too_large);
  SchemaLimits passed;
  passed.end.deadline = std::chrono::steady_clock::now();
  EXPECT_EQ(refused("{}", passed).code, ErrorCode::too_large);
}

TEST(SchemaCostTest, ACheckCanBeStopped) {
  std::stop_source stop;
  ValidationLimits limits = endless();
  limits.end.stop = stop.get_token();
  const auto schema = made_of(doubled(60, R"({"type": "string"})"));
  ErrorCode code = ErrorCode::internal;
  std::thread checking([&] {
    const auto result = schema->validate("1", limits);
    if (!result) code = result.error().code;
  });
  stop.request_stop();
  checking.join();
  EXPECT_EQ(code, ErrorCode::cancelled);
  SchemaLimits stopped;
  stopped.end.stop = stop.get_token();
  EXPECT_EQ(refused("{}", stopped).code, ErrorCode::cancelled);
}

TEST(SchemaCostTest, RefusalsSayWhetherItMayBeASchema) {
  EXPECT_EQ(refused(R"({"$ref": "https://example.com/other"})").code, ErrorCode::unknown_resource);
  EXPECT_EQ(refused(R"({"$ref": "#/$defs/none"})").code, ErrorCode::invalid_params);
  EXPECT_EQ(refused(R"({"multipleOf": 1.)" + std::string(40, '3') + "}").code, ErrorCode::too_large);
  EXPECT_EQ(refused(R"({"multipleOf": 0})").code, ErrorCode::invalid_params);
  EXPECT_EQ(refused(R"({"allOf": [{"pattern": "a"}, {"pattern": "b"}]})", {.patterns = 1}).code, ErrorCode::too_large);
}

}  // namespace
}  // namespace mcp
