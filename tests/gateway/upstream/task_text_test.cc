#include "gateway/upstream/task_text.h"

#include <gtest/gtest.h>

namespace gateway {
namespace {

using mcp::Message;

Message parsed(const std::string& text) {
  auto message = Message::parse(text);
  EXPECT_TRUE(message) << text;
  return std::move(*message);
}

std::string with_related(const std::string& text, std::string_view id) {
  Message message = parsed(text);
  set_related_task(message, id);
  return std::string(message.text());
}

TEST(TaskTextTest, AMemberHasOneNameHoweverItIsSpelled) {
  EXPECT_EQ(with_json_member(R"({"task\u0049d":"theirs","a":1,"taskId":"x"})", "taskId", R"("ours")"),
            R"({"taskId":"ours","a":1})");
  EXPECT_EQ(without_member(R"({"t\u0061sk":{},"a":1})", "task"), R"({"a":1})");
  EXPECT_EQ(status_of(R"({"st\u0061tus":"working"})"), "working");
}

TEST(TaskTextTest, FindsTheTaskHoweverItsKeysAreSpelled) {
  EXPECT_EQ(
      related_task(parsed(
          R"({"jsonrpc":"2.0","method":"n","params":{"_meta":{"io.modelcontextprotocol\/related-task":{"task\u0049d":"t1"}}}})")),
      "t1");
  EXPECT_EQ(
      related_task(parsed(
          R"({"jsonrpc":"2.0","id":1,"result":{"\u005fmeta":{"io.modelcontextprotocol/rel\u0061ted-task":{"taskId":"t1"}}}})")),
      "t1");
  EXPECT_EQ(related_task(parsed(R"({"jsonrpc":"2.0","id":1,"result":{"text":"related-task\" \\"}})")), "");
}

TEST(TaskTextTest, NoSpellingOfTheTaskIsLeft) {
  EXPECT_EQ(
      with_related(R"({"jsonrpc":"2.0","id":1,"result":{"_meta":{"io.modelcontextprotocol\/related-task":{"taskId":"t1"}},"a":1}})",
                   "ours"),
      R"({"jsonrpc":"2.0","id":1,"result":{"_meta":{"io.modelcontextprotocol/related-task":{"taskId":"ours"}},"a":1}})");
  EXPECT_EQ(
      with_related(R"({"jsonrpc":"2.0","id":1,"result":{"_met\u0061":{"io.modelcontextprotocol/related-task":{}},"a":1}})", ""),
      R"({"jsonrpc":"2.0","id":1,"result":{"a":1}})");
}

TEST(TaskTextTest, WhatBelongsToNoTaskStaysAsItIs) {
  const std::string text = R"({"jsonrpc":"2.0","id":1,"result":{"_meta":{"b":2},"a":1e400}})";
  EXPECT_EQ(with_related(text, ""), text);
}

TEST(TaskTextTest, TheRestOfAMessageStaysAsItIs) {
  EXPECT_EQ(
      with_related(
          R"({"jsonrpc":"2.0","x":1,"method":"a\",\"b\":\"c","params":{"a":1,"_meta":{"io.modelcontextprotocol/related-task":{"taskId":"t"}}}})",
          "ours"),
      R"({"jsonrpc":"2.0","x":1,"method":"a\",\"b\":\"c","params":{"_meta":{"io.modelcontextprotocol/related-task":{"taskId":"ours"}},"a":1}})");
}

TEST(TaskTextTest, WhatIsReadWithinParamsIsFoundAnew) {
  Message message = parsed(
      R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"name":"n","_meta":{"io.modelcontextprotocol/related-task":{"taskId":"t"},"progressToken":7}}})");
  set_related_task(message, "ours");
  EXPECT_EQ(message.name(), "n");
  EXPECT_EQ(message.raw(message.envelope().meta_progress_token), "7");
  EXPECT_EQ(message.kind(), mcp::MessageKind::request);
}

}  // namespace
}  // namespace gateway
