#include "gateway/config/shell_word.h"

#include <gtest/gtest.h>

namespace gateway {
namespace {

TEST(ShellWordTest, IsOneWordToAShell) {
  EXPECT_EQ(shell_word("files"), "files");
  EXPECT_EQ(shell_word("/srv/docs-1.0_x/a,b=c:d@e%f+g"), "/srv/docs-1.0_x/a,b=c:d@e%f+g");
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("my server"), "'my server'");
  EXPECT_EQ(shell_word("~/x"), "'~/x'");
  EXPECT_EQ(shell_word("it's $HOME"), "'it'\\''s $HOME'");
}

}  // namespace
}  // namespace gateway
