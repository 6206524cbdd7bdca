#include <atomic>
#include <future>

#include "tests/mcp/transport/streamable_client_test.h"

namespace mcp {
namespace {

using testing::HasSubstr;
using Peer = ScriptedServer::Peer;
using StreamableStreamsTest = StreamableClientTest;
using Clock = std::chrono::steady_clock;

const std::string kChanged = R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})";
const std::string kLog = R"({"jsonrpc":"2.0","method":"notifications/message","params":{}})";

bool hand_shake(Peer& peer, const std::string& request) {
  if (request.contains("\"initialize\"")) {
    return peer.send(http_answer(200, "application/json", response_text(1), "Mcp-Session-Id: s\r\n"));
  }
  return peer.send(http_answer(202, "", ""));
}

std::string chunk(const std::string& text) {
  auto out = chunked_answer(200, "", text, text.size());
  out = out.substr(out.find("\r\n\r\n") + 4);
  return out.substr(0, out.size() - 5);
}

const std::string kChunkedHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST_F(StreamableStreamsTest, AnAnswerIsResumedBehindItsLastEvent) {
  for (const bool broken : {false, true}) {
    SCOPED_TRACE(broken);
    std::atomic<int> gets = 0;
    Clock::time_point ended;
    Clock::time_point resumed;
    FakeMcpServer server(
        [&](Peer& peer, const std::string&) {
          ended = Clock::now();  // the client's wait cannot begin before
          peer.send(kChunkedHead + chunk("id: p1\nretry: 150\ndata:\n\n" + event_text(kLog, "p2")));
          if (!broken) peer.send("0\r\n\r\n");
          return false;
        },
        [&](Peer& peer, const std::string&) {
          if (gets++ == 0) {
            resumed = Clock::now();
            // One more round, which brings an event without an id: the position stays.
            return peer.send(http_answer(200, "text/event-stream", event_text(kLog)));
          }
          return peer.send(http_answer(200, "text/event-stream", event_text(response_text(2), "p9")));
        });
    receiver_.messages.clear();
    connect(server);
    const auto response = call(2);
    ASSERT_TRUE(response) << response.error().text();
    EXPECT_EQ(response->id(), "2");
    EXPECT_EQ(receiver_.messages.size(), 2U);
    for (const auto& [method, related] : receiver_.messages)
      EXPECT_EQ(related, 2U);
    const auto asked = server.requests("GET");
    ASSERT_EQ(asked.size(), 2U);
    for (const auto& get : asked) {
      EXPECT_EQ(header_of(get, "Last-Event-ID"), "p2");
      EXPECT_EQ(header_of(get, "Accept"), "text/event-stream");
    }
    EXPECT_GE(resumed - ended, std::chrono::milliseconds(150));
    EXPECT_EQ(server.requests("POST").size(), 1U);
    close();
  }
}

TEST_F(StreamableStreamsTest, ResumingEndsAfterSomeTries) {
  FakeMcpServer server(
      [](Peer& peer, const std::string&) { return peer.send(http_answer(200, "text/event-stream", "id: 1\nretry: 1\ndata:\n\n")); },
      [](Peer& peer, const std::string&) { return peer.send(http_answer(503, "", "")); });
  connect(server);
  const auto response = call(2);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::connection_lost);
  EXPECT_THAT(response.error().text(), HasSubstr("may or may not have run"));
  EXPECT_EQ(server.requests("GET").size(), 5U);
}

TEST_F(StreamableStreamsTest, WhatCannotBeResumedFailsAtOnce) {
  const std::pair<int, ErrorCode> cases[] = {{405, ErrorCode::connection_lost},
                                             {400, ErrorCode::connection_lost},
                                             {401, ErrorCode::login_required},
                                             {404, ErrorCode::session_lost}};
  for (const auto& [status, code] : cases) {
    SCOPED_TRACE(status);
    FakeMcpServer server(
        [](Peer& peer, const std::string& request) {
          if (request.contains("\"initialize\"")) return hand_shake(peer, request);
          return peer.send(http_answer(200, "text/event-stream", "id: 1\nretry: 1\ndata:\n\n"));
        },
        [answer_status = status](Peer& peer, const std::string&) { return peer.send(http_answer(answer_status, "", "")); });
    receiver_.closed.clear();
    connect(server);
    ASSERT_TRUE(call(1, "initialize"));
    const auto response = call(2);
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, code);
    EXPECT_EQ(receiver_.closed.size(), code == ErrorCode::session_lost ? 1U : 0U);
    EXPECT_EQ(server.requests("GET").size(), 1U);
    close();
  }
}

TEST_F(StreamableStreamsTest, AnIdThatFitsNoHeaderIsNone) {
  FakeMcpServer server([](Peer& peer, const std::string&) {
    return peer.send(http_answer(200,
                                 "text/event-stream",
                                 "id: a\x01"
                                 "b\ndata:\n\n"));
  });
  connect(server);
  const auto response = call(2);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::not_mcp);
  EXPECT_TRUE(server.requests("GET").empty());
}

TEST_F(StreamableStreamsTest, CancellationEndsTheWaitBeforeResuming) {
  FakeMcpServer server([&](Peer& peer, const std::string&) {
    peer.send(http_answer(200, "text/event-stream", "id: 1\nretry: 30000\ndata:\n\n" + event_text(kLog)));
    return true;
  });
  connect(server);
  receiver_.on_each = [&] { boost::asio::post(loop_, [&] { cancellation_.request({ErrorCode::cancelled, "gone"}); }); };
  const auto response = call(2);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::cancelled);
}

TEST_F(StreamableStreamsTest, TheStandingStreamDeliversAndIsReopened) {
  std::atomic<int> gets = 0;
  FakeMcpServer server(hand_shake, [&](Peer& peer, const std::string&) {
    if (gets++ == 0) {
      return peer.send(http_answer(200, "text/event-stream", "retry: 100\n\n" + event_text(kChanged, "g1")));
    }
    peer.send(kSseHead + event_text(kLog) + event_text("no message") + event_text(response_text(5)) + event_text(kChanged, "g2"));
    peer.wait_for_end();
    return false;
  });
  connect(server);
  shake_hands();
  run_until([&] { return receiver_.messages.size() == 3; });
  EXPECT_EQ(receiver_.messages[0].first, "notifications/tools/list_changed");
  EXPECT_EQ(receiver_.messages[1].first, "notifications/message");
  EXPECT_EQ(receiver_.messages[2].first, "notifications/tools/list_changed");
  for (const auto& [method, related] : receiver_.messages)
    EXPECT_FALSE(related.has_value());
  const auto asked = server.requests("GET");
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_EQ(header_of(asked[0], "Last-Event-ID"), "");
  EXPECT_EQ(header_of(asked[1], "Last-Event-ID"), "g1");
  EXPECT_TRUE(receiver_.closed.empty());
  EXPECT_TRUE(receiver_.missed.empty());
}

TEST_F(StreamableStreamsTest, TheStandingStreamsTroubleIsNotTheConnections) {
  std::atomic<int> gets = 0;
  FakeMcpServer server(
      [](Peer& peer, const std::string& request) {
        if (request.contains("tools/call")) return peer.send(http_answer(200, "application/json", response_text(2)));
        return hand_shake(peer, request);
      },
      [&](Peer& peer, const std::string&) {
        if (gets++ == 0) return false;
        return peer.send(http_answer(405, "", ""));
      });
  connect(server);
  shake_hands();
  run_until([&] { return gets == 2; });
  EXPECT_TRUE(call(2));
  EXPECT_TRUE(receiver_.closed.empty());
  EXPECT_TRUE(receiver_.missed.empty());
}

TEST_F(StreamableStreamsTest, AServerThatHeldAStreamAndTakesNoConnectionsIsMissed) {
  std::promise<void> opened;
  auto server = std::make_unique<FakeMcpServer>(hand_shake, [&](Peer& peer, const std::string&) {
    peer.send(kSseHead + std::string("retry: 100\n\n"));
    opened.set_value();
    peer.wait_for_end();
    return false;
  });
  connect(*server);
  shake_hands();
  auto standing = opened.get_future();
  run_until([&] { return standing.wait_for(std::chrono::seconds(0)) == std::future_status::ready; });
  server.reset();
  run_until([&] { return receiver_.missed.size() == 2; });
  EXPECT_EQ(receiver_.missed[0].code, ErrorCode::connect_failed);
  EXPECT_TRUE(receiver_.closed.empty());
}

TEST_F(StreamableStreamsTest, AStandingStreamThatLostItsSessionEndsTheTransport) {
  std::atomic<int> gets = 0;
  FakeMcpServer server(hand_shake, [&](Peer& peer, const std::string&) {
    if (gets++ == 0) return peer.send(http_answer(200, "text/event-stream", "retry: 100\n\n"));
    return peer.send(http_answer(404, "", ""));
  });
  connect(server);
  shake_hands();
  run_until([&] { return !receiver_.closed.empty(); });
  EXPECT_EQ(receiver_.closed[0].code, ErrorCode::session_lost);
  EXPECT_EQ(call(2).error().code, ErrorCode::session_lost);
  EXPECT_EQ(receiver_.closed.size(), 1U);
}

TEST_F(StreamableStreamsTest, AServerThatDoesNotKnowStandingStreamsKeepsItsSession) {
  std::promise<void> asked;
  FakeMcpServer server(
      [](Peer& peer, const std::string& request) {
        if (request.contains("tools/call")) return peer.send(http_answer(200, "application/json", response_text(2)));
        return hand_shake(peer, request);
      },
      [&](Peer& peer, const std::string&) {
        const bool sent = peer.send(http_answer(404, "text/html", "Cannot GET /mcp"));
        asked.set_value();
        return sent;
      });
  connect(server);
  shake_hands();
  auto answered = asked.get_future();
  run_until([&] { return answered.wait_for(std::chrono::seconds(0)) == std::future_status::ready; });
  EXPECT_TRUE(call(2));
  EXPECT_TRUE(receiver_.closed.empty());
  EXPECT_EQ(server.requests("GET").size(), 1U);
}

TEST_F(StreamableStreamsTest, OldRevisionsHaveNoStandingStream) {
  FakeMcpServer server([](Peer& peer, const std::string& request) {
    if (request.contains("tools/call")) return peer.send(http_answer(200, "application/json", response_text(2)));
    return hand_shake(peer, request);
  });
  connect(server);
  shake_hands(ProtocolVersion::v2024_11_05);
  ASSERT_TRUE(call(2));
  loop_.poll();
  EXPECT_TRUE(server.requests("GET").empty());
}

TEST_F(StreamableStreamsTest, CloseEndsTheStandingStream) {
  std::promise<void> opened, ended;
  FakeMcpServer server(hand_shake, [&](Peer& peer, const std::string&) {
    peer.send(kSseHead);
    opened.set_value();
    peer.wait_for_end();
    ended.set_value();
    return false;
  });
  connect(server);
  shake_hands();
  auto standing = opened.get_future();
  run_until([&] { return standing.wait_for(std::chrono::seconds(0)) == std::future_status::ready; });
  close();
  transport_.reset();
  loop_.restart();
  loop_.run();  // nothing is left that would keep it
  ended.get_future().wait();
  EXPECT_TRUE(receiver_.closed.empty());
}

}  // namespace
}  // namespace mcp
