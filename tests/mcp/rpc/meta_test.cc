#include "mcp/rpc/meta.h"

#include <gtest/gtest.h>

namespace mcp {
namespace {

std::string with(const std::string& text) {
  return std::string(with_meta(*Message::parse(text), "a/b", "1").text());
}

TEST(MetaTest, AddsToWhatIsThere) {
  EXPECT_EQ(with(R"({"jsonrpc":"2.0","id":7,"method":"m","params":{"x":1e400,"_meta":{"progressToken":"t","a/b":2},"y":[]}})"),
            R"({"jsonrpc":"2.0","id":7,"method":"m","params":{"_meta":{"a/b":1,"progressToken":"t"},"x":1e400,"y":[]}})");
}

TEST(MetaTest, MakesWhatIsNotThere) {
  EXPECT_EQ(with(R"({"jsonrpc":"2.0","id":"a","method":"m"})"),
            R"({"jsonrpc":"2.0","id":"a","method":"m","params":{"_meta":{"a/b":1}}})");
  EXPECT_EQ(with(R"({"jsonrpc":"2.0","method":"n","params":{}})"),
            R"({"jsonrpc":"2.0","method":"n","params":{"_meta":{"a/b":1}}})");
}

TEST(MetaTest, TheTokenIsFoundAgain) {
  const Message message =
      with_meta(*Message::parse(R"({"jsonrpc":"2.0","id":7,"method":"m","params":{"_meta":{"progressToken":5}}})"), "k", "{}");
  EXPECT_EQ(message.raw(message.envelope().meta_progress_token), "5");
}

}  // namespace
}  // namespace mcp
