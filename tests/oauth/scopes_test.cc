#include "oauth/scopes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace oauth {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ScopesTest, ATextIsTakenApartOnceEach) {
  EXPECT_THAT(parse_scopes("  a:b  c\ta:b\n d\"e \x7f f"), ElementsAre("a:b", "c", "f"));
  EXPECT_EQ(join_scopes({"a", "b"}), "a b");
  EXPECT_THAT(tidy_scopes({" a ", "", "b c", "a"}), ElementsAre("a", "b", "c"));
}

TEST(ScopesTest, AListHasAnEnd) {
  std::string text;
  for (int i = 0; i < 10'000; ++i)
    text += "s" + std::to_string(i) + " ";
  EXPECT_EQ(parse_scopes(text).size(), 256U);
}

TEST(ScopesTest, TheNearestWordCounts) {
  ScopeSources sources;
  EXPECT_THAT(choose_scopes(sources), IsEmpty());
  sources.resource = Scopes{"all", "of", "them"};
  EXPECT_THAT(choose_scopes(sources), ElementsAre("all", "of", "them"));
  sources.challenge = Scopes{"wanted"};
  EXPECT_THAT(choose_scopes(sources), ElementsAre("wanted"));
  sources.configured = Scopes{"mine"};
  EXPECT_THAT(choose_scopes(sources), ElementsAre("mine"));
  sources.configured = Scopes{};
  EXPECT_THAT(choose_scopes(sources), IsEmpty());
}

TEST(ScopesTest, OfflineAccessIsAddedWhereItIsKnown) {
  ScopeSources sources;
  sources.challenge = Scopes{"wanted"};
  EXPECT_THAT(choose_scopes(sources), ElementsAre("wanted"));
  sources.server = {"openid", "offline_access"};
  EXPECT_THAT(choose_scopes(sources), ElementsAre("wanted", "offline_access"));
  sources.challenge.reset();
  EXPECT_THAT(choose_scopes(sources), IsEmpty()) << "alone it would take away what is given without being asked for";
  sources.configured = Scopes{"mine"};
  EXPECT_THAT(choose_scopes(sources), ElementsAre("mine"));
}

TEST(ScopesTest, AStepUpAsksForAllThatWasAndWhatIsMissing) {
  ScopeSources sources;
  sources.challenge = Scopes{"write"};
  sources.more = {"read", "write"};
  EXPECT_THAT(choose_scopes(sources), ElementsAre("write", "read"));
  sources.configured = Scopes{"mine"};
  EXPECT_THAT(choose_scopes(sources), ElementsAre("mine", "read", "write"));
}

}  // namespace
}  // namespace oauth
