#include "gateway/catalog/uri_template.h"

#include <chrono>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace gateway {
namespace {

bool fits(const std::string& text, const std::string& uri) {
  const auto parsed = UriTemplate::parse(text);
  EXPECT_TRUE(parsed) << text;
  std::size_t work = 1 << 20;
  return parsed && parsed->matches(normalized_uri(uri), work);
}

struct MatchCase {
  std::string text;
  std::vector<std::string> fitting, others;
};

class UriTemplateMatchTest : public testing::TestWithParam<MatchCase> {};

TEST_P(UriTemplateMatchTest, TellsWhichUrisFit) {
  for (const auto& uri : GetParam().fitting)
    EXPECT_TRUE(fits(GetParam().text, uri)) << GetParam().text << " " << uri;
  for (const auto& uri : GetParam().others)
    EXPECT_FALSE(fits(GetParam().text, uri)) << GetParam().text << " " << uri;
}

INSTANTIATE_TEST_SUITE_P(
    All,
    UriTemplateMatchTest,
    testing::Values(MatchCase{"note://all", {"note://all"}, {"note://al", "note://all/", ""}},
                    MatchCase{"demo://text/{id}",
                              {"demo://text/1", "demo://text/a%20b", "demo://text/a,b"},
                              {"demo://text/", "demo://text/1/2"}},
                    MatchCase{"demo://{id}/x", {"demo://1/x"}, {"demo:///x", "demo://1/2/x", "demo://1/xx"}},
                    MatchCase{"db://{table}/{row}", {"db://t/1"}, {"db://t", "db://t/1/2", "db://t/1?x=1"}},
                    MatchCase{"a:{x}-{y}", {"a:1-2", "a:1-2-3", "a:--1"}, {"a:-", "a:1-", "a:12"}},
                    MatchCase{"a:{x,y}", {"a:1,2", "a:1"}, {"a:", "a:1/2"}},
                    MatchCase{"a:{x:3}", {"a:123"}, {"a:"}},
                    MatchCase{"file:///{+path}", {"file:///a/b/c.txt", "file:///a?b#c"}, {"file:///", "file://x"}},
                    MatchCase{"file:///{path*}", {"file:///a/b/c.txt", "file:///a"}, {"file:///a?b", "file:///"}},
                    MatchCase{"a:x{#part}", {"a:x", "a:x#1", "a:x#1/2"}, {"a:x#", "a:x1"}},
                    MatchCase{"a:x{.ext}", {"a:x.tar", "a:x.tar.gz", "a:x"}, {"a:x.", "a:x/y"}},
                    MatchCase{"a:x{/one,two}", {"a:x", "a:x/1", "a:x/1/2"}, {"a:x/", "a:x/1/2/3", "a:x1"}},
                    MatchCase{"a:x{/all*}", {"a:x", "a:x/1", "a:x/1/2/3"}, {"a:x/", "a:x//"}},
                    MatchCase{"a:x{;p,q}", {"a:x", "a:x;p=1", "a:x;q=2;p", "a:x;p="}, {"a:x;r=1", "a:xp=1"}},
                    MatchCase{"a:x{?p,q}",
                              {"a:x", "a:x?p=1", "a:x?q=2", "a:x?p=1&q=2", "a:x?q=2&p=1", "a:x?p", "a:x?p=", "a:x?p=a/b?c"},
                              {"a:x?", "a:x?r=1", "a:x?p=1&", "a:x?p=1&r=2", "a:x?pq=1", "a:x?p=1#f"}},
                    MatchCase{"a:x{?all*}", {"a:x", "a:x?any=1&more"}, {"a:x?"}},
                    MatchCase{"a:x?fixed=1{&p}", {"a:x?fixed=1", "a:x?fixed=1&p=2"}, {"a:x?fixed=1&q=2", "a:x?fixed=2"}},
                    MatchCase{"a:{x}{?p}", {"a:1", "a:1?p=2"}, {"a:?p=2", "a:1?x"}},
                    MatchCase{"{x}://y", {"any://y"}, {"://y", "a/b://y"}},
                    MatchCase{"a:{+x}/end", {"a:1/end", "a:1/end/end"}, {"a:1/end/", "a:/end"}},
                    // Equivalent spellings are one; what may not stand in a URI is encoded on both sides.
                    MatchCase{"a:%7Euser/caf\u00e9/{x}",
                              {"a:~user/caf%c3%a9/1", "a:%7euser/caf\u00e9/a b", "a:~user/caf%C3%A9/%2F"},
                              {"a:~user/cafe/1"}},
                    MatchCase{"a:50%/{x}", {"a:50%/1"}, {"a:50%25/1"}},
                    MatchCase{"repo://{owner-name}/{repo.name}", {"repo://o/r"}, {"repo://o"}}));

TEST(UriTemplateTest, RefusesWhatIsNoTemplate) {
  for (const std::string text : {"a:{",
                                 "a:}",
                                 "a:{}",
                                 "a:{x",
                                 "a:x}",
                                 "a:{{x}}",
                                 "a:{x,}",
                                 "a:{,x}",
                                 "a:{+}",
                                 "a:{x y}",
                                 "a:{=x}",
                                 "a:{!x}",
                                 "a:{x:}",
                                 "a:{x:a}",
                                 "a:{x|y}"}) {
    EXPECT_FALSE(UriTemplate::parse(text)) << text;
  }
  EXPECT_TRUE(UriTemplate::parse(std::string(UriTemplate::kMaxLength, 'x')));
  EXPECT_FALSE(UriTemplate::parse(std::string(UriTemplate::kMaxLength + 1, 'x')));
}

TEST(UriTemplateTest, ManyExpressionsCostNoMoreThanTheyAreAllowedTo) {
  std::string text = "a:";
  for (int i = 0; i < 500; ++i)
    text += "{x}";
  const auto parsed = UriTemplate::parse(text + "!");
  ASSERT_TRUE(parsed);
  const std::string uri = "a:" + std::string(2000, 'x');
  // Without a limit: no, in time that grows with the product.
  std::size_t work = std::size_t{1} << 30;
  EXPECT_FALSE(parsed->matches(uri, work));
  EXPECT_LT((std::size_t{1} << 30) - work, uri.size() * 2 * 501 + 1000);
  // With one: no, once it is used up.
  work = 1000;
  EXPECT_FALSE(parsed->matches(uri, work));
  EXPECT_EQ(work, 0u);
}

TEST(UriTemplateTest, TheLiteralBeginningDecidesAtOnce) {
  const auto parsed = UriTemplate::parse("file:///{+path}");
  ASSERT_TRUE(parsed);
  std::size_t work = 10;
  EXPECT_FALSE(parsed->matches("demo://" + std::string(1000, 'x'), work));
  EXPECT_EQ(work, 9u);
}

TEST(UriTemplateTest, NormalizesUris) {
  EXPECT_EQ(normalized_uri("a:%41%2f%c3%A9 \u00e9{}"), "a:A%2F%C3%A9%20%C3%A9%7B%7D");
  EXPECT_EQ(normalized_uri("a:%4"), "a:%4");
  EXPECT_EQ(normalized_uri("a:%zz%"), "a:%zz%");
  EXPECT_EQ(uri_scheme("FILE:///x"), "file");
  EXPECT_EQ(uri_scheme("{x}:y"), "");
  EXPECT_EQ(uri_scheme("/a:b"), "");
  EXPECT_EQ(uri_scheme("plain"), "");
}

}  // namespace
}  // namespace gateway
