// What a reload of the configuration does to a runtime, seen from requests that come at odd moments.
#include <gmock/gmock.h>

#include "tests/gateway/upstream/upstream_fixture.h"
#include "tests/support/captured_log.h"
#include "tests/support/gate.h"

namespace gateway {
namespace {

using mcp::ErrorCode;
using mcp::Result;
using std::chrono::seconds;

class RuntimeChangeTest : public UpstreamTest {
 protected:
  /// A call begins this many turns of the loop after the server was retired.
  Result<mcp::Message> call_after(int turns, Runtime& runtime, const std::shared_ptr<Runtime>& successor) {
    std::optional<bool> retired;
    const auto retire = [&]() -> mcp::Task<bool> {
      const auto next = successor;
      mcp::Error reason{ErrorCode::server_unavailable, "it has gone", "Look for another."};
      co_await runtime.retire(next, std::move(reason), seconds(30));
      co_return true;
    };
    mcp::spawn_task(loop_, retire(), retired);
    loop_.restart();
    for (int turn = 0; turn < turns && !retired; ++turn)
      loop_.run_one_for(seconds(10));
    auto answer = send(runtime, tool_call("echo"));
    mcp::run_until(loop_, [&] { return retired.has_value(); });
    return answer;
  }
};

TEST_F(RuntimeChangeTest, ACallThatComesWhileTheServerIsTakenDownGoesToTheNext) {
  for (int turns = 0; turns < 12; ++turns) {
    SCOPED_TRACE(turns);
    auto& old_server = add_server({"echo"});
    auto& new_server = add_server({"echo"});
    const auto runtime = settle(remote("web", old_server.url()));
    const auto next = settle(remote("web", new_server.url()));
    const auto answer = call_after(turns, *runtime, next);
    ASSERT_TRUE(answer) << answer.error().text();
    EXPECT_EQ(old_server.count("tools/call") + new_server.count("tools/call"), 1U);
  }
}

TEST_F(RuntimeChangeTest, ACallThatComesWhileAProgramIsTakenDownGoesToTheNext) {
  const auto next = settle(program("files", {"ok"}));
  for (int turns = 0; turns < 12; ++turns) {
    SCOPED_TRACE(turns);
    const auto answer = call_after(turns, *settle(program("files", {"ok"})), next);
    ASSERT_TRUE(answer) << answer.error().text();
  }
}

TEST_F(RuntimeChangeTest, WhereThereIsNoNextOneItHearsWhy) {
  for (int turns = 0; turns < 12; ++turns) {
    SCOPED_TRACE(turns);
    auto& server = add_server({"echo"});
    const auto answer = call_after(turns, *settle(remote("web", server.url())), nullptr);
    if (answer) {
      EXPECT_EQ(server.count("tools/call"), 1U) << "it was in time";
      continue;
    }
    EXPECT_EQ(answer.error().message, "it has gone");
    EXPECT_EQ(server.count("tools/call"), 0U);
  }
}

TEST_F(RuntimeChangeTest, WhatWasNotSentYetIsNotSaidToBeLate) {
  mcp::Gate gate;
  const auto runtime = start(program("files", {"start-gate", gate.path()}));
  const auto next = settle(program("files", {"ok"}));
  std::optional<Result<mcp::Message>> answer;
  mcp::RecordingContext context;
  mcp::spawn_task(loop_, runtime->handle(tool_call("echo"), context), answer);
  run_ready();
  const mcp::CapturedLog log(mcp::LogFormat::text, "info");
  mcp::run_task(loop_, runtime->retire(next, {ErrorCode::server_unavailable, "it has gone"}, seconds(30)));
  mcp::run_until(loop_, [&] { return answer.has_value(); });
  EXPECT_TRUE(*answer);
  for (const std::string& line : log.lines())
    EXPECT_THAT(line, testing::Not(testing::HasSubstr("did not finish its calls in time")));
}

}  // namespace
}  // namespace gateway
