#include "mcp/transport/challenge.h"

#include <gtest/gtest.h>

namespace mcp {
namespace {

TEST(ChallengeTest, InsufficientScopeIsFoundWhereItIsAParameter) {
  for (const auto* yes : {"Bearer error=\"insufficient_scope\"",
                          "Bearer error=insufficient_scope",
                          "Bearer scope=\"a b\",ERROR = \"insufficient\\_scope\"",
                          "Basic realm=\"x\", Bearer resource_metadata=\"https://h/\", error=\"insufficient_scope\"",
                          "Negotiate abc==, Bearer error=\"insufficient_scope\""}) {
    EXPECT_TRUE(wants_more_scope(yes)) << yes;
  }
  for (const auto* no : {"",
                         " ",
                         "Bearer",
                         "Bearer error=\"invalid_token\"",
                         "Bearer error",
                         "Bearer error=",
                         "Bearer error=\"",
                         "Bearer error=\"insufficient_scope\\\"",
                         "Bearer x_error=\"insufficient_scope\"",
                         "Bearer realm=\"error=insufficient_scope\"",
                         "Bearer realm=\"\\\", error=insufficient_scope\"",
                         "=,=\"=,",
                         "\\\""}) {
    EXPECT_FALSE(wants_more_scope(no)) << no;
  }
}

}  // namespace
}  // namespace mcp
