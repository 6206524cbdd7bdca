#include "oauth/pkce.h"

#include <gtest/gtest.h>

namespace oauth {
namespace {

TEST(PkceTest, TheChallengeIsThatOfTheStandard) {
  // RFC 7636, appendix B.
  EXPECT_EQ(pkce_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

TEST(PkceTest, EachVerifierIsAnotherAndLongEnough) {
  const Pkce one = make_pkce();
  EXPECT_GE(one.verifier.size(), 43U);
  EXPECT_LE(one.verifier.size(), 128U);
  EXPECT_EQ(one.challenge, pkce_challenge(one.verifier));
  EXPECT_NE(one.verifier, make_pkce().verifier);
}

}  // namespace
}  // namespace oauth
