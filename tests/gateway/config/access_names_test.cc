#include "gateway/config/access_names.h"

#include <gtest/gtest.h>
#include <vector>

#include "tests/gateway/config/config_text.h"

namespace gateway {
namespace {

using Strings = std::vector<std::string>;

TEST(AccessNamesTest, HostsComeAsRequestsAreCompared) {
  EXPECT_EQ(normal_host("gateway.example.com"), "gateway.example.com");
  EXPECT_EQ(normal_host("Gateway.Example.COM:8443"), "gateway.example.com");
  EXPECT_EQ(normal_host("my_service"), "my_service");
  EXPECT_EQ(normal_host("10.0.0.7:80"), "10.0.0.7");
  EXPECT_EQ(normal_host("[2001:DB8::1]:8443"), "2001:db8::1");
  EXPECT_EQ(normal_host("[2001:0db8:0::0001]"), "2001:db8::1");
  EXPECT_EQ(normal_host("2001:DB8::1"), "2001:db8::1");
}

TEST(AccessNamesTest, WhatIsNoHostIsRefused) {
  for (const char* text :
       {"",     "*",      "*.example.com", "a b", "http://a", "a/b", "a:",    "a:0", "a:65536", "a:b",           "a:1:2",
        "[::1", "[::1]x", "[a]",           "[]",  "[",        ":80", "ana@a", "-a",  ".a",      "bücher.example"})
    EXPECT_EQ(normal_host(text), std::nullopt) << text;
}

TEST(AccessNamesTest, OriginsComeAsBrowsersSendThem) {
  EXPECT_EQ(normal_origin("https://app.example.com"), "https://app.example.com");
  EXPECT_EQ(normal_origin("HTTPS://App.Example.com:443"), "https://app.example.com");
  EXPECT_EQ(normal_origin("http://app.example.com:80"), "http://app.example.com");
  EXPECT_EQ(normal_origin("http://app.example.com:443"), "http://app.example.com:443");
  EXPECT_EQ(normal_origin("https://[2001:DB8::1]:8443"), "https://[2001:db8::1]:8443");
  EXPECT_EQ(normal_origin("vscode-webview://0ab1"), "vscode-webview://0ab1");
}

TEST(AccessNamesTest, WhatIsNoOriginIsRefused) {
  for (const char* text : {"",
                           "null",
                           "*",
                           "app.example.com",
                           "https://",
                           "https://a/",
                           "https://a/b",
                           "https://a?b",
                           "https://a#b",
                           "https://ana@a",
                           "https://*.a",
                           "https://a:x",
                           "://a",
                           "1s://a",
                           "https://::1"})
    EXPECT_EQ(normal_origin(text), std::nullopt) << text;
}

TEST(AccessNamesTest, TheConfigurationHoldsThemSo) {
  const auto config = parse_config(
      R"({"allowedHosts": ["Gateway.example.com:8443", "[::1]"], "allowedOrigins": ["https://A:443"]})", "f", test_environment());
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config->allowed_hosts, (Strings{"gateway.example.com", "::1"}));
  EXPECT_EQ(config->allowed_origins, Strings{"https://a"});
}

}  // namespace
}  // namespace gateway
