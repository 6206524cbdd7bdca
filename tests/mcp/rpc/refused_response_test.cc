#include "mcp/rpc/refused_response.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

namespace mcp {
namespace {

TEST(RefusedResponseTest, FindsTheIdAtEitherEnd) {
  const std::string much(10'000, '[');
  EXPECT_EQ(refused_response_id(R"({"jsonrpc":"2.0","id":17,"result":)" + much), 17U);
  EXPECT_EQ(refused_response_id(R"({"result":)" + much + R"(,"jsonrpc":"2.0","id": 18})"), 18U);
  EXPECT_EQ(refused_response_id(R"({"id":19)"), 19U);
}

TEST(RefusedResponseTest, FindsNoneWhereThereIsNone) {
  for (const char* text : {"", "{", R"("id":)", R"({"id":"7"})", R"({"id":null})", R"({"text":"\"id\":7"})", "server ready, id: 7"})
    EXPECT_EQ(refused_response_id(text), std::nullopt) << text;
  EXPECT_EQ(refused_response_id(R"({"id":99999999999999999999})"), std::nullopt);
}

TEST(RefusedResponseTest, FindsTheIdsOfABatch) {
  std::string text =
      R"([{"id":1,"result":{}},{"id":2,"method":"ping"},7,[],{"id":"3","result":{}},{"error":{},"id": 4},{"id":5.5}])";
  EXPECT_THAT(refused_batch_ids(text), testing::ElementsAre(1, 4));
  std::string cut = R"([{"id":6,"result":{}},{"id":7,"res)";
  EXPECT_THAT(refused_batch_ids(cut), testing::ElementsAre(6));
  std::string none = "[INFO] ready";
  EXPECT_THAT(refused_batch_ids(none), testing::IsEmpty());
}

}  // namespace
}  // namespace mcp
