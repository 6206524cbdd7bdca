#include "mcp/session/http_access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mcp {
namespace {

using testing::HasSubstr;

bool host_admitted(std::string_view host, const std::vector<std::string>& allowed = {}) {
  return check_access(host, {}, allowed, {}).has_value();
}

bool origin_admitted(std::string_view origin, const std::vector<std::string>& allowed = {}) {
  return check_access("localhost", origin, {}, allowed).has_value();
}

TEST(HttpAccessTest, HostMustNameLoopback) {
  for (const std::string_view host :
       {"localhost", "LocalHost", "localhost:7332", "127.0.0.1", "127.0.0.1:80", "127.9.9.9", "[::1]", "[::1]:7332"})
    EXPECT_TRUE(host_admitted(host)) << host;
  for (const std::string_view host : {"",
                                      "example.com",
                                      "localhost.example.com",
                                      "127.0.0.1.example.com",
                                      "10.0.0.1",
                                      "0.0.0.0",
                                      "[::]",
                                      "[::1",
                                      "[::1]x.example.com",
                                      "[]",
                                      ":80",
                                      "::1",
                                      "2130706433",
                                      "0x7f.1",
                                      " localhost"})
    EXPECT_FALSE(host_admitted(host)) << host;
}

TEST(HttpAccessTest, OrOneThatIsAllowed) {
  EXPECT_TRUE(host_admitted("Gate.Example.com:8080", {"gate.example.com"}));
  EXPECT_TRUE(host_admitted("[2001:DB8::1]:1", {"2001:db8::1"}));
  EXPECT_FALSE(host_admitted("example.com", {"gate.example.com"}));
  EXPECT_FALSE(host_admitted("", {"gate.example.com"}));
}

TEST(HttpAccessTest, OriginMustBeOfALoopbackHost) {
  for (const std::string_view origin : {"", "http://localhost", "https://localhost:3000", "http://127.0.0.1:1", "http://[::1]:80"})
    EXPECT_TRUE(origin_admitted(origin)) << origin;
  for (const std::string_view origin : {"null",
                                        "http://example.com",
                                        "https://localhost.example.com",
                                        "http://localhost@example.com",
                                        "http://[::1].example.com",
                                        "ftp://localhost",
                                        "chrome-extension://localhost",
                                        "localhost",
                                        "http://",
                                        "http:/localhost"})
    EXPECT_FALSE(origin_admitted(origin)) << origin;
}

TEST(HttpAccessTest, OrOneThatIsAllowedExactly) {
  const std::vector<std::string> allowed = {"https://app.example.com"};
  EXPECT_TRUE(origin_admitted("https://app.example.com", allowed));
  EXPECT_TRUE(origin_admitted("HTTPS://App.example.com", allowed));
  for (const std::string_view origin :
       {"http://app.example.com", "https://app.example.com:8443", "https://app.example.com.evil.org"})
    EXPECT_FALSE(origin_admitted(origin, allowed)) << origin;
}

TEST(HttpAccessTest, TheErrorNamesTheHeaderAndTheSetting) {
  const auto host = check_access("evil.example", "", {}, {});
  EXPECT_THAT(host.error().message, HasSubstr("Host \"evil.example\""));
  EXPECT_THAT(host.error().remedy, HasSubstr("allowedHosts"));
  const auto origin = check_access("localhost", "http://evil.example", {}, {});
  EXPECT_THAT(origin.error().message, HasSubstr("Origin \"http://evil.example\""));
  EXPECT_THAT(origin.error().remedy, HasSubstr("allowedOrigins"));
  const std::string large(100'000, 'x');
  EXPECT_LT(check_access(large, "", {}, {}).error().text().size(), 1000u);
}

TEST(HttpAccessTest, Accepts) {
  for (const std::string_view accept : {"",
                                        "application/json",
                                        "text/event-stream, application/json",
                                        "text/event-stream;q=0.9,APPLICATION/JSON ; q=0.8",
                                        "*/*",
                                        "application/*",
                                        " application/json "})
    EXPECT_TRUE(accepted_types(accept).json) << accept;
  for (const std::string_view accept :
       {"text/event-stream", "application/json5", "application", "text/*", ",", "x/*;application/json"})
    EXPECT_FALSE(accepted_types(accept).json) << accept;
  for (const std::string_view accept : {"", "text/event-stream", "application/json, TEXT/Event-Stream;q=0.1", "text/*", "*/*"})
    EXPECT_TRUE(accepted_types(accept).stream) << accept;
  for (const std::string_view accept : {"application/json", "text/plain", "text/event-streams", "x, y"})
    EXPECT_FALSE(accepted_types(accept).stream) << accept;
}

TEST(HttpAccessTest, MediaTypes) {
  for (const std::string_view type :
       {"application/json", "Application/JSON", "application/json; charset=utf-8", " application/json "})
    EXPECT_TRUE(is_media_type(type, "application/json")) << type;
  for (const std::string_view type : {"", "text/plain", "application/jsonx", "application/json, text/plain", "text/json"})
    EXPECT_FALSE(is_media_type(type, "application/json")) << type;
}

}  // namespace
}  // namespace mcp
