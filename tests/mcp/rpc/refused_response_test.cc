#include "mcp/rpc/refused_response.h"

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

}  // namespace
}  // namespace mcp
