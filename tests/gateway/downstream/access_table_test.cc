#include "gateway/downstream/access_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gateway {
namespace {

const std::string kOne = "one-0123456789abcdef", kTwo = "two-0123456789abcdef", kOwner = "local-0123456789abcdef";

std::string principal(const AccessTable& table, const std::string& header) {
  const auto* entry = table.identify(header);
  return entry == nullptr ? "nobody" : entry->principal;
}

TEST(AccessTableTest, KnowsWhoseATokenIs) {
  const AccessTable table({{"ci", kOne}, {"ana", kTwo}}, kOwner);
  EXPECT_TRUE(table.asks());
  EXPECT_EQ(principal(table, "Bearer " + kOne), "ci");
  EXPECT_EQ(principal(table, "bearer  " + kTwo), "ana");
  EXPECT_EQ(principal(table, "BEARER " + kOwner), "local");
  for (const std::string header : {"", "Bearer", "Bearer ", "Basic b25lOg==", "Bearer x", "Bearerx"})
    EXPECT_EQ(principal(table, header), "nobody") << header;
  EXPECT_EQ(principal(table, kOne), "nobody");
  EXPECT_EQ(principal(table, "Bearer " + kOne + "x"), "nobody");
  EXPECT_EQ(principal(table, "Bearer " + kOne.substr(1)), "nobody");
  EXPECT_EQ(principal(table, "Bearer " + kOne + " " + kTwo), "nobody");
  EXPECT_THAT(table.names(), testing::ElementsAre("ci", "ana"));
}

TEST(AccessTableTest, WithoutTokensNobodyIsAskedAndTheGatewaysOwnIsKnown) {
  const AccessTable table({}, kOwner);
  EXPECT_FALSE(table.asks());
  EXPECT_EQ(principal(table, "Bearer " + kOwner), "local");
  EXPECT_EQ(principal(table, "Bearer something"), "nobody");
  EXPECT_FALSE(AccessTable().asks());
  EXPECT_EQ(principal(AccessTable(), "Bearer "), "nobody");
}

TEST(AccessTableTest, ACredentialTellsTokensApartAndHoldsNone) {
  const AccessTable before({{"ci", kOne}, {"ana", kTwo}}, kOwner), after({{"ci", kTwo}, {"ana", kOne}}, kOwner);
  const std::string credential = before.identify("Bearer " + kOne)->credential;
  EXPECT_TRUE(before.has(credential));
  EXPECT_FALSE(after.has(credential)) << "the same token under another name, and another token under the same name";
  EXPECT_EQ(credential.find(kOne), std::string::npos);
  EXPECT_TRUE(after.has(before.identify("Bearer " + kOwner)->credential));
  EXPECT_FALSE(before.has(""));
}

}  // namespace
}  // namespace gateway
