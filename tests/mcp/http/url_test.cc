#include "mcp/http/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mcp {
namespace {

struct GoodUrl {
  std::string text, scheme, host;
  std::uint16_t port;
  std::string target, origin, host_header;
};

TEST(UrlTest, TakesUrlsApart) {
  const GoodUrl cases[] = {
      {"http://127.0.0.1:8080/mcp", "http", "127.0.0.1", 8080, "/mcp", "http://127.0.0.1:8080", "127.0.0.1:8080"},
      {"HTTPS://MCP.Example.COM", "https", "mcp.example.com", 443, "/", "https://mcp.example.com", "mcp.example.com"},
      {"https://a.b:443/x?y=1#z", "https", "a.b", 443, "/x?y=1", "https://a.b", "a.b"},
      {"http://a.b?q", "http", "a.b", 80, "/?q", "http://a.b", "a.b"},
      {"http://a.b#f/x", "http", "a.b", 80, "/", "http://a.b", "a.b"},
      {"http://a.b:/x", "http", "a.b", 80, "/x", "http://a.b", "a.b"},
      {"http://[2001:DB8::a]:1/", "http", "2001:db8::a", 1, "/", "http://[2001:db8::a]:1", "[2001:db8::a]:1"},
      {"https://[::1]/", "https", "::1", 443, "/", "https://[::1]", "[::1]"},
      {"http://under_score-host.local/",
       "http",
       "under_score-host.local",
       80,
       "/",
       "http://under_score-host.local",
       "under_score-host.local"},
      {"http://1.example/", "http", "1.example", 80, "/", "http://1.example", "1.example"},
  };
  for (const auto& [text, scheme, host, port, target, origin, host_header] : cases) {
    SCOPED_TRACE(text);
    auto url = Url::parse(text);
    ASSERT_TRUE(url) << url.error().text();
    EXPECT_EQ(url->scheme, scheme);
    EXPECT_EQ(url->host, host);
    EXPECT_EQ(url->port, port);
    EXPECT_EQ(url->target, target);
    EXPECT_EQ(url->origin(), origin);
    EXPECT_EQ(url->host_header(), host_header);
  }
}

TEST(UrlTest, ResolvesReferences) {
  const auto base = Url::parse("http://h:81/a/b?q=1");
  ASSERT_TRUE(base);
  const std::pair<std::string, std::string> cases[] = {
      {"", "http://h:81/a/b?q=1"},
      {"#x", "http://h:81/a/b?q=1"},
      {"/other?k=v#x", "http://h:81/other?k=v"},
      {"c", "http://h:81/a/c"},
      {"./c/", "http://h:81/a/c/"},
      {"../../c/./d/..", "http://h:81/c/"},
      {"?k=v", "http://h:81/a/b?k=v"},
      {"//g/x", "http://g/x"},
      {"https://G/x?y", "https://g/x?y"},
      {"a:b", ""},
      {"https://u:pw@g/", ""},
      {"mailto:x", ""},
  };
  for (const auto& [reference, wanted] : cases) {
    const auto url = base->resolve(reference);
    EXPECT_EQ(url ? url->origin() + url->target : "", wanted) << reference;
  }
}

TEST(UrlTest, RefusesWhatIsNoUrlAndSaysWhy) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "no scheme"},
      {"example.com/mcp", "no scheme"},
      {"ftp://example.com/", "neither http nor https"},
      {"http://", "no host"},
      {"http:///x", "no host"},
      {"http://:80/", "no host"},
      {"http://user:secret@example.com/", "user name or password"},
      {"http://example.com\\@evil.example/", "user name or password"},
      {"http://a b/", "characters"},
      {"http://ex%61mple.com/", "characters"},
      {"http://b\xC3\xBC"
       "cher.example/",
       "characters"},
      {"http://a..b/", "characters"},
      {"http://.a/", "characters"},
      {"http://127.1/", "looks like a number"},
      {"http://2130706433/", "looks like a number"},
      {"http://0x7f.0.0.1/", "looks like a number"},
      {"http://0x7f000001/", "looks like a number"},
      {"http://1.2.3.4.5/", "looks like a number"},
      {"http://127.0.0.1./", "looks like a number"},
      {"http://a:0/", "port"},
      {"http://a:65536/", "port"},
      {"http://a:99999999999/", "port"},
      {"http://a:-1/", "port"},
      {"http://a:8x/", "port"},
      {"http://[::1/", "bracket"},
      {"http://[::1]x/", "between"},
      {"http://[fe80::1%25eth0]/", "IPv6"},
      {"http://[127.0.0.1]/", "IPv6"},
      {"http://a/b c", "blank"},
      {"http://a/b\r\nX: 1", "blank"},
      {"http://a/" + std::string(9000, 'x'), "longer"},
  };
  for (const auto& [text, why] : cases) {
    SCOPED_TRACE(text);
    auto url = Url::parse(text);
    ASSERT_FALSE(url);
    EXPECT_EQ(url.error().code, ErrorCode::config_invalid);
    EXPECT_THAT(url.error().message, testing::HasSubstr(why));
    EXPECT_THAT(url.error().text(), testing::Not(testing::HasSubstr("secret")));
  }
}

TEST(UrlTest, KnowsLoopback) {
  for (auto host : {"localhost", "LOCALHOST", "127.0.0.1", "127.8.9.1", "::1", "[::1]"})
    EXPECT_TRUE(is_loopback_host(host)) << host;
  for (auto host : {"localhost.example", "128.0.0.1", "0.0.0.0", "::", "127.1", "::2", "", "[", "127.0.0.1.example"})
    EXPECT_FALSE(is_loopback_host(host)) << host;
}

}  // namespace
}  // namespace mcp
