#include "gateway/catalog/qualified_uri.h"

#include <gtest/gtest.h>
#include <string>

namespace gateway {
namespace {

TEST(QualifiedUriTest, NamesTheServerAndKeepsTheRest) {
  EXPECT_EQ(qualified_uri(ServerName("files"), "file:///a%20b?c#d"), "switchyard://files/file:///a%20b?c#d");
  EXPECT_EQ(qualified_uri(ServerName("my {server}/1"), "x:{y}"), "switchyard://my%20%7Bserver%7D%2F1/x:{y}");
}

TEST(QualifiedUriTest, ReadsBackWhatItMade) {
  for (const std::string server : {"files", "my server", "a/b", "100%", "b\u00fccher", "%41"}) {
    for (const std::string uri : {"file:///x", "switchyard://files/y", "/", "a b"}) {
      const auto parsed = parse_qualified_uri(qualified_uri(ServerName(server), uri));
      ASSERT_TRUE(parsed);
      EXPECT_EQ(parsed->server, ServerName(server));
      EXPECT_EQ(parsed->uri, uri);
    }
  }
}

TEST(QualifiedUriTest, OtherUrisAreNone) {
  for (const std::string uri : {"file:///x",
                                "switchyard:",
                                "switchyard://",
                                "switchyard://files",
                                "switchyard://files/",
                                "switchyard:///x",
                                "SWITCHYARD://files/x",
                                ""}) {
    EXPECT_FALSE(parse_qualified_uri(uri)) << uri;
  }
}

}  // namespace
}  // namespace gateway
