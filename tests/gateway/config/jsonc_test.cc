#include "gateway/config/jsonc.h"

#include <array>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace gateway {
namespace {

using testing::IsEmpty;

std::string problems_in(std::string_view text) {
  std::string out;
  for (const JsonProblem& problem : parse_jsonc(text).problems) {
    out += std::to_string(problem.at.line) + ":" + std::to_string(problem.at.column) + " " + problem.path +
           (problem.path.empty() ? "" : ": ") + problem.message + "\n";
  }
  return out;
}

TEST(JsoncTest, ReadsEveryKindOfValue) {
  const JsonDocument document =
      parse_jsonc(R"({"a": null, "b": true, "c": -1.5e2, "d": "x\n\"\u00e4\ud83d\ude00\/", "e": [1, [], {}]})");
  ASSERT_THAT(document.problems, IsEmpty());
  const JsonNode& root = document.root;
  ASSERT_EQ(root.members.size(), 5u);
  EXPECT_TRUE(root.find("a")->value.is(JsonNode::Kind::null));
  EXPECT_TRUE(root.find("b")->value.boolean);
  EXPECT_EQ(root.find("c")->value.number, -150);
  EXPECT_EQ(root.find("c")->value.text, "-1.5e2");
  EXPECT_EQ(root.find("d")->value.text, "x\n\"ä😀/");
  EXPECT_EQ(root.find("e")->value.items.size(), 3u);
  EXPECT_EQ(root.find("f"), nullptr);
}

TEST(JsoncTest, ReadsCommentsTrailingCommasAndByteOrderMark) {
  const JsonDocument document = parse_jsonc(
      "\xEF\xBB\xBF// one\n{ /* two\n * three */ \"a\": [1, 2,], // four\n \"b\": \"//no /*no\",\n}\n/* five */ // six");
  ASSERT_THAT(document.problems, IsEmpty());
  EXPECT_EQ(document.root.find("a")->value.items.size(), 2u);
  EXPECT_EQ(document.root.find("b")->value.text, "//no /*no");
}

TEST(JsoncTest, PlacesCountCharactersAndBytes) {
  const std::string text = "\xEF\xBB\xBF{\"ä😀\": 1,\r\n\t\"b\": [\"é\", true]}";
  const JsonDocument document = parse_jsonc(text);
  ASSERT_THAT(document.problems, IsEmpty());
  const JsonNode& root = document.root;
  EXPECT_EQ(root.at, (TextPosition{1, 1}));
  EXPECT_EQ(root.members[0].at, (TextPosition{1, 2}));
  EXPECT_EQ(root.members[0].value.at, (TextPosition{1, 8}));
  EXPECT_EQ(root.members[1].at, (TextPosition{2, 2}));
  EXPECT_EQ(root.members[1].value.items[1].at, (TextPosition{2, 13}));
  const JsonNode& truth = root.members[1].value.items[1];
  EXPECT_EQ(text.substr(truth.begin, truth.end - truth.begin), "true");
  EXPECT_EQ(text.substr(root.members[1].begin, 3), "\"b\"");
  EXPECT_EQ(text.substr(root.begin, root.end - root.begin), text.substr(3));
}

TEST(JsoncTest, RepeatedKeysKnowTheirFirst) {
  const JsonDocument document = parse_jsonc("{\"a\": 1,\n \"\\u0061\": 2, \"b\": {\"a\": 3}}");
  ASSERT_THAT(document.problems, IsEmpty());
  EXPECT_EQ(document.root.members[0].earlier, std::nullopt);
  EXPECT_EQ(document.root.members[1].earlier, (TextPosition{1, 2}));
  EXPECT_EQ(document.root.find("b")->value.members[0].earlier, std::nullopt);
  EXPECT_EQ(document.root.find("a")->value.number, 2);
}

struct SyntaxCase {
  std::string text;
  std::string problems;
};

class JsoncSyntaxTest : public testing::TestWithParam<SyntaxCase> {};

TEST_P(JsoncSyntaxTest, IsReported) {
  EXPECT_EQ(problems_in(GetParam().text), GetParam().problems) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Commas,
    JsoncSyntaxTest,
    testing::Values(
        SyntaxCase{"{\"a\": {\"args\": [1] \"b\": 2}}",
                   "1:20 a: expected ',' or '}' after the value of \"args\", found a string\n"},
        SyntaxCase{"[1 2 3]",
                   "1:4 expected ',' or ']' after item 1, found \"2\"\n1:6 expected ',' or ']' after item 2, found \"3\"\n"},
        SyntaxCase{"{\"a\": [1}", "1:9 a: expected ',' or ']' after item 1, found '}'\n"},
        SyntaxCase{"{\"a\": 1]", "1:8 expected ',' or '}' after the value of \"a\", found ']'\n"},
        SyntaxCase{"{,}", "1:2 expected a key in double quotes or '}', found ','\n"},
        SyntaxCase{"[,]", "1:2 [0]: expected a value, found ','\n"},
        SyntaxCase{"{\"a\" 1, \"b\" = 2}",
                   "1:6 expected ':' after the key \"a\", found \"1\"\n1:13 expected ':' after the key \"b\", found '='\n"},
        SyntaxCase{"{\"a\"}", "1:5 expected ':' after the key \"a\", found '}'\n"},
        SyntaxCase{"{\"a\": }", "1:7 a: expected a value, found '}'\n"}));

INSTANTIATE_TEST_SUITE_P(
    Strings,
    JsoncSyntaxTest,
    testing::Values(
        SyntaxCase{"{\"a\": \"b\n}", "1:7 a: the string that begins here has no closing quote on its line\n"},
        SyntaxCase{"\"abc", "1:1 the string that begins here has no closing quote on its line\n"},
        SyntaxCase{"\"abc\\", "1:1 the string that begins here has no closing quote on its line\n"},
        SyntaxCase{"{\"cwd\": \"C:\\Users\"}", "1:12 cwd: a lone backslash; in a string it is written twice: \\\\\n"},
        SyntaxCase{
            "[\"a\tb\", \"\x01\"]",
            "1:4 [0]: a tab inside a string is written \\t\n1:10 [1]: a control character inside a string is written \\u00XX\n"},
        SyntaxCase{"[\"\\u12\", \"\\ud800\", \"\\ud800\\u0041\"]",
                   "1:3 [0]: expected four hexadecimal digits after \\u\n"
                   "1:11 [1]: half of a surrogate pair (a lone surrogate), which is no character; both halves are needed\n"
                   "1:21 [2]: half of a surrogate pair (a lone surrogate), which is no character; both halves are needed\n"},
        SyntaxCase{"[\"\xFF\"]", "1:3 [0]: a byte that is not UTF-8; save the file as UTF-8\n"},
        SyntaxCase{"[\"\xC0\x80\"]", "1:3 [0]: a byte that is not UTF-8; save the file as UTF-8\n"},
        SyntaxCase{"[\"\xED\xA0\x80\"]",
                   "1:3 [0]: half of a surrogate pair (a lone surrogate), which is no character; both halves are needed\n"},
        SyntaxCase{"[\"\xED\xA0\"]", "1:3 [0]: a byte that is not UTF-8; save the file as UTF-8\n"},
        SyntaxCase{"{'a': 'b c'}",
                   "1:2 a string is written in double quotes, not in single ones\n"
                   "1:7 a: a string is written in double quotes, not in single ones\n"},
        SyntaxCase{"{“a”: 1}", "1:2 expected a key in double quotes or '}', found '“' (a typographic quote; write \")\n"}));

INSTANTIATE_TEST_SUITE_P(
    Values,
    JsoncSyntaxTest,
    testing::Values(
        SyntaxCase{
            "{\"a\": stdio, b: True}",
            "1:7 a: expected a value, found \"stdio\"; a string needs double quotes\n1:14 the key \"b\" needs double quotes\n"
            "1:17 b: expected a value, found \"True\"; a string needs double quotes\n"},
        SyntaxCase{"[01, 1., .5, +1, -, 1e, 0x1F, 1e999]",
                   "1:2 [0]: \"01\" is not a number as JSON writes it\n1:6 [1]: \"1.\" is not a number as JSON writes it\n"
                   "1:10 [2]: \".5\" is not a number as JSON writes it\n1:14 [3]: \"+1\" is not a number as JSON writes it\n"
                   "1:18 [4]: \"-\" is not a number as JSON writes it\n1:21 [5]: \"1e\" is not a number as JSON writes it\n"
                   "1:25 [6]: \"0x1F\" is not a number as JSON writes it\n1:31 [7]: \"1e999\" is beyond what a number can hold\n"},
        SyntaxCase{"", "1:1 the file is empty; the smallest configuration is {}\n"},
        SyntaxCase{" // only\n", "2:1 the file is empty; the smallest configuration is {}\n"},
        SyntaxCase{"{} {}", "1:4 expected the end of the file, found '{'\n"},
        SyntaxCase{"{\"a\": [{\n", "1:8 a[0]: the '{' here is never closed; expected '}'\n"},
        SyntaxCase{"{ /* x", "1:3 the comment that begins here never ends; expected \"*/\"\n"},
        SyntaxCase{"# x\n{}", "1:1 a comment begins with \"//\", not with '#'\n"},
        SyntaxCase{std::string("\0", 1), "1:1 expected a value, found an invisible character\n"},
        SyntaxCase{"\xFF\xFE{\0}", "1:1 the file is UTF-16; save it as UTF-8\n"}));

TEST(JsoncTest, BoundsDepthSizeAndNumberOfValuesAndProblems) {
  EXPECT_THAT(parse_jsonc(std::string(64, '[') + std::string(64, ']')).problems, IsEmpty());
  const auto deep = parse_jsonc(std::string(100'000, '[')).problems;
  ASSERT_EQ(deep.size(), 1u);
  EXPECT_EQ(deep[0].message, "nested deeper than 64 levels");
  EXPECT_EQ(problems_in(std::string(kJsoncMaxBytes + 1, ' ')), "1:1 the file is larger than 64 MiB\n");
  std::string many = "[";
  for (std::size_t i = 0; i < kJsoncMaxValues; ++i)
    many += "1,";
  EXPECT_EQ(problems_in(many + "]"), "1:400000 [199999]: more than 200000 values\n");
  std::string bad = "[";
  for (int i = 0; i < 100; ++i)
    bad += "x,";
  EXPECT_EQ(parse_jsonc(bad + "]").problems.size(), 20u);
}

TEST(JsoncTest, KeepsOnlyWhatIsWanted) {
  constexpr std::array<std::string_view, 1> kKept = {"a"};
  const JsonDocument document = parse_jsonc(R"({"b": {"x": [1, {"y": 2}], "x": 3}, "a": [1, {"c": [2]}], "b": [7]})", kKept);
  EXPECT_THAT(document.problems, IsEmpty());
  ASSERT_EQ(document.root.members.size(), 3u);
  EXPECT_TRUE(document.root.members[0].value.members.empty());
  EXPECT_EQ(document.root.members[1].value.items.at(1).members.at(0).value.items.size(), 1u);
  EXPECT_TRUE(document.root.members[2].value.items.empty());
  EXPECT_TRUE(document.root.members[2].earlier);
  // What is not kept is checked all the same.
  const auto problems = parse_jsonc(R"({"b": [1, {"y": tru}]})", kKept).problems;
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].path, "b[1].y");
}

TEST(JsoncTest, SurvivesEveryPrefixAndSingleByteChange) {
  const std::string text = "{ \"a\": [1, {\"b\": \"\\u00e4\\n\"}], /* c */ 'd': tru, // e\n \"f\": -1.5e3, }";
  for (std::size_t i = 0; i <= text.size(); ++i) {
    parse_jsonc(text.substr(0, i));
    for (const char c : {'\0', '"', '{', ']', ',', '\\', '\xC3', '\n'}) {
      std::string changed = text;
      if (i < text.size()) changed[i] = c;
      const JsonDocument document = parse_jsonc(changed);
      EXPECT_LE(document.root.end, changed.size());
    }
  }
}

}  // namespace
}  // namespace gateway
