// Runtimes of HTTP servers: lists that change, sessions that are lost, and servers that cannot be reached.
#include <algorithm>
#include <gmock/gmock.h>

#include "gateway/upstream/connect.h"
#include "gateway/upstream/runtime.h"
#include "tests/gateway/upstream/upstream_fixture.h"

namespace gateway {
namespace {

using mcp::ErrorCode;
using mcp::FakeServer;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr auto kListChanged = "notifications/tools/list_changed";

class RuntimeRemoteTest : public UpstreamTest {
 protected:
  static std::vector<std::string> tools_of(const Runtime& runtime) {
    std::vector<std::string> names;
    for (const auto& tool : runtime.catalog()->tools())
      names.push_back(tool.key);
    return names;
  }

  /// Ready, and its GET stream open.
  std::shared_ptr<Runtime> connect(FakeServer& server, ServerSpec spec) {
    auto runtime = settle(std::move(spec));
    EXPECT_EQ(runtime->state(), RuntimeState::ready) << runtime->unavailable().message;
    mcp::run_until(loop_, [&] { return server.streams() == 1; });
    return runtime;
  }

  std::shared_ptr<Runtime> connect(FakeServer& server) { return connect(server, remote("web", server.url())); }

  /// Returns when the other side of the server's GET stream has taken all that was sent there.
  void wait_until_heard(FakeServer& server) {
    const auto answers = server.count("");
    server.ping();
    mcp::run_until(loop_, [&] { return server.count("") > answers; });
  }

  /// Some requests there and back, one after the other: what the runtime begins at once has reached its server by then.
  void let_it_begin(Runtime& runtime) {
    for (int i = 0; i < 3; ++i)
      EXPECT_TRUE(send(runtime, request("ping")));
  }
};

TEST_F(RuntimeRemoteTest, ConnectsAndShowsTheTargetWithoutItsQuery) {
  auto& server = add_server({"a", "b"});
  const auto runtime = connect(server, remote("web", server.url() + "?key=secret"));
  const auto status = runtime->status();
  EXPECT_EQ(status.transport, "http");
  EXPECT_EQ(status.target, server.url() + "?…");
  EXPECT_FALSE(status.pid);
  EXPECT_THAT(tools_of(*runtime), ElementsAre("a", "b"));
}

TEST_F(RuntimeRemoteTest, AServerWithoutToolsIsReadyWithNone) {
  auto& server = add_server();
  server.capabilities = {{"prompts", json::object()}};
  const auto runtime = connect(server);
  EXPECT_EQ(server.count("tools/list"), 0u);
  EXPECT_TRUE(runtime->catalog()->tools().empty());
}

TEST_F(RuntimeRemoteTest, ABurstOfListChangedIsReadOnce) {
  auto& server = add_server({"a"});
  const auto runtime = connect(server);
  server.tools.push_back(FakeServer::tool("b"));
  for (int i = 0; i < 5; ++i)
    server.notify(kListChanged);
  mcp::run_until(loop_, [&] { return catalogs_ == 2; });
  EXPECT_THAT(tools_of(*runtime), ElementsAre("a", "b"));
  let_it_begin(*runtime);
  EXPECT_EQ(server.count("tools/list"), 2u);
}

TEST_F(RuntimeRemoteTest, NobodyHearsOfAChangeThatIsNone) {
  auto& server = add_server({"a"});
  const auto runtime = connect(server);
  server.notify(kListChanged);
  mcp::run_until(loop_, [&] { return server.count("tools/list") == 2; });
  // That list has been answered as it was; the next one differs.
  server.tools.push_back(FakeServer::tool("b"));
  server.notify(kListChanged);
  mcp::run_until(loop_, [&] { return runtime->catalog()->tools().size() == 2; });
  EXPECT_EQ(catalogs_, 2);
}

TEST_F(RuntimeRemoteTest, ChangesAreCollectedBeforeTheListIsRead) {
  dependencies_.refresh_delay = std::chrono::hours(1);
  auto& server = add_server({"a"});
  const auto runtime = connect(server);
  server.notify(kListChanged);
  wait_until_heard(server);
  let_it_begin(*runtime);
  EXPECT_EQ(server.count("tools/list"), 1u);
}

TEST_F(RuntimeRemoteTest, BetweenTwoReadingsThereIsAPause) {
  dependencies_.refresh_pause = std::chrono::hours(1);
  auto& server = add_server({"a"});
  const auto runtime = connect(server);
  server.held_method = "tools/list";
  server.tools.push_back(FakeServer::tool("b"));
  server.notify(kListChanged);
  mcp::run_until(loop_, [&] { return server.count("tools/list") == 2; });
  server.notify(kListChanged);
  wait_until_heard(server);
  server.release();
  mcp::run_until(loop_, [&] { return catalogs_ == 2; });
  let_it_begin(*runtime);
  EXPECT_EQ(server.count("tools/list"), 2u);
}

TEST_F(RuntimeRemoteTest, AChangeDuringTheListingIsReadAfterIt) {
  auto& server = add_server({"a"});
  const auto runtime = connect(server);
  server.tools.push_back(FakeServer::tool("b"));
  server.held_method = "tools/list";
  server.notify(kListChanged);
  mcp::run_until(loop_, [&] { return server.count("tools/list") == 2; });
  server.tools.push_back(FakeServer::tool("c"));
  server.notify(kListChanged);
  wait_until_heard(server);
  server.release();
  mcp::run_until(loop_, [&] { return catalogs_ == 3; });
  EXPECT_THAT(tools_of(*runtime), ElementsAre("a", "b", "c"));
}

TEST_F(RuntimeRemoteTest, AChangeDuringTheStartIsNotMissed) {
  auto& server = add_server({"a"});
  server.held_method = "tools/list";
  const auto runtime = start(remote("web", server.url()));
  mcp::run_until(loop_, [&] { return server.count("tools/list") == 1 && server.streams() == 1; });
  server.tools.push_back(FakeServer::tool("b"));
  server.notify(kListChanged);
  wait_until_heard(server);
  EXPECT_EQ(server.count("tools/list"), 1u);
  server.release();
  mcp::run_until(loop_, [&] { return runtime->catalog()->tools().size() == 2; });
  EXPECT_EQ(server.count("tools/list"), 2u);
}

TEST_F(RuntimeRemoteTest, AListThatCannotBeReadLeavesTheOldOne) {
  auto& server = add_server({"a"});
  const auto runtime = connect(server);
  server.answer = [](const json& request) -> std::optional<json> {
    if (request["method"] == "tools/list") return json{{"tools", 7}};
    return std::nullopt;
  };
  server.notify(kListChanged);
  mcp::run_until(loop_, [&] { return server.count("tools/list") == 4; });
  let_it_begin(*runtime);
  EXPECT_EQ(server.count("tools/list"), 4u) << "three tries are enough";
  EXPECT_EQ(runtime->state(), RuntimeState::ready);
  EXPECT_THAT(tools_of(*runtime), ElementsAre("a"));
  // And a later change is heard again.
  server.answer = {};
  server.tools.push_back(FakeServer::tool("b"));
  server.notify(kListChanged);
  mcp::run_until(loop_, [&] { return runtime->catalog()->tools().size() == 2; });
}

TEST_F(RuntimeRemoteTest, ALostSessionIsOpenedAgainAtOnceAndACallIsNotRepeated) {
  auto& server = add_server({"a"});
  const auto runtime = connect(server);
  server.forget_sessions();
  const auto lost = send(*runtime, tool_call("a"));
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, ErrorCode::session_lost);
  EXPECT_EQ(runtime->state(), RuntimeState::starting);
  // The next one waits for the new session.
  const auto answer = send(*runtime, tool_call("a"));
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(server.count("tools/call"), 2u);
  EXPECT_EQ(server.count("initialize"), 2u);
  EXPECT_THAT(states_, ElementsAre("starting", "ready", "starting", "starting", "ready"));
  EXPECT_EQ(runtime->status().restarts, 1);
}

TEST_F(RuntimeRemoteTest, WhatIsSafeIsRepeatedOnceInTheNewSession) {
  auto& server = add_server({"a"});
  const auto runtime = connect(server);
  server.forget_sessions();
  const auto answer = send(*runtime, request("resources/read"));
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(server.count("resources/read"), 2u);
  EXPECT_EQ(answer->id(), "\"mine\"");
}

TEST_F(RuntimeRemoteTest, AServerThatLosesItsSessionsAgainAndAgainIsLeftAloneForAWhile) {
  auto& server = add_server({"a"});
  const auto runtime = connect(server);
  server.forget_sessions();
  ASSERT_TRUE(send(*runtime, request("ping")));
  server.forget_sessions();
  const auto answer = send(*runtime, request("ping"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::server_unavailable);
  EXPECT_EQ(runtime->state(), RuntimeState::backing_off);
  EXPECT_EQ(server.count("ping"), 3u);
}

TEST_F(RuntimeRemoteTest, OthersThatWereOpenInALostSessionFailWithIt) {
  auto& server = add_server({"a"});
  const auto runtime = connect(server);
  server.held_method = "tools/call";
  mcp::RecordingContext context;
  std::optional<mcp::Result<mcp::Message>> open;
  mcp::spawn_task(loop_, runtime->handle(tool_call("a"), context), open);
  mcp::run_until(loop_, [&] { return server.count("tools/call") == 1; });
  server.forget_sessions();
  server.held_method = {};
  ASSERT_TRUE(send(*runtime, request("ping")));
  ASSERT_TRUE(open);
  EXPECT_EQ(open->error().code, ErrorCode::session_lost);
  EXPECT_EQ(server.count("tools/call"), 1u);
}

TEST_F(RuntimeRemoteTest, AServerWithoutAGetStreamStaysReadyWhateverItSaysToThat) {
  auto& server = add_server({"a"});
  server.get_status = 404;
  const auto runtime = settle(remote("web", server.url()));
  mcp::run_until(loop_, [&] { return server.refused_streams == 1; });
  EXPECT_TRUE(send(*runtime, tool_call("a")));
  EXPECT_EQ(runtime->state(), RuntimeState::ready);
  EXPECT_EQ(server.count("initialize"), 1u);
}

TEST_F(RuntimeRemoteTest, AServerThatEndsIsMissedBeforeTheNextCall) {
  auto& server = add_server({"a"});
  const auto runtime = connect(server);
  mcp::run_task(loop_, server.stop());
  wait_for(*runtime, RuntimeState::backing_off);
  EXPECT_EQ(runtime->status().cause->code, ErrorCode::connect_failed);
}

TEST_F(RuntimeRemoteTest, AServerThatCannotBeReachedIsTriedForEver) {
  random_ = kNoDelay;
  std::string url;
  {
    FakeServer gone(loop_.get_executor());
    url = gone.url();
    mcp::run_task(loop_, gone.stop());
  }
  const auto runtime = start(remote("web", url));
  mcp::run_until(loop_, [&] { return runtime->status().restarts >= 8; });
  EXPECT_EQ(runtime->status().cause->code, ErrorCode::connect_failed);
  EXPECT_THAT(states_, testing::Not(testing::Contains("failed")));
}

TEST_F(RuntimeRemoteTest, ARevisionWeDoNotSpeakIsNotTriedAgain) {
  auto& server = add_server();
  server.version = "1999-01-01";
  const auto runtime = settle(remote("web", server.url()));
  EXPECT_EQ(runtime->state(), RuntimeState::failed);
  EXPECT_EQ(runtime->status().cause->code, ErrorCode::unsupported_version);
}

TEST_F(RuntimeRemoteTest, AServerInTroubleStaysReady) {
  auto& server = add_server({"a"});
  const auto runtime = connect(server);
  server.status = 503;
  const auto answer = send(*runtime, tool_call("a"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::http_status);
  EXPECT_EQ(runtime->state(), RuntimeState::ready);
  server.status = 200;
  EXPECT_TRUE(send(*runtime, tool_call("a")));
}

TEST_F(RuntimeRemoteTest, SilenceIsATimeoutThatNamesThePhase) {
  auto& server = add_server({"a"});
  server.held_method = "tools/list";
  const auto [cause, limit] = start_overdue(remote("web", server.url()), "tools/list");
  EXPECT_EQ(cause.code, ErrorCode::timeout);
  EXPECT_EQ(cause.message, "no answer to tools/list within " + limit);
}

TEST_F(RuntimeRemoteTest, StopsAtEveryMomentOfAStart) {
  auto& server = add_server({"a"});
  for (const int turns : {0, 1, 2, 3, 4, 6, 8, 11, 15, 20, 30, 45}) {
    const auto runtime = start(remote("web", server.url()));
    run_turns(*runtime, turns);
    stop(runtime);
  }
}

TEST_F(RuntimeRemoteTest, ARefusedIntroductionSaysWhatToDo) {
  auto& server = add_server();
  json error = {{"code", -32000}, {"message", "no key was given"}};
  server.answer = [&error](const json&) -> std::optional<json> { return json{{"error", error}}; };
  const auto refused = settle(remote("web", server.url()));
  EXPECT_EQ(refused->state(), RuntimeState::backing_off);
  EXPECT_EQ(refused->status().cause->code, ErrorCode::server_unavailable);
  EXPECT_EQ(refused->status().cause->message, "the server refused initialize with error -32000: no key was given");
  EXPECT_FALSE(refused->status().cause->remedy.empty());
  // A gateway that says that the configuration is wrong.
  error = {{"code", -32603}, {"message", "that is me. Look up."}, {"data", {{"reason", "config_invalid"}, {"remedy", "Look up."}}}};
  const auto wrong = settle(remote("self", server.url()));
  EXPECT_EQ(wrong->state(), RuntimeState::failed);
  EXPECT_EQ(wrong->status().cause->text(), "that is me. Look up.");
  EXPECT_EQ(wrong->status().cause->remedy, "Look up.");
}

TEST_F(RuntimeRemoteTest, StopsWhileACallAndAListingAreOpen) {
  auto& server = add_server({"a"});
  const auto runtime = connect(server);
  server.held_method = "tools/list";
  server.notify(kListChanged);
  mcp::run_until(loop_, [&] { return server.count("tools/list") == 2; });
  stop(runtime);
  run_ready();
  EXPECT_EQ(catalogs_, 1);
}

TEST_F(RuntimeRemoteTest, AProbeDoesNotStandBehindCalls) {
  constexpr std::size_t kCalls = 300;  // more than there are connections
  auto& server = add_server({"a"});
  const auto runtime = connect(server);
  server.held_method = "tools/call";
  server.answer = [](const json& message) -> std::optional<json> {
    if (message["method"] != "prompts/list") return std::nullopt;
    return json{{"error", {{"code", -32000}, {"message", "Busy"}}}};
  };
  std::vector<std::optional<mcp::Result<mcp::Message>>> answers(kCalls);
  std::vector<mcp::RecordingContext> contexts(kCalls + 1);
  std::optional<mcp::Result<mcp::Message>> refused;
  for (std::size_t i = 0; i < kCalls; ++i) {
    if (i == kCalls / 2) mcp::spawn_task(loop_, runtime->handle(request("prompts/list"), contexts[kCalls]), refused);
    mcp::spawn_task(loop_, runtime->handle(tool_call("a"), contexts[i]), answers[i]);
  }
  mcp::run_until(loop_, [&] { return server.count("ping") == 1; });
  server.release();
  mcp::run_until(loop_, [&] { return std::ranges::all_of(answers, [](const auto& each) { return each.has_value(); }); });
  EXPECT_TRUE(std::ranges::all_of(answers, [](const auto& each) { return each->has_value(); }));
  EXPECT_EQ(runtime->state(), RuntimeState::ready);
}

}  // namespace
}  // namespace gateway
