// Control traffic where all connections are in use.
#include <future>
#include <gmock/gmock.h>
#include <optional>
#include <vector>

#include "mcp/http/client_pool.h"
#include "tests/mcp/http/http_client_test.h"

namespace mcp {
namespace {

using testing::HasSubstr;
using Outcome = std::optional<Result<int>>;

Task<Result<int>> status_of(HttpClient& client, std::string body, bool control, Cancellation& cancellation) {
  HttpClientRequest request{.method = "POST", .body = body, .control = control};
  auto response = co_await client.send(request, cancellation);
  if (!response) co_return std::unexpected(response.error());
  auto text = co_await (*response)->read_all(cancellation);
  if (!text) co_return std::unexpected(text.error());
  co_return (*response)->status();
}

class HttpClientControlTest : public HttpClientTest {
 protected:
  void spawn(HttpClient& client, std::string body, bool control, Cancellation& cancellation, Outcome& out) {
    spawn_task(loop_, status_of(client, std::move(body), control, cancellation), out);
  }

  void wait_for(const Outcome& outcome) {
    run_until(loop_, [&] { return outcome.has_value(); });
  }
};

TEST_F(HttpClientControlTest, DoesNotWaitBehindCalls) {
  options_.max_connections = 1;
  std::promise<void> held, go;
  ScriptedServer server([&](ScriptedServer::Peer& peer) {
    for (;;) {
      const auto request = peer.request();
      if (request.empty()) return;
      if (request.ends_with("hold")) {
        held.set_value();
        go.get_future().wait();
      }
      peer.send(http_answer(200, "", ""));
    }
  });
  auto http = client(server.url());
  Outcome holding, waiting, control;
  spawn(*http, "hold", false, cancellation_, holding);
  spawn(*http, "call", false, cancellation_, waiting);
  spawn(*http, "ping", true, cancellation_, control);
  wait_for(control);
  EXPECT_TRUE(*control);
  EXPECT_FALSE(holding);
  EXPECT_FALSE(waiting) << "a connection beyond the limit is for control traffic";
  held.get_future().wait();
  go.set_value();
  wait_for(waiting);
  EXPECT_TRUE(*waiting);
  EXPECT_TRUE(*holding);
  // What was opened beyond the limit is closed again, and the limit holds.
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(HttpClientControlTest, GoesFirstWhereItHasToWait) {
  options_.max_connections = 1;
  std::promise<void> go;
  const auto gone = go.get_future().share();
  ScriptedServer server([&](ScriptedServer::Peer& peer) {
    for (;;) {
      const auto request = peer.request();
      if (request.empty()) return;
      if (request.ends_with("hold")) gone.wait();
      if (request.ends_with("stay")) {
        peer.wait_for_end();
        return;
      }
      peer.send(http_answer(200, "", ""));
    }
  });
  auto http = client(server.url());
  Outcome first, call, control;
  std::vector<Outcome> extra(ClientPool::kReserved);
  Cancellation staying;
  spawn(*http, "hold", false, cancellation_, first);
  for (auto& each : extra)
    spawn(*http, "stay", true, staying, each);
  spawn(*http, "call", false, cancellation_, call);
  spawn(*http, "ping", true, cancellation_, control);
  loop_.poll();
  EXPECT_FALSE(control);
  go.set_value();
  wait_for(control);
  EXPECT_TRUE(*control);
  EXPECT_FALSE(call);
  staying.request({ErrorCode::cancelled, "enough"});
  wait_for(call);
  EXPECT_TRUE(*call) << call->error().text();
  for (auto& each : extra)
    wait_for(each);
}

TEST_F(HttpClientControlTest, NoTurnIsNotTheServersFault) {
  options_.max_connections = 1;
  ScriptedServer server([](ScriptedServer::Peer& peer) { peer.wait_for_end(); });
  auto http = client(server.url());
  std::vector<Outcome> open(1 + ClientPool::kReserved);
  Cancellation impatient;
  for (auto& each : open)
    spawn(*http, "stay", true, cancellation_, each);
  Outcome control, late;
  spawn(*http, "ping", true, impatient, control);
  spawn(*http, "ping", true, cancellation_, late);
  loop_.poll();
  impatient.request({ErrorCode::connect_failed, "the server takes no connections"});
  wait_for(control);
  ASSERT_FALSE(*control);
  EXPECT_EQ(control->error().code, ErrorCode::overloaded);
  EXPECT_THAT(control->error().message, HasSubstr("are in use"));
  http->close();
  wait_for(late);
  ASSERT_FALSE(*late);
  EXPECT_EQ(late->error().code, ErrorCode::shutting_down);
  for (auto& each : open)
    wait_for(each);
}

}  // namespace
}  // namespace mcp
