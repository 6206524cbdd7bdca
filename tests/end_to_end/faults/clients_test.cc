// Clients that come in crowds, go away, do not read, and use the same ids.
#include <fstream>
#include <gmock/gmock.h>
#include <vector>

#include "tests/end_to_end/faults/fault_test.h"

namespace gateway {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::SizeIs;

constexpr int kCrowd = 200;
constexpr long kStreamMargin = 40 * 1024;  // KiB that a client which does not read may cost

class ClientsTest : public FaultTest {
 protected:
  Resources start_ready(const std::vector<std::string>& entries) {
    start(entries);
    wait_for_state("healthy", "ready");
    wait_for_state("faulty", "ready");
    return measure();
  }

  void wait_for_open_calls(int count) {
    wait_for("faulty", [count](const ServerView& now) { return now.open_calls == count; });
  }

  /// The lines that a recorded server got, those with this text.
  std::vector<std::string> received(const std::string& name, const std::string& part) {
    std::vector<std::string> lines;
    std::ifstream recorded(file(name));
    for (std::string line; std::getline(recorded, line);) {
      if (line.find(part) != std::string::npos) lines.push_back(line);
    }
    return lines;
  }
};

TEST_F(ClientsTest, TwoHundredSlowCallsAtOnce) {
  const auto base = start_ready({healthy(), stdio("faulty", "hold", std::to_string(kCrowd))});
  {
    std::vector<McpClient> crowd;
    for (int i = 0; i < kCrowd; ++i)
      crowd.push_back(client().beside());
    for (int i = 0; i < kCrowd; ++i) {
      if (i == kCrowd - 1) {
        wait_for_open_calls(kCrowd - 1);
        expect_healthy();
      }
      crowd[static_cast<std::size_t>(i)].send_call("\"" + std::to_string(i) + "\"", "faulty__echo", "text " + std::to_string(i));
    }
    for (int i = 0; i < kCrowd; ++i) {
      const auto answer = crowd[static_cast<std::size_t>(i)].read_answer();
      expect_text(answer, "text " + std::to_string(i));
      EXPECT_EQ(answer.id, "\"" + std::to_string(i) + "\"");
    }
  }
  wait_for_open_calls(0);
  expect_healthy();
  expect_back_at(base);
}

TEST_F(ClientsTest, AClientThatLeavesIsNotMissed) {
  const auto base = start_ready({healthy(), stdio("faulty", "hold", "3")});
  McpClient closes(port());
  McpClient resets(port());
  closes.send_call("1", "faulty__echo", "never read");
  resets.send_call("1", "faulty__echo", "never read either");
  wait_for_open_calls(2);
  closes.connection().close();
  resets.connection().reset();
  expect_healthy();
  expect_text(client().call("faulty__echo", "third"), "third");
  wait_for_open_calls(0);
  expect_back_at(base);
}

TEST_F(ClientsTest, AClientThatDoesNotReadItsStreamLosesItsCallAlone) {
  const auto base = start_ready({healthy(), recorded("faulty", "flood-progress", "60000")});
  McpClient deaf(port());
  deaf.send_call("1", "faulty__echo", "flood", "\"token\"");
  // The flood has passed when the server answers somebody else, and what came of it has arrived before a further call.
  expect_text(client().call("faulty__echo", "no flood"), "no flood");
  expect_text(client().call("faulty__echo", "no flood"), "no flood");
  EXPECT_THAT(received("faulty", "notifications/cancelled"), SizeIs(1));
  wait_for_open_calls(0);
  expect_healthy();
  if (SWITCHYARD_SANITIZED == 0) {
    EXPECT_LE(resources_of(gateway().pid()).peak_kib, base.resident_kib + kStreamMargin);
  }
  deaf.connection().close();
  expect_back_at(base);
}

TEST_F(ClientsTest, AServerThatStopsReadingCostsNoMoreThanItsQueue) {
  // Enough to send 80 MB before the first call ends.
  const std::string timeout = SWITCHYARD_SANITIZED == 0 ? "5" : "40";
  start_ready({healthy(), stdio("faulty", "deaf-on-call", "0", R"("callTimeout":)" + timeout)});
  const std::string large(3'900'000, 'x');
  std::vector<McpClient> crowd;
  for (int i = 0; i < 20; ++i) {
    crowd.push_back(client().beside());
    crowd.back().send_call(std::to_string(100 + i), "faulty__echo", large);
  }
  expect_error(client().call("faulty__echo", large), "overloaded", {"does not read its input"});
  std::vector<std::string> reasons;
  for (McpClient& each : crowd)
    reasons.push_back(each.read_answer().reason);
  EXPECT_THAT(reasons, Each(AnyOf("timeout", "overloaded")));
  EXPECT_THAT(reasons, Contains("overloaded")) << "64 MiB wait at most";
  EXPECT_THAT(reasons, Contains("timeout"));
  expect_error(client().call("faulty__echo", "x"), "server_unavailable", {"left alone for a while"});
  expect_healthy();
}

TEST_F(ClientsTest, AnOpenStreamThatNobodyReadsDisturbsNobody) {
  const auto base = start_ready({healthy(), stdio("faulty", "exit-once", file("was-here"))});
  McpClient deaf(port());
  deaf.open_stream();
  expect_error(client().call("faulty__echo", ""), "exited", {});
  wait_for("faulty", [](const ServerView& now) { return now.restarts == 1 && now.state == "ready"; });
  expect_healthy();
  deaf.connection().close();
  expect_back_at(base);
}

TEST_F(ClientsTest, EqualIdsAndTokensOfTwoClientsAreKeptApart) {
  const auto base = start_ready({healthy(), stdio("faulty", "hold", "2")});
  {
    McpClient left(port());
    McpClient right(port());
    left.send_call("7", "faulty__echo", "for left", "\"token\"");
    right.send_call("7", "faulty__echo", "for right", "\"token\"");
    for (const auto& [who, text] : {std::pair(&left, "for left"), std::pair(&right, "for right")}) {
      const auto answer = who->read_answer();
      expect_text(answer, text);
      EXPECT_EQ(answer.id, "7");
      EXPECT_THAT(answer.notifications, SizeIs(2));
      EXPECT_THAT(answer.notifications, Each(AllOf(HasSubstr(text), HasSubstr(R"("progressToken":"token")"))));
    }
  }
  expect_back_at(base);
}

TEST_F(ClientsTest, ACancellationReachesTheServerOfItsCallAlone) {
  start_ready({recorded("healthy", "ok"), recorded("faulty", "hold", "3")});
  McpClient left(port());
  McpClient right(port());
  left.send_call("7", "faulty__echo", "cancelled");
  right.send_call("7", "faulty__echo", "stays");
  wait_for_open_calls(2);
  left.beside().cancel("7");
  wait_for_open_calls(1);
  // The third call lets all of them go, and comes behind the cancellation.
  expect_text(client().call("faulty__echo", "third"), "third");
  expect_text(right.read_answer(), "stays");
  const auto call = received("faulty", "\"cancelled\"");
  ASSERT_THAT(call, SizeIs(1));
  const std::size_t at = call[0].find("\"id\":") + 5;
  const std::string id = call[0].substr(at, call[0].find_first_of(",}", at) - at);
  const auto notices = received("faulty", "notifications/cancelled");
  ASSERT_THAT(notices, SizeIs(1));
  EXPECT_THAT(notices[0], AllOf(HasSubstr("\"requestId\":" + id), HasSubstr("never mind")));
  EXPECT_THAT(received("healthy", "notifications/cancelled"), SizeIs(0));
}

}  // namespace
}  // namespace gateway
