#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcp/json/text.h"
#include "mcp/rpc/message.h"

namespace mcp {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

Message parsed(std::string text) {
  auto message = Message::parse(text);
  EXPECT_TRUE(message) << text << ": " << message.error().message;
  return message ? std::move(*message) : Message::notification("none", "");
}

Error refused(std::string text) {
  auto message = Message::parse(text);
  EXPECT_FALSE(message) << text;
  return message ? Error{} : message.error();
}

TEST(MessageParseTest, FindsTheMembersOfARequest) {
  const std::string text =
      R"({"jsonrpc": "2.0", "id": 17, "method": "tools/call", "params": {"name": "a__b", "uri": "file:///x", "arguments": {"name": 1},)"
      R"( "cursor": "c", "requestId": 5, "progressToken": "t", "_meta": {"progressToken": "p", "x": [1]}, "other": [{"id": 2}]}, "extra": 1.50})";
  const Message message = parsed(text);
  const Envelope& envelope = message.envelope();
  EXPECT_EQ(message.kind(), MessageKind::request);
  EXPECT_EQ(message.text(), text);
  EXPECT_EQ(message.id(), "17");
  EXPECT_EQ(message.method(), "tools/call");
  EXPECT_EQ(message.name(), "a__b");
  EXPECT_EQ(message.raw(envelope.uri), R"("file:///x")");
  EXPECT_EQ(message.raw(envelope.arguments), R"({"name": 1})");
  EXPECT_EQ(message.raw(envelope.cursor), R"("c")");
  EXPECT_EQ(message.raw(envelope.request_id), "5");
  EXPECT_EQ(message.raw(envelope.progress_token), R"("t")");
  EXPECT_EQ(message.raw(envelope.meta), R"({"progressToken": "p", "x": [1]})");
  EXPECT_EQ(message.raw(envelope.meta_progress_token), R"("p")");
  EXPECT_THAT(message.raw(envelope.params), StartsWith(R"({"name": "a__b")"));
  EXPECT_FALSE(envelope.result.present());
  EXPECT_FALSE(message.is_error());
}

TEST(MessageParseTest, FindsTheMembersInAnyOrder) {
  const Message message = parsed(R"({"params":{"_meta":{"progressToken":1},"name":"n"},"method":"m","id":"a","jsonrpc":"2.0"})");
  EXPECT_EQ(message.id(), R"("a")");
  EXPECT_EQ(message.method(), "m");
  EXPECT_EQ(message.name(), "n");
  EXPECT_EQ(message.raw(message.envelope().meta_progress_token), "1");
}

TEST(MessageParseTest, TellsTheKinds) {
  EXPECT_EQ(parsed(R"({"jsonrpc":"2.0","id":1,"method":"m"})").kind(), MessageKind::request);
  EXPECT_EQ(parsed(R"({"jsonrpc":"2.0","method":"m"})").kind(), MessageKind::notification);
  const Message result = parsed(R"({"jsonrpc":"2.0","id":1,"result":{"content":[]}})");
  EXPECT_EQ(result.kind(), MessageKind::response);
  EXPECT_EQ(result.raw(result.envelope().result), R"({"content":[]})");
  EXPECT_FALSE(result.is_error());
  const Message error = parsed(R"({"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}})");
  EXPECT_EQ(error.kind(), MessageKind::response);
  EXPECT_TRUE(error.is_error());
}

TEST(MessageParseTest, AcceptsTheIdsTheRulesAllow) {
  for (const std::string id : {"0", "-1", "1.5", "123456789012345678901234567890", R"("")", R"("\u0061")", R"("x")"}) {
    EXPECT_EQ(parsed(R"({"jsonrpc":"2.0","method":"m","id":)" + id + "}").id(), id);
    EXPECT_EQ(parsed(R"({"jsonrpc":"2.0","result":0,"id":)" + id + "}").id(), id);
  }
  EXPECT_EQ(parsed(R"({"jsonrpc":"2.0","id":null,"error":{}})").id(), "null");
  EXPECT_EQ(parsed(R"({"jsonrpc":"2.0","error":{}})").id(), "");
}

TEST(MessageParseTest, DecodesMethodAndNameWithEscapes) {
  const Message message = parsed(R"({"jsonrpc":"2.0","method":"tools\/call","params":{"name":"\u0061\"b"}})");
  EXPECT_EQ(message.method(), "tools/call");
  EXPECT_EQ(message.name(), "a\"b");
}

TEST(MessageParseTest, NameThatIsNoStringIsEmpty) {
  for (const std::string value : {"1", "null", "{}", R"(["a\n"])"}) {
    EXPECT_EQ(parsed(R"({"jsonrpc":"2.0","method":"m","params":{"uri":1,"name":)" + value + "}}").name(), "");
  }
}

TEST(MessageParseTest, MembersElsewhereAreNotRouted) {
  const Message message = parsed(
      R"({"jsonrpc":"2.0","id":1,"result":{"id":2,"name":"r","\u0069d":3,"id":4},"x":{"params":{"name":"no"}},"name":1,"name":2,"Ids":0})");
  EXPECT_EQ(message.id(), "1");
  EXPECT_EQ(message.name(), "");
  EXPECT_FALSE(message.envelope().params.present());
  const Message call = parsed(
      R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"id":7,"id":8,"arguments":{"name":"x","name":"y"},"_meta":{"name":1,"name":2}}})");
  EXPECT_EQ(call.id(), "1");
  EXPECT_EQ(call.name(), "");
}

TEST(MessageParseTest, MetaNeedNotBeAnObject) {
  const Message message = parsed(R"({"jsonrpc":"2.0","method":"m","params":{"_meta":[{"progressToken":1}]}})");
  EXPECT_EQ(message.raw(message.envelope().meta), R"([{"progressToken":1}])");
  EXPECT_FALSE(message.envelope().meta_progress_token.present());
}

TEST(MessageParseTest, LineBreaksBetweenTokensBecomeSpaces) {
  EXPECT_EQ(
      parsed("\r\n{\n\"jsonrpc\"\r:\n\"2.0\"\n,\"method\":\"m\",\n\"params\":{\n\"a\":[\n1\n,\r\n2\n],\t\"b\":{\n}\n}\n}\n").text(),
      "  { \"jsonrpc\" : \"2.0\" ,\"method\":\"m\", \"params\":{ \"a\":[ 1 ,  2 ],\t\"b\":{ } } } ");
  EXPECT_EQ(parsed(R"({"jsonrpc":"2.0","method":"m","params":{"a":"x\ny"}})").text(),
            R"({"jsonrpc":"2.0","method":"m","params":{"a":"x\ny"}})");
}

TEST(MessageParseTest, RefusesRoutedMembersThatOccurTwice) {
  const std::pair<std::string, std::string> cases[] = {
      {"jsonrpc", R"({"jsonrpc":"2.0","method":"m","jsonrpc":"2.0"})"},
      {"id", R"({"jsonrpc":"2.0","method":"m","id":1,"id":1})"},
      {"method", R"({"jsonrpc":"2.0","method":"m","method":"n"})"},
      {"params", R"({"jsonrpc":"2.0","method":"m","params":{},"params":{}})"},
      {"result", R"({"jsonrpc":"2.0","id":1,"result":1,"result":2})"},
      {"error", R"({"jsonrpc":"2.0","id":1,"error":{},"error":{}})"},
      {"params.name", R"({"jsonrpc":"2.0","method":"m","params":{"name":"a","name":"b"}})"},
      {"params.uri", R"({"jsonrpc":"2.0","method":"m","params":{"uri":"a","uri":"b"}})"},
      {"params._meta", R"({"jsonrpc":"2.0","method":"m","params":{"_meta":{},"_meta":{}}})"},
      {"params.arguments", R"({"jsonrpc":"2.0","method":"m","params":{"arguments":1,"arguments":2}})"},
      {"params.cursor", R"({"jsonrpc":"2.0","method":"m","params":{"cursor":1,"cursor":2}})"},
      {"params.ref", R"({"jsonrpc":"2.0","method":"m","params":{"ref":1,"ref":{}}})"},
      {"params.ref.type", R"({"jsonrpc":"2.0","method":"m","params":{"ref":{"type":"a","type":"b"}}})"},
      {"params.ref.name", R"({"jsonrpc":"2.0","method":"m","params":{"ref":{"name":"a","name":"b"}}})"},
      {"params.ref.uri", R"({"jsonrpc":"2.0","method":"m","params":{"ref":{"uri":"a","type":"x","uri":"b"}}})"},
      {"params.requestId", R"({"jsonrpc":"2.0","method":"m","params":{"requestId":1,"requestId":2}})"},
      {"params.progressToken", R"({"jsonrpc":"2.0","method":"m","params":{"progressToken":1,"progressToken":2}})"},
      {"params._meta.progressToken", R"({"jsonrpc":"2.0","method":"m","params":{"_meta":{"progressToken":1,"progressToken":2}}})"},
  };
  for (const auto& [member, text] : cases) {
    const Error error = refused(text);
    const std::string key = json_string(member.substr(member.rfind('.') + 1));
    EXPECT_EQ(error.code, ErrorCode::invalid_request) << text;
    EXPECT_EQ(error.message,
              "The message's member \"" + member + "\" at byte " + std::to_string(text.rfind(key)) + " occurs twice.");
  }
}

TEST(MessageParseTest, RefusesRoutedMembersSpelledWithEscapes) {
  const std::pair<std::string, std::string> cases[] = {
      {"jsonrpc", R"({"jsonrpc":"2.0","method":"m","json\u0072pc":"2.0"})"},
      {"id", R"({"jsonrpc":"2.0","method":"m","\u0069d":1})"},
      {"method", R"({"jsonrpc":"2.0","\u006dethod":"m"})"},
      {"params", R"({"jsonrpc":"2.0","method":"m","param\u0073":{}})"},
      {"result", R"({"jsonrpc":"2.0","id":1,"result":1,"\u0072\u0065\u0073\u0075\u006c\u0074":2})"},
      {"error", R"({"jsonrpc":"2.0","id":1,"result":1,"erro\u0072":{}})"},
      {"params.name", R"({"jsonrpc":"2.0","method":"m","params":{"name":"a","n\u0061me":"b"}})"},
      {"params.uri", R"({"jsonrpc":"2.0","method":"m","params":{"ur\u0069":"b"}})"},
      {"params._meta", R"({"jsonrpc":"2.0","method":"m","params":{"\u005Fmeta":{}}})"},
      {"params.arguments", R"({"jsonrpc":"2.0","method":"m","params":{"\u0061rguments":2}})"},
      {"params.cursor", R"({"jsonrpc":"2.0","method":"m","params":{"\u0063ursor":2}})"},
      {"params.ref", R"({"jsonrpc":"2.0","method":"m","params":{"r\u0065f":{}}})"},
      {"params.ref.name", R"({"jsonrpc":"2.0","method":"m","params":{"ref":{"n\u0061me":"b"}}})"},
      {"params.requestId", R"({"jsonrpc":"2.0","method":"m","params":{"request\u0049d":2}})"},
      {"params.progressToken", R"({"jsonrpc":"2.0","method":"m","params":{"progress\u0054oken":2}})"},
      {"params._meta.progressToken", R"({"jsonrpc":"2.0","method":"m","params":{"_meta":{"progress\u0054oken":2}}})"},
  };
  for (const auto& [member, text] : cases) {
    const Error error = refused(text);
    EXPECT_EQ(error.code, ErrorCode::invalid_request) << text;
    EXPECT_THAT(error.message, HasSubstr("\"" + member + "\" at byte "));
    EXPECT_THAT(error.message, HasSubstr("is spelled with escapes"));
  }
  EXPECT_EQ(parsed(R"({"jsonrpc":"2.0","method":"m","params":{"n\u0061mes":"b","na\/me":1,"name":"x"}})").name(), "x");
}

/// Go's encoding/json takes such keys for the routed ones, and the last one wins (CVE-2026-27896).
TEST(MessageParseTest, RefusesKeysThatLenientReadersTakeForRoutedOnes) {
  const std::pair<std::string, std::string> cases[] = {
      {"jsonrpc", R"({"jsonrpc":"2.0","method":"m","JSONRPC":"2.0"})"},
      {"id", R"({"jsonrpc":"2.0","method":"m","id":1,"ID":2})"},
      {"method", R"({"jsonrpc":"2.0","method":"m","Method":"n"})"},
      {"params", R"({"jsonrpc":"2.0","method":"m","Params":{}})"},
      {"params", "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"param\u017F\":{}}"},
      {"params", R"({"jsonrpc":"2.0","method":"m","param\u017f":{}})"},
      {"result", R"({"jsonrpc":"2.0","id":1,"result":1,"resulT":2})"},
      {"error", R"({"jsonrpc":"2.0","id":1,"result":1,"Error":{}})"},
      {"params.name", R"({"jsonrpc":"2.0","method":"m","params":{"name":"a","Name":"b"}})"},
      {"params.name", R"({"jsonrpc":"2.0","method":"m","params":{"name":"a","name\u0000":"b"}})"},
      {"params.name", R"({"jsonrpc":"2.0","method":"m","params":{"name":"a","N\u0061me\u0000\u0000":"b"}})"},
      {"params.uri", R"({"jsonrpc":"2.0","method":"m","params":{"URI":"b"}})"},
      {"params._meta", R"({"jsonrpc":"2.0","method":"m","params":{"_META":{}}})"},
      {"params.ref", R"({"jsonrpc":"2.0","method":"m","params":{"Ref":{}}})"},
      {"params.ref.uri", R"({"jsonrpc":"2.0","method":"m","params":{"ref":{"uri":"a","Uri":"b"}}})"},
      {"params.ref.type", R"({"jsonrpc":"2.0","method":"m","params":{"ref":{"type\u0000":"b"}}})"},
      {"params.requestId", R"({"jsonrpc":"2.0","method":"m","params":{"requestid":2}})"},
      {"params.progressToken", "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{\"progressTo\u212Aen\":2}}"},
      {"params._meta.progressToken", R"({"jsonrpc":"2.0","method":"m","params":{"_meta":{"PROGRESSTOKEN":2}}})"},
  };
  for (const auto& [member, text] : cases) {
    const Error error = refused(text);
    EXPECT_EQ(error.code, ErrorCode::invalid_request) << text;
    EXPECT_THAT(error.message, HasSubstr("\"" + member + "\" at byte ")) << text;
    EXPECT_THAT(error.message, HasSubstr("is spelled in another way")) << text;
  }
  const std::string fine =
      R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"name":"x","Names":1,"\u0000name":2,"nam\u00e9":3,)"
      R"("arguments":{"Name":"y","NAME":"z","ref":{"Name":1}},"_meta":{"Name":1},"ref":{"title":"t","Arguments":1}}})";
  EXPECT_EQ(parsed(fine).text(), fine);
}

/// JavaScript writes them where a text was cut within an emoji; strict readers refuse the whole message for it.
TEST(MessageParseTest, MendsEscapesOfLoneSurrogates) {
  const auto result = [](const std::string& text) { return R"({"jsonrpc":"2.0","id":1,"result":")" + text + "\"}"; };
  const std::pair<std::string, std::string> cases[] = {
      {R"(a\ud83d)", R"(a\ufffd)"},
      {R"(\uDE00b)", R"(\ufffdb)"},
      {R"(\ud83d\ud83d\ude00)", R"(\ufffd\ud83d\ude00)"},
      {R"(\ud83d\u0041)", R"(\ufffd\u0041)"},
      {R"(\ud83d\n)", R"(\ufffd\n)"},
      {R"(\\ud83d)", R"(\\ud83d)"},
      {R"(\ud83d\ude00)", R"(\ud83d\ude00)"},
  };
  for (const auto& [cut, whole] : cases)
    EXPECT_EQ(parsed(result(cut)).text(), result(whole));
  EXPECT_EQ(refused(result(R"(\ud83)")).code, ErrorCode::parse_error);
}

TEST(MessageParseTest, GivesBackWhatItRefuses) {
  std::string text = R"({"jsonrpc":"2.0","id":1})";
  const std::string same = text;
  EXPECT_FALSE(Message::parse(std::move(text)));
  EXPECT_EQ(text, same);  // NOLINT(bugprone-use-after-move): that is what it promises
}

TEST(MessageParseTest, RefusesWhatIsNoJsonRpcMessage) {
  const std::pair<std::string, std::string> cases[] = {
      {"[]", "batches are not supported"},
      {R"([{"jsonrpc":"2.0","method":"m"}])", "batches are not supported"},
      {"1", "not a JSON object"},
      {"\"x\"", "not a JSON object"},
      {"null", "not a JSON object"},
      {"{}", "no member \"jsonrpc\""},
      {R"({"method":"m"})", "no member \"jsonrpc\""},
      {R"({"jsonrpc":"1.0","method":"m"})", "\"jsonrpc\" at byte 11 must be \"2.0\""},
      {R"({"jsonrpc":2.0,"method":"m"})", "\"jsonrpc\" at byte 11 must be \"2.0\""},
      {R"({"jsonrpc":"2.0"})", "none of \"method\", \"result\" and \"error\""},
      {R"({"jsonrpc":"2.0","id":1})", "none of \"method\", \"result\" and \"error\""},
      {R"({"jsonrpc":"2.0","method":1})", "\"method\" at byte 26 must be a string"},
      {R"({"jsonrpc":"2.0","method":null,"id":1})", "\"method\" at byte 26 must be a string"},
      {R"({"jsonrpc":"2.0","method":"m","params":[]})", "\"params\" at byte 39 must be an object"},
      {R"({"jsonrpc":"2.0","method":"m","params":null,"id":1})", "\"params\" at byte 39 must be an object"},
      {R"({"jsonrpc":"2.0","method":"m","id":null})", "\"id\" at byte 35 must be a string or a number"},
      {R"({"jsonrpc":"2.0","method":"m","id":{}})", "\"id\" at byte 35 must be a string or a number"},
      {R"({"jsonrpc":"2.0","method":"m","id":[1]})", "\"id\" at byte 35 must be a string or a number"},
      {R"({"jsonrpc":"2.0","method":"m","id":true})", "\"id\" at byte 35 must be a string or a number"},
      {R"({"jsonrpc":"2.0","method":"m","id":1,"result":{}})", "\"result\" at byte 46 may not stand beside \"method\""},
      {R"({"jsonrpc":"2.0","method":"m","error":{}})", "\"error\" at byte 38 may not stand beside \"method\""},
      {R"({"jsonrpc":"2.0","id":1,"result":1,"error":{}})", "\"result\" at byte 33 may not stand beside \"error\""},
      {R"({"jsonrpc":"2.0","result":{}})", "no \"id\""},
      {R"({"jsonrpc":"2.0","result":{},"id":null})", "\"id\" at byte 34 must be a string or a number"},
      {R"({"jsonrpc":"2.0","id":1,"error":"x"})", "\"error\" at byte 32 must be an object"},
      {R"({"jsonrpc":"2.0","id":[],"error":{}})", "\"id\" at byte 22 must be a string, a number or null"},
  };
  for (const auto& [text, what] : cases) {
    const Error error = refused(text);
    EXPECT_EQ(error.code, ErrorCode::invalid_request) << text;
    EXPECT_THAT(error.message, HasSubstr(what)) << text;
  }
}

TEST(MessageParseTest, AcceptsTheVersionHoweverItIsSpelled) {
  EXPECT_EQ(parsed(R"({"jsonrpc":"\u0032.0","method":"m"})").method(), "m");
}

TEST(MessageParseTest, WhatIsNoJsonIsAParseErrorWhateverElseIsWrong) {
  for (const std::string text : {"",
                                 "{",
                                 "[1,",
                                 "nul",
                                 R"({"jsonrpc":"2.0","id":1,"id":2)",
                                 R"({"jsonrpc":"2.0","method":"m"}})",
                                 "[] []",
                                 R"({"jsonrpc":"2.0","method":"m",})",
                                 R"({"jsonrpc":"2.0","method":"m","params":{"name":})",
                                 R"({"jsonrpc":"2.0","method":"m","params":{"_meta":{"progressToken":1,}}})"}) {
    const Error error = refused(text);
    EXPECT_EQ(error.code, ErrorCode::parse_error) << text;
    EXPECT_THAT(error.message, HasSubstr(" at byte ")) << text;
    EXPECT_EQ(error.data, "") << text;
  }
  EXPECT_EQ(refused(R"({"jsonrpc":"2.0","method":"m" "id":1})").message,
            "The message is not valid JSON: expected ',' or '}' at byte 30.");
}

TEST(MessageParseTest, RefusalsCarryTheIdThatCouldBeRead) {
  EXPECT_EQ(refused(R"({"jsonrpc":"2.0","method":5,"id":17})").data, "17");
  EXPECT_EQ(refused(R"({"jsonrpc":"2.0","method":"m","params":{"name":1,"name":2},"id":"a\n"})").data, R"("a\n")");
  EXPECT_EQ(refused(R"({"jsonrpc":"2.0","id":1,"method":"m","id":2})").data, "");
  EXPECT_EQ(refused(R"({"jsonrpc":"2.0","id":1,"method":"m","\u0069d":2})").data, "");
  EXPECT_EQ(refused(R"({"jsonrpc":"2.0","id":{},"method":"m"})").data, "");
  EXPECT_EQ(refused(R"({"jsonrpc":"2.0","id":null,"method":"m"})").data, "");
  EXPECT_EQ(refused(R"({"jsonrpc":"2.0","method":5})").data, "");
}

std::string request_of_depth(int depth) {
  const auto inner = static_cast<std::size_t>(depth - 2);
  return R"({"jsonrpc":"2.0","id":3,"method":"m","params":{"arguments":)" + std::string(inner, '[') + std::string(inner, ']') +
         "}}";
}

TEST(MessageParseTest, KeepsToTheDepth) {
  EXPECT_EQ(parsed(request_of_depth(128)).id(), "3");
  const Error error = refused(request_of_depth(129));
  EXPECT_EQ(error.code, ErrorCode::invalid_request);
  EXPECT_THAT(error.message, HasSubstr("too deeply nested at byte "));
  EXPECT_EQ(error.data, "3");
}

TEST(MessageParseTest, ReadsAHugeMessage) {
  const std::string text(8 << 20, 'x');
  const Message message = parsed(R"({"jsonrpc":"2.0","id":1,"result":{"text":")" + text + R"(\u00e9"},"end":"é"})");
  EXPECT_EQ(message.raw(message.envelope().result).size(), text.size() + 17);
  EXPECT_EQ(refused(R"({"jsonrpc":"2.0","id":1,"result":{"text":")" + text + "\x01\"}}").message,
            "The message is not valid JSON: control character in a string at byte " + std::to_string(42 + text.size()) + ".");
}

TEST(MessageParseTest, EveryCutOfAMessageIsRefused) {
  const std::string text =
      R"({"jsonrpc":"2.0","id":"\u00e9","method":"m","params":{"name":"n","_meta":{"progressToken":1},"arguments":[{"a":[]}]}})";
  ASSERT_EQ(parsed(text).name(), "n");
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_EQ(refused(text.substr(0, size)).code, ErrorCode::parse_error) << size;
  }
}

}  // namespace
}  // namespace mcp
