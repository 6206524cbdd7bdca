// Runtimes of servers that want a login, or refuse the one they are given.
#include <gmock/gmock.h>

#include "gateway/upstream/runtime.h"
#include "mcp/transport/streamable_client.h"
#include "tests/gateway/upstream/upstream_fixture.h"
#include "tests/support/fake_authorizer.h"

namespace gateway {
namespace {

using mcp::ErrorCode;
using mcp::FakeServer;
using testing::HasSubstr;
using testing::StartsWith;

class RuntimeLoginTest : public UpstreamTest {
 protected:
  /// Ready, and its GET stream open.
  std::shared_ptr<Runtime> connect(FakeServer& server) {
    auto runtime = settle(remote("web", server.url()));
    EXPECT_EQ(runtime->state(), RuntimeState::ready) << runtime->unavailable().message;
    mcp::run_until(loop_, [&] { return server.streams() == 1; });
    return runtime;
  }

  /// Returns when the other side of the server's GET stream has taken all that was sent there.
  void wait_until_heard(FakeServer& server) {
    const auto answers = server.count("");
    server.ping();
    mcp::run_until(loop_, [&] { return server.count("") > answers; });
  }

  /// Transports have their Authorization of this.
  void authorize_with(const std::shared_ptr<mcp::FakeAuthorizer>& authorizer) {
    dependencies_.connect = [this, authorizer](const ServerSpec& spec) -> mcp::Result<std::shared_ptr<mcp::Transport>> {
      mcp::StreamableClientOptions options;
      options.authorizer = authorizer;
      auto url = mcp::Url::parse(std::get<HttpSpec>(spec.transport).url).value();
      return mcp::make_streamable_client(loop_.get_executor(), std::move(url), std::move(options));
    };
  }

  static void expect_a_minute(const Runtime& runtime) {
    const auto pause = *runtime.status().retry_at - std::chrono::system_clock::now();
    EXPECT_GT(pause, std::chrono::seconds(50));
    EXPECT_LE(pause, std::chrono::seconds(60));
  }
};

TEST_F(RuntimeLoginTest, ALoginThatOneCallWantsIsThatCallsAffair) {
  auto& server = add_server({"a"});
  const auto runtime = connect(server);
  server.status = 401;
  server.status_method = "tools/call";
  for (const std::size_t calls : {1U, 2U}) {
    const auto answer = send(*runtime, tool_call("a"));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::login_required);
    EXPECT_THAT(answer.error().remedy, StartsWith("Run: switchyard login web (or, "));
    mcp::run_until(loop_, [&] { return server.count("ping") == calls; });
    wait_until_heard(server);
  }
  EXPECT_TRUE(send(*runtime, request("resources/read")));
  EXPECT_EQ(runtime->state(), RuntimeState::ready);
  EXPECT_EQ(server.count("initialize"), 1u);
}

TEST_F(RuntimeLoginTest, ALoginThatWorksAgainEndsThePause) {
  auto& server = add_server({"a"});
  server.status = 401;
  const auto runtime = settle(remote("web", server.url()));
  ASSERT_EQ(runtime->state(), RuntimeState::backing_off);
  expect_a_minute(*runtime);
  server.status = 200;
  runtime->try_again();
  wait_for(*runtime, RuntimeState::ready);
  runtime->try_again();
  EXPECT_TRUE(send(*runtime, tool_call("a")));
}

TEST_F(RuntimeLoginTest, AServerThatRefusesAPingForWantOfALoginIsLostAndComesBack) {
  auto& server = add_server({"a"});
  const auto runtime = connect(server);
  random_ = kNoDelay;
  server.status = 401;
  ASSERT_FALSE(send(*runtime, tool_call("a")));
  wait_for(*runtime, RuntimeState::backing_off);
  EXPECT_EQ(runtime->status().cause->code, ErrorCode::login_required);
  mcp::run_until(loop_, [&] { return runtime->status().restarts >= 8; });
  EXPECT_EQ(runtime->status().cause->code, ErrorCode::login_required);
  server.status = 200;
  wait_for(*runtime, RuntimeState::ready);
  EXPECT_THAT(states_, testing::Not(testing::Contains("failed")));
}

TEST_F(RuntimeLoginTest, WhereNobodyIsToLogInTheSettingIsNamed) {
  auto& server = add_server({"a"});
  server.status = 401;
  ServerSpec spec = remote("web", server.url());
  std::get<HttpSpec>(spec.transport).access.login = false;
  const auto runtime = settle(spec);
  ASSERT_TRUE(runtime->status().cause);
  EXPECT_EQ(runtime->status().cause->code, ErrorCode::login_required);
  EXPECT_THAT(runtime->status().cause->remedy,
              StartsWith("Take \"oauth\": false out of its entry and run: switchyard login web (or, where it takes a fixed token"));
  const auto answer = send(*runtime, tool_call("a"));
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().remedy, StartsWith("Take \"oauth\": false out of its entry"));
}

TEST_F(RuntimeLoginTest, AMissingLoginIsTriedAgainInAMinute) {
  auto& server = add_server();
  server.status = 401;
  const auto runtime = settle(remote("my web", server.url()));
  EXPECT_EQ(runtime->state(), RuntimeState::backing_off);
  EXPECT_EQ(runtime->status().cause->code, ErrorCode::login_required);
  const auto pause = *runtime->status().retry_at - std::chrono::system_clock::now();
  EXPECT_GT(pause, std::chrono::seconds(50));
  EXPECT_LE(pause, std::chrono::seconds(60));
  const auto answer = send(*runtime, tool_call("a"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::login_required);
  EXPECT_THAT(answer.error().remedy, StartsWith("Run: switchyard login 'my web' (or, "));
  EXPECT_THAT(runtime->status().cause->remedy, StartsWith("Run: switchyard login 'my web' (or, "));
}

TEST_F(RuntimeLoginTest, AHeaderThatIsRefusedIsNoLoginThatIsMissing) {
  auto& server = add_server();
  server.status = 401;
  ServerSpec spec = remote("web", server.url());
  std::get<HttpSpec>(spec.transport).headers = {{"Authorization", "Bearer sesame"}};
  const auto runtime = settle(std::move(spec));
  expect_a_minute(*runtime);
  const auto answer = send(*runtime, tool_call("a"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::credential_refused);
  EXPECT_THAT(answer.error().remedy, HasSubstr("renew it"));
}

TEST_F(RuntimeLoginTest, EveryReasonIsToldAsItIsAndTriedAgainInAMinute) {
  for (const auto code :
       {ErrorCode::reauthentication_required, ErrorCode::credential_refused, ErrorCode::authorization_unavailable}) {
    SCOPED_TRACE(mcp::to_string(code));
    const auto authorizer = std::make_shared<mcp::FakeAuthorizer>();
    authorizer->waits = true;
    authorizer->failure = mcp::Error{code, "the login at h is over", code == ErrorCode::credential_refused ? "Renew it." : ""};
    authorize_with(authorizer);
    auto& server = add_server({"a"});
    const auto runtime = settle(remote("web", server.url()));
    EXPECT_EQ(runtime->state(), RuntimeState::backing_off);
    EXPECT_EQ(runtime->status().cause->code, code);
    expect_a_minute(*runtime);
    const auto answer = send(*runtime, tool_call("a"));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, code);
    EXPECT_THAT(answer.error().message, HasSubstr("the login at h is over"));
    const bool dead = code == ErrorCode::reauthentication_required;
    EXPECT_EQ(answer.error().remedy, dead ? "Run: switchyard login web" : authorizer->failure->remedy);
    EXPECT_EQ(server.received.size(), 0U);
  }
}

TEST_F(RuntimeLoginTest, ALoginThatEndsWhileTheServerRunsIsToldToEveryCall) {
  const auto authorizer = std::make_shared<mcp::FakeAuthorizer>();
  authorize_with(authorizer);
  auto& server = add_server({"a"});
  const auto runtime = connect(server);
  authorizer->on_refused = [](const mcp::Authorizer::Refusal&) -> mcp::Result<> {
    return mcp::fail(ErrorCode::reauthentication_required, "the login at h is over");
  };
  server.status = 401;
  const auto first = send(*runtime, tool_call("a"));
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().code, ErrorCode::reauthentication_required);
  EXPECT_EQ(first.error().remedy, "Run: switchyard login web");
  wait_for(*runtime, RuntimeState::backing_off);
  expect_a_minute(*runtime);
  const auto second = send(*runtime, tool_call("a"));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::reauthentication_required);
  EXPECT_EQ(second.error().remedy, "Run: switchyard login web");
}

}  // namespace
}  // namespace gateway
