#include "mcp/rpc/batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcp/rpc/message.h"

namespace mcp {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string kCall = R"({"jsonrpc":"2.0","id":1,"method":"a"})";
const std::string kNotice = R"({"jsonrpc":"2.0","method":"b"})";

Error refusal_of(std::string text, std::size_t max_elements = kMaxBatch) {
  const auto split = split_batch(text, max_elements);
  return split ? Error{} : split.error();
}

TEST(BatchTest, KnowsABatchByItsFirstByte) {
  for (const char* text : {"[]", " \t\r\n[", "[{"})
    EXPECT_TRUE(is_batch(text)) << text;
  for (const char* text : {"", "  ", "{}", "\"[\"", "\v[", "\xEF\xBB\xBF[]"})
    EXPECT_FALSE(is_batch(text)) << text;
}

TEST(BatchTest, GivesTheElementsInTheirOrder) {
  std::string text = "[" + kCall + "," + kNotice + "]";
  EXPECT_THAT(split_batch(text).value(), ElementsAre(kCall, kNotice));
  text = " [\t" + kCall + " ] ";
  EXPECT_THAT(split_batch(text).value(), ElementsAre(kCall));
}

TEST(BatchTest, LeavesElementsThatAreNoMessagesToTheirReader) {
  std::string text = R"([1, [], "a,]", {"x":[{}]}, null, )" + kCall + "]";
  const auto split = split_batch(text);
  ASSERT_TRUE(split) << split.error().text();
  EXPECT_THAT(*split, ElementsAre("1", "[]", R"("a,]")", R"({"x":[{}]})", "null", kCall));
  EXPECT_EQ(Message::parse(std::string(split->at(1))).error().code, ErrorCode::invalid_request);
}

TEST(BatchTest, MendsElementsLikeMessages) {
  std::string text = "[\n{\n\"jsonrpc\":\"2.0\",\r\n\"method\":\"\\ud83d\"},{}\n]";
  EXPECT_THAT(split_batch(text).value(), ElementsAre(R"({ "jsonrpc":"2.0",  "method":"\ufffd"})", "{}"));
}

TEST(BatchTest, RefusesWhatIsNoBatch) {
  const struct {
    std::string text;
    ErrorCode code;
    std::string message;
  } cases[] = {
      {"", ErrorCode::invalid_request, "no batch"},
      {kCall, ErrorCode::invalid_request, "no batch"},
      {"[]", ErrorCode::invalid_request, "empty"},
      {" [ \n ] ", ErrorCode::invalid_request, "empty"},
      {"[" + kCall, ErrorCode::parse_error, "unexpected end at byte 38"},
      {"[" + kCall + ",]", ErrorCode::parse_error, "expected a value"},
      {"[" + kCall + "] x", ErrorCode::parse_error, "at byte 40"},
      {"[\"\xFF\"]", ErrorCode::parse_error, "UTF-8"},
      {std::string("[1]\0", 4), ErrorCode::parse_error, "at byte 3"},
      {std::string(129, '[') + std::string(129, ']'), ErrorCode::invalid_request, "too deeply nested"},
  };
  for (const auto& [text, code, message] : cases) {
    const Error error = refusal_of(text);
    EXPECT_EQ(error.code, code) << text;
    EXPECT_THAT(error.message, HasSubstr(message)) << text;
  }
}

TEST(BatchTest, CountsNoFurtherThanItsLimit) {
  EXPECT_EQ(refusal_of("[1,2,3]", 3).message, "");
  EXPECT_THAT(refusal_of("[1,2,3]", 2).message, HasSubstr("more than 2 messages"));
  // What lies behind the limit is not read at all.
  EXPECT_EQ(refusal_of("[1,2,3,\xFF", 2).code, ErrorCode::invalid_request);
  std::string many = "[";
  for (std::size_t i = 0; i < kMaxBatch; ++i)
    many += "1,";
  EXPECT_EQ(refusal_of(many + "1]").code, ErrorCode::invalid_request);
  many.back() = ']';
  EXPECT_EQ(refusal_of(many).message, "");
}

std::vector<std::string> texts_of(std::string text, Batches batches) {
  std::vector<std::string> texts;
  const auto taken = for_each_message_text(std::move(text), batches, [&](std::string&& each) { texts.push_back(std::move(each)); });
  if (!taken) texts.push_back("refused: " + taken.error().message);
  return texts;
}

TEST(BatchTest, TextsThatAreNoBatchStayWhole) {
  for (const Batches batches : {Batches::allowed, Batches::refused}) {
    EXPECT_THAT(texts_of(kCall, batches), ElementsAre(kCall));
    EXPECT_THAT(texts_of("no JSON", batches), ElementsAre("no JSON"));
  }
  EXPECT_THAT(texts_of("[" + kCall + "," + kNotice + "]", Batches::allowed), ElementsAre(kCall, kNotice));
  EXPECT_THAT(texts_of("[" + kCall + "," + kNotice + "]", Batches::refused), ElementsAre(HasSubstr("only MCP 2025-03-26")));
  EXPECT_THAT(texts_of("[" + kCall + ",", Batches::allowed), ElementsAre(HasSubstr("not valid JSON")));
}

TEST(BatchTest, TakesElementsAlmostAsDeepAsMessages) {
  std::string deep = "[" + std::string(127, '[') + std::string(127, ']') + "]";
  EXPECT_TRUE(split_batch(deep));
}

}  // namespace
}  // namespace mcp
