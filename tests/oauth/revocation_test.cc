#include "oauth/revocation.h"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/oauth/support/fake_web.h"
#include "tests/support/run_task.h"

namespace oauth {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

class RevocationTest : public testing::Test {
 protected:
  RevocationTest() {
    credential.key.issuer = "https://as.example";
    credential.revocation_endpoint = "https://as.example/revoke";
    credential.client.id = "me";
    credential.access_token = "the-access";
    credential.refresh_token = "the-refresh";
  }

  Revocation run() {
    mcp::Cancellation never;
    return mcp::run_task(loop, revoke(web, credential, "", never));
  }

  boost::asio::io_context loop;
  FakeWeb web;
  Credential credential;
};

TEST_F(RevocationTest, TheRefreshTokenGoesFirst) {
  web.put_json("https://as.example/revoke", "");
  EXPECT_EQ(run().outcome, Revocation::Outcome::revoked);
  ASSERT_THAT(web.requests, SizeIs(2));
  EXPECT_THAT(web.requests[0].body,
              AllOf(HasSubstr("token=the-refresh"), HasSubstr("token_type_hint=refresh_token"), HasSubstr("client_id=me")));
  EXPECT_THAT(web.requests[1].body, AllOf(HasSubstr("token=the-access"), HasSubstr("token_type_hint=access_token")));
}

TEST_F(RevocationTest, OneTokenIsEnough) {
  web.put_json("https://as.example/revoke", "");
  credential.refresh_token.clear();
  EXPECT_EQ(run().outcome, Revocation::Outcome::revoked);
  EXPECT_THAT(web.requests, SizeIs(1));
}

TEST_F(RevocationTest, AFailureIsToldAndTheOtherTokenTriedAllTheSame) {
  web.put_json("https://as.example/revoke", R"({"error":"unsupported_token_type","error_description":"not the-refresh"})", 400);
  const Revocation result = run();
  EXPECT_EQ(result.outcome, Revocation::Outcome::failed);
  EXPECT_THAT(result.text, AllOf(HasSubstr("unsupported_token_type"), Not(HasSubstr("the-refresh"))));
  EXPECT_THAT(web.requests, SizeIs(2));
}

TEST_F(RevocationTest, WithoutAnEndpointThereIsNothingToAsk) {
  credential.revocation_endpoint.clear();
  const Revocation result = run();
  EXPECT_EQ(result.outcome, Revocation::Outcome::not_offered);
  EXPECT_THAT(result.text, HasSubstr("https://as.example"));
}

}  // namespace
}  // namespace oauth
