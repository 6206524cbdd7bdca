#include "mcp/http/proxy_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>

namespace mcp {
namespace {

using testing::HasSubstr;
using testing::Not;

using Values = std::map<std::string, std::string, std::less<>>;

ProxySettings settings(Values values) {
  return ProxySettings([values = std::move(values)](std::string_view name) -> std::optional<std::string> {
    const auto found = values.find(name);
    if (found == values.end()) return std::nullopt;
    return found->second;
  });
}

/// The proxy's origin and the variable's name; "" where there is none.
std::string proxy_of(const ProxySettings& settings, const std::string& url) {
  const auto proxy = settings.proxy_for(Url::parse(url).value());
  if (!proxy) return proxy.error().text();
  return *proxy == nullptr ? "" : (*proxy)->origin() + " " + (*proxy)->variable;
}

/// Whether the URL is reached directly with this NO_PROXY.
bool direct(const std::string& excepted, const std::string& url) {
  return proxy_of(settings({{"ALL_PROXY", "http://p"}, {"NO_PROXY", excepted}}), url).empty();
}

TEST(ProxySettingsTest, EachSchemeHasItsVariable) {
  const std::string http = "http://h.example/", https = "https://h.example/";
  const auto none = settings({});
  EXPECT_EQ(proxy_of(none, http) + proxy_of(none, https), "");
  const auto both = settings({{"HTTP_PROXY", "http://a:1"}, {"HTTPS_PROXY", "http://b:2"}});
  EXPECT_EQ(proxy_of(both, http), "http://a:1 HTTP_PROXY");
  EXPECT_EQ(proxy_of(both, https), "http://b:2 HTTPS_PROXY");
  const auto all = settings({{"ALL_PROXY", "http://c:3"}, {"https_proxy", "http://d:4"}});
  EXPECT_EQ(proxy_of(all, http), "http://c:3 ALL_PROXY");
  EXPECT_EQ(proxy_of(all, https), "http://d:4 https_proxy");
  const auto cases =
      settings({{"HTTP_PROXY", "http://a:1"}, {"http_proxy", "http://e:5"}, {"HTTPS_PROXY", "http://b:2"}, {"https_proxy", " "}});
  EXPECT_EQ(proxy_of(cases, http), "http://e:5 http_proxy");
  EXPECT_EQ(proxy_of(cases, https), "http://b:2 HTTPS_PROXY");
}

TEST(ProxySettingsTest, FormsOfAProxy) {
  const std::pair<const char*, const char*> forms[] = {{"http://p:3128", "http://p:3128"},
                                                       {" HTTP://P.Example/ ", "http://p.example"},
                                                       {"p:8080", "http://p:8080"},
                                                       {"10.0.0.1:80", "http://10.0.0.1"},
                                                       {"http://[::1]:3128/x?y#z", "http://[::1]:3128"},
                                                       {"http://u:p@ss@p:1", "http://p:1"}};
  for (const auto& [value, origin] : forms)
    EXPECT_EQ(proxy_of(settings({{"HTTP_PROXY", value}}), "http://h.example/"), std::string(origin) + " HTTP_PROXY") << value;
}

TEST(ProxySettingsTest, UserAndPasswordAreForTheProxy) {
  const auto given = settings({{"HTTP_PROXY", "http://Aladdin:open%20sesame@p"}, {"HTTPS_PROXY", "http://only@p"}});
  EXPECT_EQ((*given.proxy_for(Url::parse("http://h.example").value()))->authorization, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  EXPECT_EQ((*given.proxy_for(Url::parse("https://h.example").value()))->authorization, "Basic b25seTo=");
}

TEST(ProxySettingsTest, WhatIsNoProxyIsSaidWithoutItsValue) {
  for (const auto* value : {"socks5://u:hush@p:1",
                            "socks5h://hush",
                            "https://u:hush@p:1",
                            "http://u:hush@",
                            "http://u:hush@p:0",
                            "http://u:hush@p:port",
                            "http://[hush",
                            "http://hush hush",
                            "://hush",
                            "hush\r\nX: y"}) {
    for (const auto* name : {"HTTPS_PROXY", "all_proxy"}) {
      const auto proxy = settings({{name, value}}).proxy_for(Url::parse("https://h.example/").value());
      ASSERT_FALSE(proxy) << value;
      EXPECT_EQ(proxy.error().code, ErrorCode::config_invalid);
      EXPECT_THAT(proxy.error().message, HasSubstr(name));
      EXPECT_THAT(proxy.error().text(), Not(HasSubstr("hush")));
    }
  }
  const auto bad = settings({{"HTTPS_PROXY", "socks5://p"}, {"NO_PROXY", "direct.example"}});
  EXPECT_EQ(proxy_of(bad, "http://h.example/"), "");
  EXPECT_EQ(proxy_of(bad, "https://direct.example/"), "");
  EXPECT_EQ(proxy_of(bad, "https://127.0.0.1/"), "");
}

TEST(ProxySettingsTest, ThisMachineIsReachedDirectly) {
  for (const auto* url : {"http://localhost/",
                          "http://localhost.:8080/",
                          "https://127.0.0.1/",
                          "http://127.9.9.9/",
                          "http://[::1]:1/",
                          "http://[::ffff:127.0.0.1]/",
                          "http://0.0.0.0:1/",
                          "http://a.localhost/"}) {
    EXPECT_TRUE(direct("", url)) << url;
  }
  EXPECT_FALSE(direct("", "http://localhost.example/"));
  EXPECT_FALSE(direct("", "http://128.0.0.1/"));
}

TEST(ProxySettingsTest, WhatIsReachedDirectly) {
  struct Case {
    const char *excepted, *url;
    bool direct;
  };
  const Case cases[] = {
      {"*", "https://h.example/", true},
      {"a.example, *", "https://h.example/", true},
      {"example.com", "https://example.com/", true},
      {"Example.COM", "https://EXAMPLE.com./", true},
      {"example.com.", "https://example.com/", true},
      {"example.com", "https://mcp.example.com/", true},
      {"example.com", "https://notexample.com/", false},
      {"example.com", "https://example.com.evil.test/", false},
      {".example.com", "https://mcp.example.com/", true},
      {".example.com", "https://example.com/", true},
      {"*.example.com", "https://a.b.example.com/", true},
      {"*.example.com", "https://example.org/", false},
      {"a.test,b.test , c.test", "https://c.test/", true},
      {"a.test b.test", "https://b.test/", true},
      {"example.com:8080", "http://example.com:8080/", true},
      {"example.com:8080", "http://example.com/", false},
      {"example.com:443", "https://mcp.example.com/", true},
      {"example.com:443", "http://mcp.example.com/", false},
      {"example.com:x", "http://example.com/", false},
      {"10.1.2.3", "http://10.1.2.3/", true},
      {"10.1.2.3:80", "http://10.1.2.3/", true},
      {"10.1.2.3:81", "http://10.1.2.3/", false},
      {"2.3", "http://10.1.2.3/", false},
      {"10.0.0.0/8", "http://10.255.0.1/", true},
      {"10.0.0.0/8", "http://11.0.0.1/", false},
      {"10.0.0.0/8", "http://[::ffff:10.0.0.1]/", true},
      {"10.0.0.0/8", "http://ten.example/", false},
      {"0.0.0.0/0", "http://8.8.8.8/", true},
      {"10.0.0.0/33", "http://10.0.0.0/", false},
      {"10.0.0.0/-1", "http://10.0.0.0/", false},
      {"10.0.0.0/", "http://10.0.0.0/", false},
      {"172.16.0.0/12", "http://172.31.255.255/", true},
      {"172.16.0.0/12", "http://172.32.0.0/", false},
      {"2001:db8::1", "http://[2001:db8::1]/", true},
      {"[2001:db8::1]", "http://[2001:db8::1]/", true},
      {"[2001:db8::1]:81", "http://[2001:db8::1]:81/", true},
      {"[2001:db8::1]:81", "http://[2001:db8::1]/", false},
      {"2001:db8::/33", "http://[2001:db8:7fff::1]/", true},
      {"2001:db8::/33", "http://[2001:db8:8000::1]/", false},
      {",, ,.,:,*.,[],[:,]:1", "http://h.example/", false},
  };
  for (const auto& [excepted, url, expected] : cases)
    EXPECT_EQ(direct(excepted, url), expected) << excepted << " for " << url;
}

}  // namespace
}  // namespace mcp
