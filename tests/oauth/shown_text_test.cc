#include "oauth/shown_text.h"

#include <gtest/gtest.h>

namespace oauth {
namespace {

TEST(ShownTextTest, NothingThatATerminalObeysIsLeft) {
  EXPECT_EQ(shown_text("a\x1b[2J\r\nb\x7f", {}), "a [2J  b ");
  // CSI, as one character of Latin-1.
  EXPECT_EQ(shown_text("a\xC2\x9B"
                       "31mb \xC3\xA9\xC2\xA9\xC2",
                       {}),
            "a  31mb \xC3\xA9\xC2\xA9\xC2");
}

TEST(ShownTextTest, SecretsAreLeftOutInBothSpellings) {
  EXPECT_EQ(shown_text("got s3cret/x and s3cret%2Fx", {"s3cret/x"}), "got … and …");
}

TEST(ShownTextTest, TheEndIsCutBetweenCharacters) {
  const std::string text = shown_text(std::string(199, 'a') + "\xC3\xA9" + std::string(100, 'b'), {});
  EXPECT_EQ(text, std::string(199, 'a') + "…");
}

}  // namespace
}  // namespace oauth
