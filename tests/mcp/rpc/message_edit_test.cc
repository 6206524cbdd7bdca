#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "mcp/rpc/message.h"

namespace mcp {
namespace {

using nlohmann::json;

Message message_of(std::string text) {
  auto message = Message::parse(std::move(text));
  EXPECT_TRUE(message) << message.error().message;
  return std::move(*message);
}

/// A message with every member of a call; `id_first` decides which side of the text is the shorter one for the id.
std::string call(bool id_first, std::string_view id) {
  const std::string id_member = R"("id":)" + std::string(id);
  return R"({"jsonrpc":"2.0",)" + (id_first ? id_member + "," : "") +
         R"("method":"tools/call","params":{"_meta":{"progressToken":"token","x":1},"name":"tool","uri":"u","arguments":{"a":[1,2]},)"
         R"("cursor":"c","ref":{"type":"t","name":"n"},"requestId":9,"progressToken":8},"more":"text to make one side longer than the other")" +
         (id_first ? "" : "," + id_member) + "}";
}

/// Every span must hold what a fresh parse of the text finds.
void expect_consistent(const Message& message) {
  const Message fresh = message_of(std::string(message.text()));
  constexpr Span Envelope::* kAll[] = {&Envelope::id,
                                       &Envelope::method,
                                       &Envelope::params,
                                       &Envelope::result,
                                       &Envelope::error,
                                       &Envelope::name,
                                       &Envelope::uri,
                                       &Envelope::meta,
                                       &Envelope::arguments,
                                       &Envelope::cursor,
                                       &Envelope::ref,
                                       &Envelope::request_id,
                                       &Envelope::progress_token,
                                       &Envelope::meta_progress_token};
  for (Span Envelope::* const member : kAll) {
    EXPECT_EQ(message.raw(message.envelope().*member), fresh.raw(fresh.envelope().*member)) << message.text();
  }
  EXPECT_EQ(message.method(), fresh.method());
  EXPECT_EQ(message.name(), fresh.name());
}

TEST(MessageReplaceTest, WritesIdsOfAnyLengthAtEitherEnd) {
  const std::string ids[] = {
      "1", "22", R"("a-long-id-as-a-string")", "333", R"("")", R"("another id that is rather long, and then some")", "4"};
  for (const bool id_first : {true, false}) {
    for (const std::string& original : ids) {
      Message message = message_of(call(id_first, original));
      json expected = json::parse(message.text());
      for (const std::string& id : ids) {
        message.set_id(id);
        expected["id"] = json::parse(id);
        EXPECT_EQ(message.text(), call(id_first, id));
        EXPECT_EQ(json::parse(message.text()), expected);
        expect_consistent(message);
      }
    }
  }
}

TEST(MessageReplaceTest, WritesEveryMember) {
  const std::pair<Span Envelope::*, json::json_pointer> members[] = {
      {&Envelope::id, json::json_pointer("/id")},
      {&Envelope::method, json::json_pointer("/method")},
      {&Envelope::name, json::json_pointer("/params/name")},
      {&Envelope::uri, json::json_pointer("/params/uri")},
      {&Envelope::arguments, json::json_pointer("/params/arguments")},
      {&Envelope::cursor, json::json_pointer("/params/cursor")},
      {&Envelope::ref, json::json_pointer("/params/ref")},
      {&Envelope::request_id, json::json_pointer("/params/requestId")},
      {&Envelope::progress_token, json::json_pointer("/params/progressToken")},
      {&Envelope::meta_progress_token, json::json_pointer("/params/_meta/progressToken")},
  };
  for (const bool id_first : {true, false}) {
    Message message = message_of(call(id_first, "17"));
    json expected = json::parse(message.text());
    for (const std::string value : {R"("a much longer value than there was")", R"("")", R"("mid")"}) {
      for (const auto& [member, pointer] : members) {
        message.replace(member, value);
        expected[pointer] = json::parse(value);
        ASSERT_EQ(json::parse(message.text()), expected);
        expect_consistent(message);
      }
    }
  }
}

TEST(MessageReplaceTest, RefreshesTheDecodedNames) {
  Message message = message_of(R"({"jsonrpc":"2.0","id":1,"method":"a\/b","params":{"name":"x\"y"}})");
  message.replace(&Envelope::name, R"("plain")");
  message.replace(&Envelope::method, R"("m")");
  EXPECT_EQ(message.name(), "plain");
  EXPECT_EQ(message.method(), "m");
  message.replace(&Envelope::name, R"("\u0041")");
  message.replace(&Envelope::method, R"("\u0042")");
  EXPECT_EQ(message.name(), "A");
  EXPECT_EQ(message.method(), "B");
}

TEST(MessageReplaceTest, MembersInsideTheReplacedBecomeAbsent) {
  Message message = message_of(R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"name":"x\"y","_meta":{"progressToken":1}}})");
  message.replace(&Envelope::meta, R"({"progressToken":2})");
  EXPECT_EQ(message.raw(message.envelope().meta), R"({"progressToken":2})");
  EXPECT_FALSE(message.envelope().meta_progress_token.present());
  EXPECT_EQ(message.name(), "x\"y");
  message.replace(&Envelope::params, "{}");
  EXPECT_EQ(message.text(), R"({"jsonrpc":"2.0","id":1,"method":"m","params":{}})");
  EXPECT_FALSE(message.envelope().name.present());
  EXPECT_EQ(message.name(), "");
  EXPECT_EQ(message.method(), "m");
}

TEST(MessageReplaceTest, DoesNothingForAnAbsentMember) {
  Message message = message_of(R"({"jsonrpc":"2.0","method":"m"})");
  message.set_id("7");
  EXPECT_EQ(message.text(), R"({"jsonrpc":"2.0","method":"m"})");
}

TEST(MessageReplaceTest, MovesTheShortSideOfAHugeMessage) {
  Message message = message_of(R"({"jsonrpc":"2.0","id":"long-enough-id","result":")" + std::string(1 << 20, 'x') + R"("})");
  const char* const end = message.text().data() + message.text().size();
  for (const std::string id : {"1", R"("back-again-id")", "22"}) {
    message.set_id(id);
    EXPECT_EQ(message.id(), id);
    EXPECT_EQ(message.text().data() + message.text().size(), end) << "the long side moved";
  }
}

TEST(MessageTakeTextTest, LeavesTheFreeRoomBehind) {
  Message message = message_of(call(true, R"("a-long-id-as-a-string")"));
  message.set_id("1");
  EXPECT_EQ(std::move(message).take_text(), call(true, "1"));
}

TEST(MessageCloneTest, IsEqualAndApart) {
  Message message = message_of(call(true, R"("a-long-id-as-a-string")"));
  message.replace(&Envelope::name, R"("\u0041")");
  message.set_id("1");
  Message copy = message.clone();
  EXPECT_EQ(copy.text(), message.text());
  EXPECT_EQ(copy.kind(), message.kind());
  EXPECT_EQ(copy.name(), "A");
  expect_consistent(copy);
  copy.set_id("2");
  EXPECT_EQ(message.id(), "1");
  EXPECT_EQ(copy.id(), "2");
}

TEST(MessageBuildTest, Request) {
  const Message message = Message::request("7", "tools/call", "{\"name\":\"a\\u0062\",\n\"_meta\":{\"progressToken\":1}}");
  EXPECT_EQ(message.text(),
            R"({"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"a\u0062", "_meta":{"progressToken":1}}})");
  EXPECT_EQ(message.kind(), MessageKind::request);
  EXPECT_EQ(message.name(), "ab");
  expect_consistent(message);
  EXPECT_EQ(Message::request(R"("x")", "ping", "").text(), R"({"jsonrpc":"2.0","id":"x","method":"ping"})");
}

TEST(MessageBuildTest, Notification) {
  const Message message = Message::notification("notifications/cancelled", R"({"requestId":3})");
  EXPECT_EQ(message.text(), R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":3}})");
  EXPECT_EQ(message.kind(), MessageKind::notification);
  EXPECT_EQ(message.raw(message.envelope().request_id), "3");
  expect_consistent(message);
  EXPECT_EQ(Message::notification("m", "").text(), R"({"jsonrpc":"2.0","method":"m"})");
}

TEST(MessageBuildTest, Result) {
  const Message message = Message::result(R"("a")", "{\n\"tools\":[]}\r\n");
  EXPECT_EQ(message.text(), "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"result\":{ \"tools\":[]}  }");
  EXPECT_EQ(message.kind(), MessageKind::response);
  EXPECT_FALSE(message.is_error());
  EXPECT_EQ(message.id(), R"("a")");
}

TEST(MessageBuildTest, Error) {
  const Message message = Message::error("5", -32600, "no \"good\"\n\xFF", R"({"a":1})");
  EXPECT_EQ(
      message.text(),
      "{\"jsonrpc\":\"2.0\",\"id\":5,\"error\":{\"code\":-32600,\"message\":\"no \\\"good\\\"\\n\uFFFD\",\"data\":{\"a\":1}}}");
  EXPECT_EQ(message.kind(), MessageKind::response);
  EXPECT_TRUE(message.is_error());
  expect_consistent(message);
  EXPECT_EQ(Message::error("", -32700, "x").text(), R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"x"}})");
}

TEST(MessageBuildTest, BuiltMessagesTakeEdits) {
  Message message = Message::result("12345", R"({"x":1})");
  message.set_id(R"("client")");
  EXPECT_EQ(message.text(), R"({"jsonrpc":"2.0","id":"client","result":{"x":1}})");
  expect_consistent(message);
}

TEST(MessageBuildTest, AMethodIsAStringWhateverItSays) {
  const std::string method = "a\",\"params\":{},\"x\":\"\n\ndata: ";
  for (const Message& message : {Message::request("1", method, R"({"b":1})"), Message::notification(method, R"({"b":1})")}) {
    const json text = json::parse(message.text());
    EXPECT_EQ(text["method"], method);
    EXPECT_EQ(text["params"], json::parse(R"({"b":1})"));
    EXPECT_EQ(message.method(), method);
    EXPECT_EQ(message.text().find('\n'), std::string_view::npos);
  }
}

}  // namespace
}  // namespace mcp
