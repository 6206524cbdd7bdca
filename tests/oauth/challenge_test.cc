#include "oauth/challenge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace oauth {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;
using testing::SizeIs;

TEST(ChallengeTest, ParametersAreReadInAllTheirSpellings) {
  const auto challenges = parse_challenges(R"(bEaReR Realm = "a \"quoted\" \\ realm" ,SCOPE="read write",error=invalid_token)");
  ASSERT_THAT(challenges, SizeIs(1));
  EXPECT_EQ(challenges[0].scheme, "bearer");
  EXPECT_EQ(challenges[0].parameter("realm"), R"(a "quoted" \ realm)");
  EXPECT_EQ(challenges[0].parameter("scope"), "read write");
  EXPECT_EQ(challenges[0].parameter("error"), "invalid_token");
  EXPECT_EQ(challenges[0].parameter("absent"), "");
}

TEST(ChallengeTest, SeveralChallengesInOneHeader) {
  const auto challenges =
      parse_challenges(R"(Negotiate, Basic realm="x, Bearer y=z", Custom abc+/9==, , DPoP algs="ES256", Bearer)");
  ASSERT_THAT(challenges, SizeIs(5));
  EXPECT_EQ(challenges[0].scheme, "negotiate");
  EXPECT_EQ(challenges[1].scheme, "basic");
  EXPECT_EQ(challenges[1].parameter("realm"), "x, Bearer y=z");
  EXPECT_EQ(challenges[2].scheme, "custom");
  EXPECT_EQ(challenges[2].token68, "abc+/9==");
  EXPECT_EQ(challenges[3].parameter("algs"), "ES256");
  EXPECT_EQ(challenges[4].scheme, "bearer");
}

TEST(ChallengeTest, WhatServersWriteCarelesslyIsRead) {
  const auto challenge =
      find_bearer_challenge("Bearer realm=\"x\" resource_metadata=https://a.example/meta?x=1 ,scope=\"\", =oops, scope=\"late\"");
  ASSERT_TRUE(challenge);
  EXPECT_EQ(challenge->resource_metadata, "https://a.example/meta?x=1");
  EXPECT_THAT(challenge->scopes, Optional(IsEmpty()));
}

TEST(ChallengeTest, AStringWithoutAnEndEndsTheReading) {
  const auto challenge = find_bearer_challenge(R"(Bearer error="invalid_token", resource_metadata="https://a.example/met)");
  ASSERT_TRUE(challenge);
  EXPECT_EQ(challenge->error, "invalid_token");
  EXPECT_EQ(challenge->resource_metadata, "");
}

TEST(ChallengeTest, TheBearerChallengeThatNamesMetadataIsTaken) {
  const auto challenge =
      find_bearer_challenge(R"(Bearer realm="one", Basic realm="two", Bearer resource_metadata="https://a.example/m")"
                            R"(, scope="b a b", error_description="no")");
  ASSERT_TRUE(challenge);
  EXPECT_EQ(challenge->resource_metadata, "https://a.example/m");
  EXPECT_THAT(challenge->scopes, Optional(ElementsAre("b", "a")));
  EXPECT_EQ(challenge->error_description, "no");
}

TEST(ChallengeTest, WithoutABearerChallengeThereIsNone) {
  EXPECT_FALSE(find_bearer_challenge(""));
  EXPECT_FALSE(find_bearer_challenge("Basic realm=\"Bearer\""));
  EXPECT_FALSE(find_bearer_challenge("\x01\xff=, ,,"));
}

TEST(ChallengeTest, NoHeaderIsTooLongToBeRead) {
  std::string header = "Bearer";
  for (int i = 0; i < 100'000; ++i)
    header += ", p" + std::to_string(i) + "=\"" + std::string(20, 'x') + "\"";
  const auto challenges = parse_challenges(header);
  ASSERT_THAT(challenges, SizeIs(1));
  EXPECT_THAT(challenges[0].parameters, SizeIs(32));
  std::string many;
  for (int i = 0; i < 1000; ++i)
    many += "A, ";
  EXPECT_THAT(parse_challenges(many), SizeIs(16));
}

}  // namespace
}  // namespace oauth
