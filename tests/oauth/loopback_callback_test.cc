#include "oauth/loopback_callback.h"

#include <gtest/gtest.h>

namespace oauth {
namespace {

TEST(LoopbackCallbackTest, IsWhatWasWritten) {
  for (const char* uri :
       {"http://127.0.0.1:8080/callback", "http://localhost:1/", "http://LocalHost:80/a/B%20c", "http://[::1]:65535/x"}) {
    const auto place = LoopbackCallback::parse(uri);
    ASSERT_TRUE(place) << uri;
    EXPECT_NE(place->port, 0) << uri;
    EXPECT_EQ(place->uri(7), uri);
  }
}

TEST(LoopbackCallbackTest, APortThatIsNotNamedIsAnyOne) {
  EXPECT_EQ(LoopbackCallback().uri(7), "http://127.0.0.1:7/callback");
  EXPECT_EQ(LoopbackCallback::parse("http://localhost/callback")->uri(7), "http://localhost:7/callback");
  EXPECT_EQ(LoopbackCallback::parse("http://[::1]/x")->uri(7), "http://[::1]:7/x");
  EXPECT_EQ(LoopbackCallback::parse("http://localhost")->uri(7), "http://localhost:7");
}

TEST(LoopbackCallbackTest, OthersAreNone) {
  for (const char* uri : {"https://localhost:8080/callback",
                          "http://example.com/callback",
                          "http://127.0.0.1.example/callback",
                          "http://127.0.0.2:9/callback",
                          "http://user@localhost/callback",
                          "http://localhost:99999/",
                          "com.example.app:/callback",
                          "/callback",
                          ""})
    EXPECT_FALSE(LoopbackCallback::parse(uri)) << uri;
}

}  // namespace
}  // namespace oauth
