#include "oauth/authorization.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace oauth {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;
using Kind = AuthorizationResponse::Kind;

AuthorizationRequest request() {
  AuthorizationRequest request;
  request.endpoint = "https://as.example/authorize";
  request.client_id = "me & you";
  request.redirect_uri = "http://127.0.0.1:1234/callback";
  request.code_challenge = "challenge";
  request.state = "state";
  request.resource = "https://a.example/mcp/";
  request.scopes = {"read", "write"};
  return request;
}

const ExpectedResponse kExpected = {.state = "the-state", .issuer = "https://as.example", .iss_required = false};

TEST(AuthorizationTest, TheUrlHasAllThatIsAskedFor) {
  const std::string url = authorization_url(request());
  ASSERT_THAT(url, testing::StartsWith("https://as.example/authorize?response_type=code&"));
  const auto query = parse_query(url.substr(url.find('?') + 1));
  EXPECT_THAT(query,
              AllOf(Contains(Pair("client_id", "me & you")),
                    Contains(Pair("redirect_uri", "http://127.0.0.1:1234/callback")),
                    Contains(Pair("code_challenge", "challenge")),
                    Contains(Pair("code_challenge_method", "S256")),
                    Contains(Pair("state", "state")),
                    Contains(Pair("resource", "https://a.example/mcp/")),
                    Contains(Pair("scope", "read write")),
                    Not(Contains(Pair("prompt", testing::_)))));
}

TEST(AuthorizationTest, TheEndpointsOwnQueryStays) {
  AuthorizationRequest own = request();
  own.endpoint += "?tenant=7";
  EXPECT_THAT(authorization_url(own), testing::StartsWith("https://as.example/authorize?tenant=7&response_type=code&"));
}

TEST(AuthorizationTest, WithoutScopesNoneAreNamed) {
  AuthorizationRequest own = request();
  own.scopes.clear();
  EXPECT_THAT(authorization_url(own), Not(HasSubstr("scope=")));
  own.scopes = {"read", "offline_access"};
  EXPECT_THAT(authorization_url(own), HasSubstr("prompt=consent"));
}

TEST(AuthorizationTest, StatesAreNeverTheSame) {
  EXPECT_EQ(make_state().size(), 32U);
  EXPECT_NE(make_state(), make_state());
}

TEST(AuthorizationTest, ACodeIsTaken) {
  const auto response = read_authorization_response("code=a%2Fb+c&state=the-state", kExpected);
  EXPECT_EQ(response.kind, Kind::code);
  EXPECT_EQ(response.code, "a/b c");
}

TEST(AuthorizationTest, WhatIsNotOursLeavesUsWaiting) {
  for (const char* query : {"",
                            "code=x",
                            "code=x&state=",
                            "code=x&state=the-stat",
                            "code=x&state=the-statE",
                            "code=x&state=the-state&state=the-state",
                            "state=the-state",
                            "code=&state=the-state",
                            "code=a&code=b&state=the-state",
                            "error=access_denied&state=other"}) {
    EXPECT_EQ(read_authorization_response(query, kExpected).kind, Kind::unrelated) << query;
  }
}

TEST(AuthorizationTest, ADenialSaysWhy) {
  const auto response =
      read_authorization_response("error=access_denied&error_description=not%0atoday%1b&state=the-state", kExpected);
  EXPECT_EQ(response.kind, Kind::failed);
  EXPECT_EQ(response.refusal, "access_denied");
  EXPECT_EQ(response.error.code, mcp::ErrorCode::login_required);
  EXPECT_THAT(response.error.message, AllOf(HasSubstr("access_denied (not today )"), HasSubstr("https://as.example")));
  const auto longer =
      read_authorization_response("error=x&error_description=" + std::string(5000, 'y') + "&state=the-state", kExpected);
  EXPECT_LT(longer.error.message.size(), 500U);
}

TEST(AuthorizationTest, TheIssuerIsComparedAsItIsWritten) {
  EXPECT_EQ(read_authorization_response("code=x&state=the-state&iss=https%3A%2F%2Fas.example", kExpected).kind, Kind::code);
  for (const char* issuer : {"https://as.example/",
                             "HTTPS://as.example",
                             "https://as.example:443",
                             "https://evil.example",
                             "",
                             "https://as.example&iss=https://as.example"}) {
    const auto response = read_authorization_response(
        "code=x&error=e&error_description=secret-words&state=the-state&iss=" + std::string(issuer), kExpected);
    EXPECT_EQ(response.kind, Kind::failed) << issuer;
    EXPECT_EQ(response.error.code, mcp::ErrorCode::invalid_request);
    EXPECT_THAT(response.error.message, Not(HasSubstr("secret-words")));
    EXPECT_EQ(response.code, "");
  }
}

TEST(AuthorizationTest, AnIssuerThatWasPromisedHasToCome) {
  ExpectedResponse expected = kExpected;
  expected.iss_required = true;
  EXPECT_EQ(read_authorization_response("code=x&state=the-state", expected).kind, Kind::failed);
  EXPECT_EQ(read_authorization_response("error=access_denied&state=the-state", expected).refusal, "");
  EXPECT_EQ(read_authorization_response("code=x&state=the-state&iss=https://as.example", expected).kind, Kind::code);
}

}  // namespace
}  // namespace oauth
