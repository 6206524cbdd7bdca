#include "gateway/upstream/listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>
#include <vector>

#include "mcp/transport/message_pipe.h"
#include "tests/support/run_task.h"

namespace gateway {
namespace {

using mcp::ErrorCode;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

using Listed = mcp::Result<CatalogListPtr>;

/// A session whose server answers lists with what the test says: the text of a result, or of a whole member "error".
class ListingTest : public testing::Test {
 protected:
  ListingTest() {
    auto [transport, pipe] = mcp::make_memory_pair(loop_.get_executor());
    server_ = pipe;
    mcp::MessagePipe::Receiver receiver;
    receiver.on_message = [this](const mcp::Message& message) {
      if (message.kind() != mcp::MessageKind::request) return;
      asked_.push_back(json::parse(message.text())["params"]);
      methods_.emplace_back(message.method());
      const std::string result = answer(asked_.size() - 1);
      const std::string text = R"({"jsonrpc":"2.0","id":)" + std::string(message.id()) + "," + result + "}";
      EXPECT_TRUE(server_->send(*mcp::Message::parse(text)));
    };
    receiver.on_invalid = [](const mcp::Error&) {};
    receiver.on_closed = [] {};
    server_->open(std::move(receiver));
    session_ = mcp::ClientSession::create(loop_.get_executor(), transport, {});
    EXPECT_TRUE(mcp::run_task(loop_, session_->open()));
  }

  ~ListingTest() override { mcp::run_task(loop_, session_->close(std::chrono::milliseconds(100))); }

  Listed list(CatalogKind kind = CatalogKind::tools) {
    return mcp::run_task(loop_, list_all(*session_, kind, cancellation_, bounds_));
  }

  /// The catalog where each page answers as given, in order.
  Listed list(std::vector<std::string> pages, CatalogKind kind = CatalogKind::tools) {
    answer = [pages = std::move(pages)](std::size_t number) { return number < pages.size() ? pages[number] : ""; };
    return list(kind);
  }

  static std::string page(const std::string& tools, const std::string& cursor = {}) {
    return R"("result":{"tools":)" + tools + (cursor.empty() ? "" : R"(,"nextCursor":)" + cursor) + "}";
  }

  static std::vector<std::string> names(const Listed& listed) {
    std::vector<std::string> names;
    for (const auto& entry : (*listed)->entries)
      names.push_back(entry.key);
    return names;
  }

  boost::asio::io_context loop_{1};
  std::shared_ptr<mcp::MessagePipe> server_;
  std::shared_ptr<mcp::ClientSession> session_;
  mcp::Cancellation cancellation_;
  ListingBounds bounds_;
  std::function<std::string(std::size_t)> answer;
  std::vector<json> asked_;
  std::vector<std::string> methods_;
};

TEST_F(ListingTest, CollectsAllPagesInOrderAndKeepsTheObjectsAsTheyCame) {
  const std::string odd = R"({ "x":1.50e3, "name":"b",  "inputSchema":{} })";
  const auto listed =
      list({page("[" + odd + R"(,{"name":"a"}])", R"("p\u0032")"), page("[]", "\"p3\""), page(R"([{"name":"c"}])")});
  ASSERT_TRUE(listed) << listed.error().text();
  EXPECT_THAT(names(listed), ElementsAre("b", "a", "c"));
  EXPECT_EQ((*listed)->entries[0].text, odd);
  EXPECT_THAT((*listed)->refused, ElementsAre());
  EXPECT_THAT(asked_, ElementsAre(json(), json({{"cursor", "p2"}}), json({{"cursor", "p3"}})));
}

TEST_F(ListingTest, ToolsThatCannotBeOfferedAreNamed) {
  const auto listed =
      list({page(R"([7, {"title":"no name"}, {"name":""}, {"name":5}, {"name":"twice","n":1}, {"name":"tw\u0069ce"},)"
                 R"( {"name":"x","name":"y"}, {"n\u0061me":"z"}, {"name":"v","n\u0061me":"w"}, {"name":"good"}])")});
  ASSERT_TRUE(listed) << listed.error().text();
  EXPECT_THAT(names(listed), ElementsAre("twice", "good"));
  EXPECT_THAT((*listed)->refused,
              ElementsAre("an element of tools is no object",
                          "a tool without a name",
                          "a tool without a name",
                          "a tool without a name",
                          "tool \"twice\" is listed twice; the first one counts",
                          "a tool whose name is given twice or spelled with escapes in its key",
                          "a tool whose name is given twice or spelled with escapes in its key",
                          "a tool whose name is given twice or spelled with escapes in its key"));
}

TEST_F(ListingTest, WhatIsNoListFailsTheListing) {
  const std::vector<std::pair<std::string, std::string>> faults = {
      {R"("result":{})", "no array \"tools\""},
      {R"("result":{"tools":{}})", "no array \"tools\""},
      {R"("error":{"code":-32601,"message":"no tools here"})", "no tools here"},
      {page("[]", "5"), "nextCursor of tools/list is no string"},
  };
  for (const auto& [text, message] : faults) {
    const auto listed = list({text});
    ASSERT_FALSE(listed) << text;
    EXPECT_EQ(listed.error().code, ErrorCode::not_mcp);
    EXPECT_THAT(listed.error().message, HasSubstr(message));
    asked_.clear();
  }
}

TEST_F(ListingTest, ANullCursorIsTheEnd) {
  ASSERT_TRUE(list({page("[]", "null")}));
  EXPECT_EQ(asked_.size(), 1u);
}

TEST_F(ListingTest, ACursorThatComesAgainEndsIt) {
  const auto listed = list({page("[]", "\"a\""), page("[]", "\"b\""), page("[]", "\"a\"")});
  ASSERT_FALSE(listed);
  EXPECT_EQ(listed.error().code, ErrorCode::not_mcp);
  EXPECT_THAT(listed.error().message, HasSubstr("same cursor twice"));
}

TEST_F(ListingTest, PagesWithoutEnd) {
  bounds_.max_pages = 3;
  answer = [](std::size_t number) { return page("[]", "\"c" + std::to_string(number) + "\""); };
  const auto listed = list();
  ASSERT_FALSE(listed);
  EXPECT_EQ(listed.error().code, ErrorCode::not_mcp);
  EXPECT_THAT(listed.error().message, HasSubstr("3 pages"));
  EXPECT_LE(asked_.size(), 4u);
}

TEST_F(ListingTest, TooManyToolsAlsoWhereNoneIsGood) {
  bounds_.max_entries = 2;
  EXPECT_TRUE(list({page(R"([{"name":"a"},{"name":"b"}])")}));
  for (const std::string tools : {R"([{"name":"a"},{"name":"b"},{"name":"c"}])", "[1,2,3]", R"([{"name":"a"},{"name":"a"},1])"}) {
    asked_.clear();
    const auto listed = list({page(tools)});
    ASSERT_FALSE(listed) << tools;
    EXPECT_THAT(listed.error().message, HasSubstr("2 tools"));
  }
}

TEST_F(ListingTest, TooManyBytesInAll) {
  bounds_.max_bytes = std::size_t{1} << 20;
  const std::string tool = R"([{"name":"a","description":")" + std::string(600'000, 'x') + R"("}])";
  const auto listed = list({page(tool, "\"next\""), page(tool)});
  ASSERT_FALSE(listed);
  EXPECT_THAT(listed.error().message, HasSubstr("1 MiB"));
}

TEST_F(ListingTest, ACursorThatIsTooLong) {
  const auto listed = list({page("[]", "\"" + std::string(bounds_.max_cursor, 'x') + "\"")});
  ASSERT_FALSE(listed);
  EXPECT_THAT(listed.error().message, HasSubstr("a cursor of 64 KiB"));
  EXPECT_EQ(asked_.size(), 1u);
}

TEST_F(ListingTest, AKeyThatIsTooLongOnlyCostsTheEntry) {
  bounds_.max_key = 1024;
  const auto listed = list({page(R"([{"name":")" + std::string(1023, 'x') + R"("},{"name":"a"}])")});
  ASSERT_TRUE(listed) << listed.error().text();
  EXPECT_THAT(names(listed), ElementsAre("a"));
  EXPECT_THAT((*listed)->refused, ElementsAre("a tool whose name is longer than 1 KiB"));
}

TEST_F(ListingTest, EveryKindHasItsMethodAndItsKey) {
  const std::vector<std::tuple<CatalogKind, std::string, std::string>> kinds = {
      {CatalogKind::prompts, R"({"prompts":[{"name":"k","uri":"x"},{"title":"t"}]})", "a prompt without a name"},
      {CatalogKind::resources, R"({"resources":[{"name":"x","uri":"k"},{"name":"t"}]})", "a resource without a uri"},
      {CatalogKind::templates,
       R"({"resourceTemplates":[{"name":"x","uriTemplate":"k"},{"uri":"t"}]})",
       "a resource template without a uriTemplate"}};
  for (const auto& [kind, result, refused] : kinds) {
    asked_.clear();
    const auto listed = list({"\"result\":" + result}, kind);
    ASSERT_TRUE(listed) << listed.error().text();
    EXPECT_THAT(names(listed), ElementsAre("k"));
    EXPECT_THAT((*listed)->refused, ElementsAre(refused));
    EXPECT_EQ(methods_.back(), words_of(kind).method);
  }
}

TEST_F(ListingTest, OnlyTemplatesNeedNotBeKnown) {
  const std::string unknown = R"("error":{"code":-32601,"message":"Method not found"})";
  const auto templates = list({unknown}, CatalogKind::templates);
  ASSERT_TRUE(templates) << templates.error().text();
  EXPECT_TRUE((*templates)->entries.empty());
  asked_.clear();
  EXPECT_FALSE(list({unknown}, CatalogKind::resources));
  asked_.clear();
  EXPECT_FALSE(list({R"("error":{"code":-32603,"message":"out of order"})"}, CatalogKind::templates));
}

TEST_F(ListingTest, StopsWhenCancelled) {
  answer = [this](std::size_t number) {
    if (number == 1) cancellation_.request({ErrorCode::shutting_down, "enough"});
    return page("[]", "\"c" + std::to_string(number) + "\"");
  };
  const auto listed = list();
  ASSERT_FALSE(listed);
  EXPECT_EQ(listed.error().code, ErrorCode::shutting_down);
}

}  // namespace
}  // namespace gateway
