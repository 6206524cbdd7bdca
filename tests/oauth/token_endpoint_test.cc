#include "oauth/token_endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "oauth/http_date.h"

namespace oauth {
namespace {

using mcp::ErrorCode;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

const WallTime kNow{std::chrono::sys_days(std::chrono::year(2026) / 11 / 25) + 12h};

TokenRequest request() {
  return {.endpoint = "https://as.example/token",
          .client = {.id = "me", .secret = "s3cret/x", .authentication = ClientAuthentication::post},
          .form = {{"grant_type", "refresh_token"}, {"refresh_token", "old-refresh"}}};
}

std::expected<TokenAnswer, TokenError> read(HttpAnswer answer) {
  return read_token_answer(mcp::Result<HttpAnswer>(std::move(answer)), request(), kNow);
}

std::expected<TokenAnswer, TokenError> read(ErrorCode code) {
  return read_token_answer(mcp::Result<HttpAnswer>(mcp::fail(code, "no luck")), request(), kNow);
}

HttpAnswer json(int status, std::string body) {
  return {.status = status, .body = std::move(body), .content_type = "application/json"};
}

TEST(TokenEndpointTest, ReadsTokens) {
  const auto tokens = read(json(
      200, R"({"access_token":"a","token_type":"bearer","expires_in":3600,"refresh_token":"r","scope":"x y","id_token":"i.d.t"})"));
  ASSERT_TRUE(tokens);
  EXPECT_EQ(tokens->access_token, "a");
  EXPECT_EQ(tokens->refresh_token, "r");
  EXPECT_EQ(tokens->lifetime, 3600s);
  EXPECT_EQ(tokens->scopes, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(tokens->id_token, "i.d.t");
}

TEST(TokenEndpointTest, ReadsALifetimeHoweverItIsWritten) {
  const auto lifetime = [](const std::string& value) {
    return read(json(200, R"({"access_token":"a","token_type":"Bearer","expires_in":)" + value + "}"));
  };
  EXPECT_EQ(lifetime("\"60\"")->lifetime, 60s);
  EXPECT_EQ(lifetime("60.9")->lifetime, 60s);
  for (const char* odd : {"-1", "0", "\"soon\"", "1e300", "true", "[]", "\"\""}) {
    EXPECT_FALSE(lifetime(odd)->lifetime) << odd;
    EXPECT_TRUE(lifetime(odd)->odd_lifetime) << odd;
  }
  EXPECT_FALSE(lifetime("null")->odd_lifetime);
}

TEST(TokenEndpointTest, TellsRefusalsApart) {
  struct Case {
    HttpAnswer answer;
    TokenFailure failure;
  };
  const std::vector<Case> cases = {
      {json(400, R"({"error":"invalid_grant"})"), TokenFailure::refresh_dead},
      {json(200, R"({"error":"bad_refresh_token"})"), TokenFailure::refresh_dead},
      {json(401, R"({"error":"invalid_client"})"), TokenFailure::client_unknown},
      {json(400, R"({"error":"unauthorized_client"})"), TokenFailure::client_refused},
      {json(400, R"({"error":"invalid_request"})"), TokenFailure::client_refused},
      {json(400, R"({"error":"invalid_target"})"), TokenFailure::client_refused},
      {json(400, R"({"error":"invalid_scope"})"), TokenFailure::consent},
      {json(403, R"({"error":"access_denied"})"), TokenFailure::consent},
      {json(400, R"({"error":"authorization_pending"})"), TokenFailure::pending},
      {json(400, R"({"error":"slow_down"})"), TokenFailure::slow_down},
      {json(400, R"({"error":"expired_token"})"), TokenFailure::expired},
      {json(503, R"({"error":"temporarily_unavailable"})"), TokenFailure::transient},
      {json(500, R"({"error":"invalid_grant"})"), TokenFailure::transient},
      {json(429, R"({"error":"invalid_client"})"), TokenFailure::transient},
      {json(400, R"({"error":"something_new"})"), TokenFailure::provider},
      {json(502, "<html>Bad Gateway</html>"), TokenFailure::transient},
      {json(403, "<html>Forbidden by proxy</html>"), TokenFailure::provider},
      {json(401, ""), TokenFailure::provider},
      {json(404, "Not found"), TokenFailure::provider},
      {json(400, R"({"error":{"code":5}})"), TokenFailure::provider},
      {json(302, ""), TokenFailure::provider},
      {json(200, R"({"access_token":"a")"), TokenFailure::provider},
      {json(200, R"({"token_type":"Bearer"})"), TokenFailure::provider},
      {json(200, R"({"access_token":"a","token_type":"DPoP"})"), TokenFailure::provider},
      {json(200, R"({"access_token":"a\nb","token_type":"Bearer"})"), TokenFailure::provider},
      {json(200, R"({"access_token":7})"), TokenFailure::provider},
      {json(200, "[]"), TokenFailure::provider},
      {json(200, ""), TokenFailure::provider},
  };
  for (const Case& one : cases) {
    const auto answer = read(one.answer);
    ASSERT_FALSE(answer) << one.answer.body;
    EXPECT_EQ(answer.error().failure, one.failure) << one.answer.status << ' ' << one.answer.body;
    EXPECT_THAT(answer.error().error.message, HasSubstr("https://as.example"));
  }
}

TEST(TokenEndpointTest, TheNetworksTroublePasses) {
  for (const auto code : {ErrorCode::timeout, ErrorCode::connect_failed, ErrorCode::connection_lost, ErrorCode::tls_failed})
    EXPECT_EQ(read(code).error().failure, TokenFailure::transient);
  EXPECT_EQ(read(ErrorCode::cancelled).error().failure, TokenFailure::cancelled);
  EXPECT_EQ(read(ErrorCode::shutting_down).error().failure, TokenFailure::cancelled);
  EXPECT_EQ(read(ErrorCode::config_invalid).error().failure, TokenFailure::client_refused);
  EXPECT_EQ(read(ErrorCode::not_mcp).error().failure, TokenFailure::provider);
}

TEST(TokenEndpointTest, HearsHowLongToWait) {
  HttpAnswer answer = json(429, "");
  answer.retry_after = "120";
  EXPECT_EQ(read(answer).error().retry_after, 120s);
  answer.retry_after = "Wed, 25 Nov 2026 12:03:00 GMT";
  EXPECT_EQ(read(answer).error().retry_after, 180s);
  answer.retry_after = "Wed, 25 Nov 2026 11:03:00 GMT";
  EXPECT_FALSE(read(answer).error().retry_after);
  answer.retry_after = "99999999999999999999";
  EXPECT_EQ(read(answer).error().retry_after, 24h);
  answer.retry_after = "soon";
  EXPECT_FALSE(read(answer).error().retry_after);
}

TEST(TokenEndpointTest, RepeatsNoSecretThatAnAnswerRepeats) {
  const auto answer =
      read(json(400, R"({"error":"invalid_grant","error_description":"old-refresh of s3cret/x or s3cret%2Fx\n is gone"})"));
  const std::string text = answer.error().error.text();
  EXPECT_THAT(text, HasSubstr("is gone"));
  EXPECT_THAT(text, Not(HasSubstr("old-refresh")));
  EXPECT_THAT(text, Not(HasSubstr("s3cret")));
  EXPECT_THAT(text, Not(HasSubstr("\n")));
}

TEST(TokenEndpointTest, AuthenticatesTheClientAsItIsTo) {
  TokenRequest asked = request();
  asked.client.id = "a b:c";
  asked.client.authentication = ClientAuthentication::basic;
  auto sent = token_http_request(asked, kNow);
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->body, "grant_type=refresh_token&refresh_token=old-refresh");
  EXPECT_EQ(sent->headers.back().first, "Authorization");
  EXPECT_EQ(sent->headers.back().second, "Basic YSUyMGIlM0FjOnMzY3JldCUyRng=");  // a%20b%3Ac:s3cret%2Fx
  asked.client.authentication = ClientAuthentication::post;
  EXPECT_THAT(token_http_request(asked, kNow)->body, HasSubstr("&client_id=a%20b%3Ac&client_secret=s3cret%2Fx"));
  asked.client.authentication = ClientAuthentication::none;
  EXPECT_THAT(token_http_request(asked, kNow)->body, Not(HasSubstr("secret=")));
  asked.client.authentication = ClientAuthentication::private_key_jwt;
  asked.private_key = "-----BEGIN NONSENSE-----";
  const auto broken = token_http_request(asked, kNow);
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, ErrorCode::config_invalid);
}

TEST(HttpDateTest, ReadsItsThreeSpellings) {
  const WallTime moment{std::chrono::sys_days(std::chrono::year(1994) / 11 / 6) + 8h + 49min + 37s};
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), moment);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"), moment);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994"), moment);
  for (const char* wrong :
       {"", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 CET", "x"})
    EXPECT_FALSE(parse_http_date(wrong)) << wrong;
}

}  // namespace
}  // namespace oauth
