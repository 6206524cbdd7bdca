#include "mcp/json/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace mcp {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(JsonStringTest, EscapesWhatMustBeEscaped) {
  EXPECT_EQ(json_string(""), R"("")");
  EXPECT_EQ(json_string("plain text of more than one block"), R"("plain text of more than one block")");
  EXPECT_EQ(json_string("a\"b\\c/d"), R"("a\"b\\c/d")");
  EXPECT_EQ(json_string("\b\t\n\v\f\r"), R"("\b\t\n\u000b\f\r")");
  EXPECT_EQ(json_string(std::string_view("\0\x1f\x7f", 3)), "\"\\u0000\\u001f\x7f\"");
  EXPECT_EQ(json_string("grüße 世界 \U0001F600"), "\"grüße 世界 \U0001F600\"");
}

TEST(JsonStringTest, ReplacesInvalidUtf8) {
  EXPECT_EQ(json_string("a\xFF"
                        "b"),
            "\"a\uFFFDb\"");
  EXPECT_EQ(json_string("\xE4\xB8"), "\"\uFFFD\uFFFD\"");
  EXPECT_EQ(json_string("\xED\xA0\x80"), "\"\uFFFD\uFFFD\uFFFD\"");
}

TEST(JsonStringTest, AppendsAndReadsBack) {
  std::string text;
  for (int c = 0; c < 0x80; ++c)
    text += static_cast<char>(c);
  std::string out = "x";
  append_json_string(out, text);
  EXPECT_EQ(nlohmann::json::parse(out.substr(1)).get<std::string>(), text);
  EXPECT_EQ(decode_json_string(out.substr(1)), text);
}

TEST(DecodeJsonStringTest, DecodesEveryEscape) {
  EXPECT_EQ(decode_json_string(R"("")"), "");
  EXPECT_EQ(decode_json_string(R"("a\"\\\/\b\f\n\r\tz")"), "a\"\\/\b\f\n\r\tz");
  EXPECT_EQ(decode_json_string(R"("\u0041\u00e9\u4E16\ud83d\uDE00")"), "A\u00e9\u4e16\U0001F600");
  EXPECT_EQ(decode_json_string(R"("\u0000")"), std::string(1, '\0'));
}

TEST(DecodeJsonStringTest, ReplacesLoneSurrogates) {
  EXPECT_EQ(decode_json_string(R"("\ud83d")"), "\uFFFD");
  EXPECT_EQ(decode_json_string(R"("\ude00x")"), "\uFFFDx");
  EXPECT_EQ(decode_json_string(R"("\ud83d\u0041")"), "\uFFFDA");
  EXPECT_EQ(decode_json_string(R"("\ud83d\ud83d\ude00")"), "\uFFFD\U0001F600");
}

TEST(DecodeJsonStringTest, StaysInsideTextThatIsNoString) {
  EXPECT_EQ(decode_json_string(""), "");
  EXPECT_EQ(decode_json_string("\""), "");
  EXPECT_EQ(decode_json_string("17"), "");
  EXPECT_EQ(decode_json_string(R"("\")"), "");
  EXPECT_EQ(decode_json_string(R"("\u12")"), "\uFFFD12");
}

std::string listed(std::string_view object) {
  std::string all;
  for_each_member(object, [&](std::string_view key, std::string_view value) {
    all.append(key).append("=").append(value).append(";");
    return true;
  });
  return all;
}

TEST(ForEachMemberTest, GivesKeysAndValuesAsTheyStand) {
  EXPECT_EQ(listed(R"( {"a" : 1 , "b\n":[1,{"c":2}],"":"x,}"} )"), R"(a=1;b\n=[1,{"c":2}];="x,}";)");
  EXPECT_EQ(listed("{}"), "");
}

TEST(ForEachMemberTest, DoesNothingForOtherValues) {
  for (const std::string_view text : {"", "[1]", "null", "\"{}\"", "7"})
    EXPECT_EQ(listed(text), "") << text;
}

TEST(ForEachMemberTest, StopsWhenToldTo) {
  int calls = 0;
  for_each_member(R"({"a":1,"b":2,"c":3})", [&](std::string_view key, std::string_view) {
    ++calls;
    return key != "b";
  });
  EXPECT_EQ(calls, 2);
}

TEST(MemberTest, FindsTheFirstPlainlySpelled) {
  EXPECT_EQ(member(R"({"b":{"a":0},"\u0061":9,"a":[1, 2],"a":2})", "a"), "[1, 2]");
  EXPECT_EQ(member(R"({"\u0061":9})", R"(\u0061)"), "");
  EXPECT_EQ(member(R"({"b":1})", "a"), "");
  EXPECT_EQ(member("[]", "a"), "");
}

TEST(ElementsTest, GivesRawTexts) {
  EXPECT_THAT(elements(R"( [1, "a,]" ,[2,[3]],{"x":[]} ,null] )"), ElementsAre("1", R"("a,]")", "[2,[3]]", R"({"x":[]})", "null"));
  EXPECT_THAT(elements("[]"), IsEmpty());
  EXPECT_THAT(elements("[ ]"), IsEmpty());
  EXPECT_THAT(elements(R"({"a":1})"), IsEmpty());
  EXPECT_THAT(elements(""), IsEmpty());
}

TEST(ValidateJsonTest, AcceptsEveryKindOfValue) {
  for (const std::string_view text : {"0",
                                      "-0",
                                      "10",
                                      "-1.5e+10",
                                      "0.25E-3",
                                      "1e400",
                                      "true",
                                      "false",
                                      "null",
                                      "\"\"",
                                      R"("\u00e9\ud83d\ude00")",
                                      "[]",
                                      "{}",
                                      " [ ] ",
                                      "\t{\r\n}\n",
                                      "[[],{},[1,2]]",
                                      R"({"a":{"b":[null]},"c":""})",
                                      "\"\x7f\"",
                                      "123456789012345678901234567890"}) {
    EXPECT_TRUE(validate_json(text)) << text;
    EXPECT_TRUE(text == "1e400" || nlohmann::json::accept(text)) << text;
  }
}

TEST(ValidateJsonTest, RefusesWhatIsNotJson) {
  for (const std::string_view text : {"",
                                      " ",
                                      "nul",
                                      "nulL",
                                      "truefalse",
                                      "+1",
                                      "01",
                                      "-",
                                      "-a",
                                      "1.",
                                      ".5",
                                      "1e",
                                      "1e+",
                                      "0x10",
                                      "1 2",
                                      "[",
                                      "]",
                                      "[1",
                                      "[1,",
                                      "[1,]",
                                      "[,1]",
                                      "[1 2]",
                                      "{",
                                      "{\"a\"",
                                      "{\"a\":",
                                      "{\"a\":1",
                                      "{\"a\":1,",
                                      "{\"a\":1,}",
                                      "{\"a\" 1}",
                                      "{a:1}",
                                      "{1:1}",
                                      "{,}",
                                      "[}",
                                      "{]",
                                      "{\"a\":1]",
                                      "[\"a\":1]",
                                      "\"",
                                      "\"a",
                                      "'a'",
                                      "\"\\",
                                      "\"\\x\"",
                                      "\"\\u\"",
                                      "\"\\u12\"",
                                      "\"\\u123g\"",
                                      "\"\\ud800\"",
                                      "\"\\udc00\"",
                                      "\"\\ud800\\u0041\"",
                                      "\"\\ud800\\udbff\"",
                                      "\"\\udbff\\ue000\"",
                                      "\"\\ud800\\n....\"",
                                      "\"\n\"",
                                      "\"\t\"",
                                      "\"\x1f\"",
                                      "\"\x80\"",
                                      "\"\xC0\x80\"",
                                      "\"\xED\xA0\x80\"",
                                      "\"\xF4\x90\x80\x80\"",
                                      "\"\xE4\xB8\"",
                                      "\xC3\xA9",
                                      "/**/1",
                                      "NaN",
                                      "Infinity",
                                      "[]]",
                                      "{}}",
                                      "\v1",
                                      "\xEF\xBB\xBF{}",
                                      "1\f"}) {
    EXPECT_FALSE(validate_json(text)) << testing::PrintToString(text);
    EXPECT_TRUE(text.starts_with("\xEF\xBB\xBF") || !nlohmann::json::accept(text)) << testing::PrintToString(text);
  }
  EXPECT_FALSE(validate_json(std::string_view("{}\0", 3)));
  EXPECT_FALSE(validate_json(std::string_view("\"\0\"", 3)));
}

TEST(ValidateJsonTest, RefusesEveryByteOfATextCutShort) {
  const std::string text = R"({"key":["a\u00e9\ud83d\ude00 é 世",-1.5,true,false,null,{"x":{}}]})";
  ASSERT_TRUE(validate_json(text));
  for (std::size_t size = 0; size < text.size(); ++size)
    EXPECT_FALSE(validate_json(text.substr(0, size))) << size;
}

TEST(ValidateJsonTest, NamesTheByte) {
  const auto where = [](std::string_view text) { return validate_json(text).error().message; };
  EXPECT_THAT(where("[1,x]"), HasSubstr("expected a value at byte 3."));
  EXPECT_THAT(where("[1"), HasSubstr("unexpected end at byte 2."));
  EXPECT_THAT(where("{\"a\":\"bc\x80\"}"), HasSubstr("invalid UTF-8 at byte 8."));
  EXPECT_THAT(where("{\"a\" 1}"), HasSubstr("expected ':' at byte 5."));
  EXPECT_THAT(where("{} {}"), HasSubstr("at byte 3."));
  EXPECT_THAT(where(R"(["\ud800"])"), HasSubstr("lone surrogate escape at byte 2."));
}

std::string nested(int depth) {
  std::string text;
  for (int i = 0; i < depth; ++i)
    text += i % 3 == 0 ? R"({"a":)" : "[";
  text += "1";
  for (int i = depth - 1; i >= 0; --i)
    text += i % 3 == 0 ? "}" : "]";
  return text;
}

TEST(ValidateJsonTest, KeepsToTheDepth) {
  EXPECT_TRUE(validate_json(nested(128)));
  const auto refused = validate_json(nested(129));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_request);
  EXPECT_THAT(refused.error().message, HasSubstr("too deeply nested"));
  EXPECT_FALSE(validate_json(nested(129), 1000)) << "128 is the most there is";
  EXPECT_TRUE(validate_json(nested(3), 3));
  EXPECT_FALSE(validate_json(nested(4), 3));
  EXPECT_TRUE(validate_json("1", 0));
  EXPECT_FALSE(validate_json("[]", 0));
  EXPECT_FALSE(validate_json(std::string(1'000'000, '[')));
}

TEST(ValidateJsonTest, MismatchedBracketsAreFoundAtEveryDepth) {
  for (int depth = 1; depth <= 128; ++depth) {
    std::string text = nested(depth);
    char& last = text.back();
    last = last == '}' ? ']' : '}';
    EXPECT_FALSE(validate_json(text)) << depth;
    last = last == '}' ? ']' : '}';
    char& innermost = text[text.find('1') + 1];
    innermost = innermost == '}' ? ']' : '}';
    EXPECT_FALSE(validate_json(text)) << depth;
  }
}

}  // namespace
}  // namespace mcp
