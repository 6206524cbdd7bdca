#include "gateway/config/jsonc_edit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "gateway/config/jsonc_write.h"

namespace gateway {
namespace {

using Path = std::vector<std::string>;

/// What the editor makes of a text, or why it refuses.
template <class Change>
std::string after(const std::string& text, Change change) {
  auto editor = JsoncEditor::open(text);
  if (!editor) return editor.error().message;
  const mcp::Result<> outcome = change(*editor);
  if (outcome) return editor->text();
  EXPECT_EQ(editor->text(), text) << "what was refused changed the text";
  return "refused: " + outcome.error().message;
}

std::string with(const std::string& text, const Path& path, const JsonNode& value) {
  return after(text, [&](JsoncEditor& editor) { return editor.set(path, value); });
}

std::string without(const std::string& text, const Path& path) {
  return after(text, [&](JsoncEditor& editor) { return editor.remove(path); });
}

std::string without_item(const std::string& text, const Path& array, std::size_t index) {
  return after(text, [&](JsoncEditor& editor) { return editor.remove_item(array, index); });
}

std::string with_item(const std::string& text, const Path& array, const std::string& item) {
  return after(text, [&](JsoncEditor& editor) { return editor.append(array, json_text(item)); });
}

JsonNode entry() {
  return json_object({{"command", json_text("npx")}, {"args", json_array({"-y", "a b"})}});
}

TEST(JsoncEditTest, ANewMemberIsWrittenAsThoseBeforeIt) {
  EXPECT_EQ(with(R"({
  "servers": {
    // the first
    "a": { "command": "x" } // on its line
    // "b": not now
  }
})",
                 {"servers", "c"},
                 json_object({{"command", json_text("npx")}, {"args", json_array({"-y"})}})),
            R"({
  "servers": {
    // the first
    "a": { "command": "x" }, // on its line
    "c": { "command": "npx", "args": ["-y"] }
    // "b": not now
  }
})");
}

TEST(JsoncEditTest, IndentationTrailingCommasAndLineEndsStay) {
  EXPECT_EQ(with("\xEF\xBB\xBF{\r\n\t\"s\": {\r\n\t\t\"a\": {\r\n\t\t\t\"x\": 1,\r\n\t\t},\r\n\t},\r\n}\r\n", {"s", "b"}, entry()),
            "\xEF\xBB\xBF{\r\n\t\"s\": {\r\n\t\t\"a\": {\r\n\t\t\t\"x\": 1,\r\n\t\t},\r\n\t\t\"b\": {\r\n"
            "\t\t\t\"command\": \"npx\",\r\n\t\t\t\"args\": [\"-y\", \"a b\"],\r\n\t\t},\r\n\t},\r\n}\r\n");
  EXPECT_EQ(with("{\n    \"s\": {}\n}", {"s", "b"}, json_object({{"url", json_text("u")}})),
            "{\n    \"s\": {\n        \"b\": {\n            \"url\": \"u\"\n        }\n    }\n}");
  EXPECT_EQ(with("{\n    \"s\": {},\n}", {"s", "b"}, json_object({{"url", json_text("u")}})),
            "{\n    \"s\": {\n        \"b\": {\n            \"url\": \"u\",\n        },\n    },\n}");
}

TEST(JsoncEditTest, WhatIsOnOneLineStaysThere) {
  EXPECT_EQ(with(R"({"s":{"a":{"x":1}}})", {"s", "b"}, entry()),
            R"({"s":{"a":{"x":1},"b":{"command":"npx","args":["-y","a b"]}}})");
  EXPECT_EQ(with(R"({"s": {}})", {"s", "b"}, entry()), R"({"s": {"b": {"command": "npx", "args": ["-y", "a b"]}}})");
  EXPECT_EQ(with(R"({ "s": { "a": 1, } })", {"s", "b"}, json_boolean(true)), R"({ "s": { "a": 1, "b": true, } })");
  EXPECT_EQ(with("{ \"s\": { \"a\": 1 // one\n } }", {"s", "b"}, json_boolean(true)),
            "{ \"s\": { \"a\": 1, \"b\": true // one\n } }");
}

TEST(JsoncEditTest, AnEmptyContainerOpens) {
  EXPECT_EQ(with("{}", {"a"}, json_boolean(true)), "{\n  \"a\": true\n}");
  EXPECT_EQ(with("{ }\n", {"a"}, json_boolean(true)), "{\n  \"a\": true\n}\n");
  EXPECT_EQ(with("{ // top\n  // below\n}", {"a"}, json_boolean(true)), "{ // top\n  \"a\": true\n  // below\n}");
  EXPECT_EQ(with("{ /* one */ /* two\n */ /* three */ }", {"a"}, json_boolean(true)),
            "{ /* one */ /* two\n */ /* three */\n  \"a\": true\n}");
  EXPECT_EQ(with("{\"s\": {/* none */}}", {"s", "a"}, json_boolean(true)), "{\"s\": {\"a\": true/* none */}}");
}

TEST(JsoncEditTest, ObjectsOnTheWayAreMade) {
  EXPECT_EQ(with("{\n  \"x\": [1]\n}\n", {"s", "a"}, entry()),
            "{\n  \"x\": [1],\n  \"s\": {\n    \"a\": {\n      \"command\": \"npx\",\n      \"args\": [\"-y\", \"a b\"]\n    }\n  "
            "}\n}\n");
}

TEST(JsoncEditTest, AValueIsReplacedInItsPlace) {
  EXPECT_EQ(with("{\n  /* a */ \"a\": false, // off\n  \"b\": 1\n}", {"a"}, json_boolean(true)),
            "{\n  /* a */ \"a\": true, // off\n  \"b\": 1\n}");
  EXPECT_EQ(with("{\n  \"a\": 1\n}", {"a"}, entry()),
            "{\n  \"a\": {\n    \"command\": \"npx\",\n    \"args\": [\"-y\", \"a b\"]\n  }\n}");
  const std::string same = "{ \"a\": [ \"\\u0041\", /* kept */ \"b\" ] }";
  EXPECT_EQ(with(same, {"a"}, json_array({"A", "b"})), same);
}

TEST(JsoncEditTest, AMemberGoesWithWhatBelongsToIt) {
  const std::string text = R"({
  // about all

  // about a
  "a": 1, // on a
  /* about b,
     in two lines */
  // and one more
  "b": {
    "x": 1 // inside
  }, // behind b
  // about c
  "c": 3 // on c
  // the end
})";
  EXPECT_EQ(without(text, {"a"}), R"({
  // about all

  /* about b,
     in two lines */
  // and one more
  "b": {
    "x": 1 // inside
  }, // behind b
  // about c
  "c": 3 // on c
  // the end
})");
  EXPECT_EQ(without(text, {"b"}), R"({
  // about all

  // about a
  "a": 1, // on a
  // about c
  "c": 3 // on c
  // the end
})");
  EXPECT_EQ(without(text, {"c"}), R"({
  // about all

  // about a
  "a": 1, // on a
  /* about b,
     in two lines */
  // and one more
  "b": {
    "x": 1 // inside
  } // behind b
  // the end
})");
}

TEST(JsoncEditTest, AMemberOnASharedLineGoesAlone) {
  const std::string text = "{ \"a\": 1, /* b */ \"b\": 2, \"c\": 3 } // end";
  EXPECT_EQ(without(text, {"a"}), "{ /* b */ \"b\": 2, \"c\": 3 } // end");
  EXPECT_EQ(without(text, {"b"}), "{ \"a\": 1, \"c\": 3 } // end");
  EXPECT_EQ(without(text, {"c"}), "{ \"a\": 1, /* b */ \"b\": 2 } // end");
  EXPECT_EQ(without("{\n  \"a\": 1, \"b\": 2 // both\n}", {"b"}), "{\n  \"a\": 1 // both\n}");
  EXPECT_EQ(without("{\n  \"a\": 1, \"b\": 2 // both\n}", {"a"}), "{\n  \"b\": 2 // both\n}");
  EXPECT_EQ(without("{ \"a\": 1, // one\n  \"b\": 2 }", {"b"}), "{ \"a\": 1 // one\n }");
  EXPECT_EQ(without("{ \"a\": 1, // one\n  \"b\": 2 }", {"a"}), "{ // one\n  \"b\": 2 }");
}

TEST(JsoncEditTest, CommasInOddPlaces) {
  const std::string leading = "{\n    \"a\": 1\n  // b\n  , \"b\": 2 // on b\n  , \"c\": 3\n}";
  EXPECT_EQ(without(leading, {"b"}), "{\n    \"a\": 1\n  , \"c\": 3\n}");
  EXPECT_EQ(without(leading, {"c"}), "{\n    \"a\": 1\n  // b\n  , \"b\": 2 // on b\n}");
  EXPECT_EQ(with(leading, {"d"}, json_boolean(true)),
            "{\n    \"a\": 1\n  // b\n  , \"b\": 2 // on b\n  , \"c\": 3, \"d\": true\n}");
  EXPECT_EQ(without("{\n  \"a\": 1,\n  \"b\": 2,\n}", {"b"}), "{\n  \"a\": 1,\n}");
  EXPECT_EQ(without("{\n  \"a\": 1\n  // lone\n  ,\n  \"b\": 2\n}", {"b"}), "{\n  \"a\": 1\n  // lone\n  \n}");
}

TEST(JsoncEditTest, TheLastOneLeavesAnEmptyContainer) {
  EXPECT_EQ(without("{\n  \"s\": {\n    // a\n    \"a\": 1,\n  },\n}\n", {"s", "a"}), "{\n  \"s\": {},\n}\n");
  EXPECT_EQ(without("{\n  \"s\": {\n    // all\n\n    \"a\": 1\n  }\n}\n", {"s", "a"}), "{\n  \"s\": {\n    // all\n\n  }\n}\n");
  EXPECT_EQ(without_item("{\"l\": [ \"x\" ]}", {"l"}, 0), "{\"l\": []}");
}

TEST(JsoncEditTest, ItemsOfAnArray) {
  EXPECT_EQ(with_item("{ \"l\": [] }", {"l"}, "x"), "{ \"l\": [\"x\"] }");
  EXPECT_EQ(with_item("{ \"l\": [\"a\"] }", {"l"}, "x"), "{ \"l\": [\"a\", \"x\"] }");
  EXPECT_EQ(with_item("{ \"l\": [\n  \"a\", // a\n] }", {"l"}, "x"), "{ \"l\": [\n  \"a\", // a\n  \"x\",\n] }");
  EXPECT_EQ(without_item("{ \"l\": [\"a\", \"b\", \"c\"] }", {"l"}, 1), "{ \"l\": [\"a\", \"c\"] }");
  EXPECT_EQ(without_item("{ \"l\": [\n  \"a\", // a\n  \"b\" // b\n] }", {"l"}, 1), "{ \"l\": [\n  \"a\" // a\n] }");
}

TEST(JsoncEditTest, NothingIsNestedDeeperThanCanBeRead) {
  const auto nested = [](std::size_t levels) {
    std::string text = "1";
    for (std::size_t i = 0; i < levels; ++i)
      text = "{\"a\":" + text + "}";
    return text;
  };
  const Path deep(63, "a");
  EXPECT_EQ(with(nested(63), deep, json_boolean(true)).find("true"), nested(63).find('1'));
  EXPECT_THAT(with(nested(63), deep, json_array({"x"})), testing::HasSubstr("refused: a.a."));
  EXPECT_THAT(with(nested(63), deep, json_array({"x"})), testing::EndsWith(": nested deeper than 64 levels"));
}

TEST(JsoncEditTest, WhatCannotBeDoneIsSaid) {
  EXPECT_EQ(with("{\n  \"a\": 1\n  \"b\": 2\n}", {"c"}, entry()),
            "line 3, column 3: expected ',' or '}' after the value of \"a\", found a string");
  EXPECT_EQ(with("{\"s\": 1}", {"s", "a"}, entry()), "refused: line 1, column 7: s: expected an object, found a number");
  EXPECT_EQ(with("{\"s\": {}, \"s\": {}}", {"s", "a"}, entry()),
            "refused: line 1, column 11: s: written twice; the first is at line 1, column 2");
  EXPECT_EQ(without("{\"s\": {}}", {"s", "a"}), "refused: s.a is not there");
  EXPECT_EQ(without_item("{\"l\": [1]}", {"l"}, 1), "refused: l is not there");
  EXPECT_EQ(with_item("{\"l\": {}}", {"l"}, "x"), "refused: l is not there");
}

}  // namespace
}  // namespace gateway
