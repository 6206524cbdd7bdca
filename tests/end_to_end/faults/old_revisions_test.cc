// Servers that speak old revisions, and batches, which one of them has.
#include <gmock/gmock.h>

#include "tests/end_to_end/faults/fault_test.h"

namespace gateway {
namespace {

using testing::HasSubstr;

class OldRevisionTest : public FaultTest {
 protected:
  void start_ready(const std::string& entry) {
    start({healthy(), entry});
    wait_for_state("healthy", "ready");
    wait_for_state("faulty", "ready");
  }

  ToolAnswer call(const std::string& text = "hello") { return client().call("faulty__echo", text); }

  /// Waits until the recorded server got so many messages with this text.
  void wait_until_received(const std::string& part, int count) {
    wait_for("faulty", [&, this](const ServerView&) {
      const std::string lines = read_text_file(file("faulty"));
      int found = 0;
      for (std::size_t at = lines.find(part); at != std::string::npos; at = lines.find(part, at + 1))
        ++found;
      return found >= count;
    });
  }
};

TEST_F(OldRevisionTest, EachIsSpokenAsItWasNegotiated) {
  for (const char* revision : {"2024-11-05", "2025-03-26", "2025-06-18"}) {
    start_ready(stdio("faulty", "revision", revision));
    EXPECT_EQ(view("faulty").revision, revision);
    expect_text(call(revision), revision);
    expect_healthy();
    stop();
  }
}

TEST_F(OldRevisionTest, ABatchIsTakenApartWhereTheRevisionHasThem) {
  start_ready(recorded("faulty", "batch", "2025-03-26"));
  for (int i = 0; i < 3; ++i)
    expect_text(call(std::to_string(i)), std::to_string(i));
  // What stood around the answer was heard, too.
  wait_until_received(R"("id":"p","result":{})", 3);
  wait_until_received(R"("method":"tools/list")", 2);
  EXPECT_EQ(view("faulty").state, "ready");
}

TEST_F(OldRevisionTest, ABatchIsNoAnswerWhereTheRevisionHasNone) {
  for (const char* revision : {"2024-11-05", "2025-06-18", "2025-11-25"}) {
    start_ready(stdio("faulty", "batch", revision));
    for (int i = 0; i < 3; ++i)
      expect_error(call(), "not_mcp", {"It is a batch, which only MCP 2025-03-26 has."});
    EXPECT_EQ(view("faulty").state, "ready");
    expect_healthy();
    stop();
  }
}

}  // namespace
}  // namespace gateway
