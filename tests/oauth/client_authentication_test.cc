#include "oauth/client_authentication.h"

#include <gtest/gtest.h>

namespace oauth {
namespace {

TEST(ClientAuthenticationTest, EachMethodIsReadAsItIsSpelled) {
  for (const auto method :
       {ClientAuthentication::none, ClientAuthentication::basic, ClientAuthentication::post, ClientAuthentication::private_key_jwt})
    EXPECT_EQ(parse_client_authentication(to_string(method)), method);
  EXPECT_FALSE(parse_client_authentication("tls_client_auth"));
  EXPECT_FALSE(parse_client_authentication(""));
}

}  // namespace
}  // namespace oauth
