#include "oauth/claims.h"

#include <gtest/gtest.h>

#include "oauth/base64url.h"

namespace oauth {
namespace {

std::string jwt(const std::string& claims) {
  return "e30." + base64url(claims) + ".c2ln";
}

TEST(ClaimsTest, TheBestNameIsShown) {
  EXPECT_EQ(subject_of_jwt(jwt(R"({"sub":"7","name":"Alice","email":"alice@example.test"})")), "alice@example.test");
  EXPECT_EQ(subject_of_jwt(jwt(R"({"sub":"7","name":"Alice","email":7})")), "Alice");
  EXPECT_EQ(subject_of_jwt(jwt(R"({"sub":"7","preferred_username":"al"})")), "al");
  EXPECT_EQ(subject_of_jwt(jwt(R"({"sub":"a\u001bb"})")), "a b");
}

TEST(ClaimsTest, WhatIsNoJwtNamesNobody) {
  for (const char* text : {"", "opaque", "a.b.c", "..", "e30.!!!.c2ln", "a.b.c.d"})
    EXPECT_EQ(subject_of_jwt(text), "") << text;
  EXPECT_EQ(subject_of_jwt(jwt("[1]")), "");
}

}  // namespace
}  // namespace oauth
