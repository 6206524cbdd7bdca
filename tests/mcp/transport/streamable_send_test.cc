// Messages that are no requests: what waits for what.
#include <future>

#include "mcp/transport/streamable_stream.h"
#include "tests/mcp/transport/streamable_client_test.h"

namespace mcp {
namespace {

using testing::HasSubstr;
using testing::SizeIs;
using Peer = ScriptedServer::Peer;
using std::chrono::milliseconds;

/// A server that does not answer the POST of what contains `held` until it is let go.
class SlowServer {
 public:
  explicit SlowServer(std::string held) : held_(std::move(held)) {}

  bool play(Peer& peer, const std::string& request) {
    if (request.contains(held_)) gone_.wait();
    return peer.send(http_answer(202, "", ""));
  }

  FakeMcpServer::Handler handler() {
    return [this](Peer& peer, const std::string& request) { return play(peer, request); };
  }

  void let_go() { go_.set_value(); }

 private:
  std::string held_;
  std::promise<void> go_;
  std::shared_future<void> gone_ = go_.get_future().share();
};

class StreamableSendTest : public StreamableClientTest {
 protected:
  void notify(const std::string& method) { transport_->send(Message::notification(method, {})); }

  void run_until_posts(const FakeMcpServer& server, std::size_t count) {
    run_until([&] { return server.requests("POST").size() >= count; });
  }
};

TEST_F(StreamableSendTest, WhatConcernsOneRequestOvertakesWhatIsHeld) {
  SlowServer slow("notifications/slow");
  FakeMcpServer server(slow.handler());
  connect(server);
  notify("notifications/slow");
  notify("notifications/behind");
  run_until_posts(server, 1);
  notify("notifications/cancelled");
  transport_->send(Message::result("9", "{}"));
  run_until_posts(server, 3);
  const auto posts = server.requests("POST");
  ASSERT_THAT(posts, SizeIs(3));
  EXPECT_THAT(posts[1] + posts[2], HasSubstr("notifications/cancelled"));
  EXPECT_THAT(posts[1] + posts[2], HasSubstr("\"result\""));
  slow.let_go();
  run_until_posts(server, 4);
  EXPECT_THAT(server.requests("POST")[3], HasSubstr("notifications/behind"));
}

TEST_F(StreamableSendTest, OnlySoManyAreOnTheirWayAtOnce) {
  SlowServer slow("notifications/cancelled");
  FakeMcpServer server(slow.handler());
  connect(server);
  for (int i = 0; i < 20; ++i)
    notify("notifications/cancelled");
  run_until_posts(server, 8);
  loop_.restart();
  loop_.run_for(milliseconds(20));
  EXPECT_THAT(server.requests("POST"), SizeIs(8));
  slow.let_go();
  run_until_posts(server, 20);
}

TEST_F(StreamableSendTest, NothingOvertakesInitialized) {
  SlowServer slow("notifications/initialized");
  FakeMcpServer server(slow.handler());
  connect(server);
  notify("notifications/initialized");
  for (int i = 0; i < 10; ++i)
    transport_->send(Message::result("9", "{}"));
  notify("notifications/cancelled");
  run_until_posts(server, 1);
  loop_.restart();
  loop_.run_for(milliseconds(20));
  ASSERT_THAT(server.requests("POST"), SizeIs(1));
  EXPECT_THAT(server.requests("POST")[0], HasSubstr("notifications/initialized"));
  slow.let_go();
  run_until_posts(server, 12);
}

TEST_F(StreamableSendTest, CloseDropsWhatWaits) {
  SlowServer slow("notifications/");
  FakeMcpServer server(slow.handler());
  connect(server);
  for (int i = 0; i < 20; ++i)
    notify(i % 2 == 0 ? "notifications/cancelled" : "notifications/other");
  run_until_posts(server, 9);
  close();
  slow.let_go();
  loop_.restart();
  loop_.run_for(milliseconds(20));
  EXPECT_THAT(server.requests("POST"), SizeIs(9));
}

TEST(StreamableDelayTest, TheServersRetryIsHonoured) {
  EXPECT_EQ(first_delay(std::nullopt), milliseconds(1000));
  EXPECT_EQ(first_delay(0), milliseconds(100));
  EXPECT_EQ(first_delay(60'000), milliseconds(60'000));
  EXPECT_EQ(first_delay(3'600'000), milliseconds(300'000)) << "within reason";
}

TEST(StreamableDelayTest, FailuresMakeTheWaitLongerNeverShorter) {
  EXPECT_EQ(next_delay(milliseconds(1000), std::nullopt), milliseconds(2000));
  EXPECT_EQ(next_delay(milliseconds(20'000), std::nullopt), milliseconds(30'000));
  EXPECT_EQ(next_delay(milliseconds(60'000), 60'000), milliseconds(60'000));
  EXPECT_EQ(next_delay(milliseconds(1000), 5000), milliseconds(5000));
}

}  // namespace
}  // namespace mcp
