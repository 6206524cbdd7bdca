// Servers on streamable HTTP that hang, cut off, lie about lengths, lose sessions.
#include <gmock/gmock.h>

#include "tests/end_to_end/faults/fault_test.h"

namespace gateway {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAre;

constexpr long kFloodMargin = 100 * 1024;    // KiB that a flood may cost for a moment
constexpr long kFloodRemainder = 40 * 1024;  // and what the allocator may keep of it for the next one
constexpr int kRepeats = 10;                 // what leaks, leaks more each time

class HttpFaultTest : public FaultTest {
 protected:
  Resources start_ready(const std::string& mode, const std::string& more = "") {
    start({healthy(), http("faulty", mode, more)});
    wait_for_state("healthy", "ready");
    wait_for_state("faulty", "ready");
    return measure();
  }

  ToolAnswer call(const std::string& text = "hello") { return client().call("faulty__echo", text); }

  /// A call fails so, again and again, and costs nobody anything.
  void expect_every_call_fails(const std::string& mode,
                               const std::string& reason,
                               const std::vector<std::string>& words,
                               const std::string& more = "",
                               int repeats = kRepeats) {
    const auto base = start_ready(mode, more);
    for (int i = 0; i < repeats; ++i)
      expect_error(call(), reason, words);
    EXPECT_EQ(view("faulty").state, "ready") << testing::PrintToString(view("faulty"));
    EXPECT_EQ(view("faulty").open_calls, 0);
    EXPECT_EQ(counted("tools/call"), repeats) << "sent once each";
    expect_healthy();
    expect_back_at(base, true);
  }
};

TEST_F(HttpFaultTest, AHangIsATimeoutAndTheServerIsTold) {
  expect_every_call_fails("hang", "timeout", {"0.3 s", "callTimeout"}, R"("callTimeout":0.3)", 2);
  wait_for("faulty", [this](const ServerView&) { return counted("notifications/cancelled") == 2; });
}

TEST_F(HttpFaultTest, AnAnswerInDropsIsWhole) {
  const auto base = start_ready("drip");
  expect_text(call("drop by drop"), "drop by drop");
  expect_text(call("again"), "again");
  expect_back_at(base, true);
}

TEST_F(HttpFaultTest, AHeadThatNeverEndsIsATimeout) {
  expect_every_call_fails("drip-for-ever", "timeout", {"0.3 s"}, R"("callTimeout":0.3)", 2);
}

TEST_F(HttpFaultTest, ARedirectIsNotFollowedButNamed) {
  expect_every_call_fails("redirect", "http_status", {"http://elsewhere.example/mcp", "307"});
}

TEST_F(HttpFaultTest, ALongStatusLineIsRefused) {
  expect_every_call_fails("long-status-line", "too_large", {});
}

TEST_F(HttpFaultTest, AResetInTheMiddleOfAStream) {
  expect_every_call_fails("reset", "connection_lost", {"may or may not"});
}

TEST_F(HttpFaultTest, ABodyShorterThanItsLength) {
  expect_every_call_fails("length-too-long", "connection_lost", {"may or may not"});
}

TEST_F(HttpFaultTest, ABodyLongerThanItsLengthSpoilsNoOtherAnswer) {
  expect_every_call_fails("length-too-short", "not_mcp", {});
}

TEST_F(HttpFaultTest, AHugeLengthIsRefusedAtOnce) {
  expect_every_call_fails("length-huge", "too_large", {"67108864"});
}

TEST_F(HttpFaultTest, ABodyWithoutEndIsCutOff) {
  const auto base = start_ready("endless-body");
  for (int i = 0; i < 4; ++i)
    expect_error(call(), "too_large", {"67108864"});
  if (SWITCHYARD_SANITIZED == 0) {
    EXPECT_LE(resources_of(gateway().pid()).peak_kib, base.resident_kib + kFloodMargin);
  }
  expect_healthy();
  expect_back_at(base, true, kFloodRemainder);
}

TEST_F(HttpFaultTest, AStreamThatEndsWithoutTheAnswer) {
  expect_every_call_fails("stream-end", "not_mcp", {"ended without the response", "may or may not"});
}

TEST_F(HttpFaultTest, AnAnswerWithAForeignIdIsNoAnswer) {
  expect_every_call_fails("foreign-id", "not_mcp", {"4711"});
}

TEST_F(HttpFaultTest, AnErrorStatusIsShown) {
  expect_every_call_fails("status-500", "http_status", {"HTTP 500", "the database is on fire"});
}

TEST_F(HttpFaultTest, APageIsNoAnswer) {
  expect_every_call_fails("wrong-type", "not_mcp", {"text/html"});
}

TEST_F(HttpFaultTest, AConnectionThatEndsInsteadOfAnAnswerIsNotTriedTwice) {
  expect_every_call_fails("close-on-call", "connection_lost", {"may or may not"});
}

TEST_F(HttpFaultTest, ConnectionsThatEndBehindTheAnswerAreNotUsedAgain) {
  const auto base = start_ready("close-idle");
  for (int i = 0; i < 50; ++i)
    expect_text(call(std::to_string(i)), std::to_string(i));
  EXPECT_EQ(counted("tools/call"), 50);
  expect_back_at(base, true);
}

TEST_F(HttpFaultTest, A401ToACallFailsThatCallAlone) {
  expect_every_call_fails("unauthorized", "login_required", {"401", "switchyard login faulty"});
}

TEST_F(HttpFaultTest, A401FromTheBeginningIsALoginThatIsMissing) {
  start({healthy(), http("faulty", "unauthorized-always")});
  const auto down = wait_for_state("faulty", "backing_off");
  EXPECT_EQ(down.reason, "login_required");
  EXPECT_FALSE(down.remedy.empty());
  expect_error(call(), "login_required", {"wants a login", "switchyard login faulty"});
  EXPECT_THAT(client().tools(), UnorderedElementsAre("healthy__echo"));
  expect_healthy();
}

TEST_F(HttpFaultTest, ALostSessionIsOpenedAnewAndTheCallNotRepeated) {
  const auto base = start_ready("session-lost");
  expect_error(call("first"), "session_lost", {"404"});
  const auto up = wait_for("faulty", [](const ServerView& now) { return now.restarts == 1 && now.state == "ready"; });
  EXPECT_EQ(up.reason, "");
  EXPECT_EQ(counted("initialize"), 2);
  EXPECT_EQ(counted("tools/call"), 1);
  expect_text(call("second"), "second");
  EXPECT_EQ(counted("tools/call"), 2);
  expect_back_at(base, true);
}

TEST_F(HttpFaultTest, TlsTowardsAPlainPort) {
  start({healthy(), http("faulty", "ok", "", "https")});
  const auto down = wait_for_state("faulty", "backing_off");
  EXPECT_EQ(down.reason, "tls_failed") << testing::PrintToString(down);
  EXPECT_FALSE(down.remedy.empty()) << testing::PrintToString(down);
  expect_error(call(), "server_unavailable", {"TLS"});
  expect_healthy();
}

TEST_F(HttpFaultTest, APlainRequestTowardsATlsPort) {
  start({healthy(), http("faulty", "not-http")});
  const auto down = wait_for_state("faulty", "backing_off");
  EXPECT_EQ(down.reason, "not_mcp") << testing::PrintToString(down);
  EXPECT_THAT(down.remedy, HasSubstr("https://"));
  expect_healthy();
}

TEST_F(HttpFaultTest, APortThatNobodyListensOn) {
  start({healthy(), R"("faulty":{"url":"http://127.0.0.1:9/mcp"})"});
  const auto down = wait_for_state("faulty", "backing_off");
  EXPECT_EQ(down.reason, "connect_failed");
  EXPECT_THAT(down.message, HasSubstr("127.0.0.1:9"));
  EXPECT_FALSE(down.remedy.empty());
  expect_error(call(), "server_unavailable", {"127.0.0.1:9"});
  expect_healthy();
}

TEST_F(HttpFaultTest, AKilledGatewayLeavesNobodyBehind) {
  start_ready("hang");
  client().send_call("1", "faulty__echo", "");
  wait_for("faulty", [](const ServerView& now) { return now.open_calls == 1; });
  kill();
}

}  // namespace
}  // namespace gateway
