// HTTP+SSE as it should be.
#include "tests/mcp/transport/sse_client_test.h"

#include <future>

namespace mcp {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing::SizeIs;
using testing::StartsWith;
using Peer = ScriptedServer::Peer;

const std::string kProgress = R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}})";

TEST_F(SseClientTest, MessagesGoToTheEndpointAndAnswersComeOnTheStream) {
  FakeSseServer server;
  options_.headers = {{"Authorization", "Bearer x"}};
  connect(server);
  EXPECT_FALSE(sse_->connected());
  shake_hands(ProtocolVersion::v2024_11_05);
  EXPECT_TRUE(sse_->connected());
  ASSERT_TRUE(call(2));
  const auto gets = server.requests("GET");
  ASSERT_THAT(gets, SizeIs(1));
  EXPECT_THAT(gets[0], StartsWith("GET /mcp HTTP/1.1\r\n"));
  EXPECT_EQ(header_of(gets[0], "Accept"), "text/event-stream");
  EXPECT_EQ(header_of(gets[0], "Authorization"), "Bearer x");
  const auto posts = server.requests("POST");
  ASSERT_THAT(posts, SizeIs(3));
  for (const auto& post : posts) {
    EXPECT_THAT(post, StartsWith("POST /messages?session=s1 HTTP/1.1\r\n"));
    EXPECT_EQ(header_of(post, "Content-Type"), "application/json");
    EXPECT_EQ(header_of(post, "Authorization"), "Bearer x");
  }
  EXPECT_THAT(posts[0], HasSubstr("\"initialize\""));
  EXPECT_THAT(posts[1], HasSubstr("notifications/initialized"));
  EXPECT_EQ(header_of(posts[2], "MCP-Protocol-Version"), "2024-11-05");
  EXPECT_THAT(receiver_.closed, IsEmpty());
}

TEST_F(SseClientTest, TheEndpointIsARelativeReferenceOrAUrlOfTheSameOrigin) {
  const std::pair<std::string, std::string> cases[] = {
      {"/messages", "/messages"},
      {"messages/?session_id=1", "/messages/?session_id=1"},
      {"?s=2", "/mcp?s=2"},
      {"  /a/../b  ", "/b"},
      {"ORIGIN/x?y#z", "/x?y"},
      {"//HOST/x", "/x"},
  };
  for (const auto& [reference, target] : cases) {
    SCOPED_TRACE(reference);
    // The port is known only once the server is there.
    std::string origin;
    FakeMcpServer server([](Peer& peer, const std::string&) { return peer.send(http_answer(500, "", "")); },
                         [&](Peer& peer, const std::string& request) {
                           std::string text = reference;
                           const std::string host = header_of(request, "Host");
                           if (const auto at = text.find("ORIGIN"); at != std::string::npos) text.replace(at, 6, "http://" + host);
                           if (const auto at = text.find("HOST"); at != std::string::npos) text.replace(at, 4, host);
                           peer.send(kSseHead + endpoint_event(text));
                           peer.wait_for_end();
                           return false;
                         });
    connect_sse(server.wire().url());
    EXPECT_EQ(call(1, "initialize").error().code, ErrorCode::http_status);
    ASSERT_THAT(server.requests("POST"), SizeIs(1));
    EXPECT_THAT(server.requests("POST")[0], StartsWith("POST " + target + " HTTP/1.1\r\n"));
    close();
  }
}

TEST_F(SseClientTest, ReadsTheStreamInPiecesOfAnySize) {
  const std::string stream = ": hi\r\n\r\n" + event_text(kProgress) + "event: x\ndata: {}\n\n" + event_text(kPing, "e2") +
                             event_text("nonsense") + event_text(response_text(99)) + event_text(response_text(2, R"({"n":1.0})"));
  for (const std::size_t piece : {1UL, 2UL, 3UL, 7UL, 64UL, 0UL}) {
    SCOPED_TRACE(piece);
    FakeSseServer server;
    server.on_post = [&](Peer& peer, const std::string& request) {
      if (FakeSseServer::id_of(request) != 2) return server.respond(peer, request);
      server.say(stream, piece);
      return peer.send(http_answer(202, "", ""));
    };
    receiver_.messages.clear();
    connect(server);
    shake_hands();
    const auto response = call(2);
    ASSERT_TRUE(response) << response.error().text();
    EXPECT_EQ(response->text(), response_text(2, R"({"n":1.0})"));
    EXPECT_THAT(receiver_.messages, ElementsAre(Pair("notifications/progress", std::nullopt), Pair("ping", std::nullopt)));
    close();
  }
}

TEST_F(SseClientTest, AnswersComeToWhoAskedInAnyOrder) {
  constexpr int kCalls = 30;
  FakeSseServer server;
  std::atomic<int> calls = 0;
  server.on_post = [&](Peer& peer, const std::string& request) {
    if (!request.contains("tools/call")) return server.respond(peer, request);
    if (++calls == kCalls) {
      for (int id = kCalls + 1; id > 1; --id)
        server.say(event_text(response_text(id, std::to_string(id))));
    }
    return peer.send(http_answer(200, "text/plain", "ok"));
  };
  connect(server);
  shake_hands();
  std::vector<std::optional<Result<Message>>> answers(kCalls);
  for (int i = 0; i < kCalls; ++i)
    start_call(i + 2, answers[static_cast<std::size_t>(i)]);
  run_until([&] { return std::ranges::all_of(answers, [](const auto& answer) { return answer.has_value(); }); });
  for (int i = 0; i < kCalls; ++i) {
    const auto& answer = *answers[static_cast<std::size_t>(i)];
    ASSERT_TRUE(answer) << answer.error().text();
    EXPECT_EQ(answer->text(), response_text(i + 2, std::to_string(i + 2)));
  }
}

TEST_F(SseClientTest, AnAnswerMayComeBeforeThatToItsPost) {
  FakeSseServer server;
  std::promise<void> answered;
  server.on_post = [&](Peer& peer, const std::string& request) {
    if (FakeSseServer::id_of(request) != 2) return server.respond(peer, request);
    server.say(event_text(response_text(2)));
    answered.get_future().wait();
    return peer.send(http_answer(202, "", ""));
  };
  connect(server);
  shake_hands();
  EXPECT_TRUE(call(2));
  answered.set_value();
  EXPECT_TRUE(call(3));
}

TEST_F(SseClientTest, NothingOvertakesInitialized) {
  FakeSseServer server;
  std::promise<void> go;
  server.on_post = [&](Peer& peer, const std::string& request) {
    if (request.contains("notifications/initialized")) go.get_future().wait();
    return server.respond(peer, request);
  };
  connect(server);
  shake_hands();
  std::optional<Result<Message>> answer;
  start_call(2, answer);
  run_until([&] { return server.requests("POST").size() == 2; });
  loop_.restart();
  loop_.run_for(std::chrono::milliseconds(20));
  EXPECT_THAT(server.requests("POST"), SizeIs(2));
  go.set_value();
  run_until([&] { return answer.has_value(); });
  EXPECT_TRUE(*answer);
}

TEST_F(SseClientTest, NotificationsKeepTheirOrder) {
  FakeSseServer server;
  connect(server);
  notify("notifications/too-early");
  shake_hands();
  for (int i = 0; i < 20; ++i)
    notify("notifications/n" + std::to_string(i));
  run_until([&] { return server.requests("POST").size() == 22; });
  for (std::size_t i = 0; i < 20; ++i)
    EXPECT_THAT(server.requests("POST")[i + 2], HasSubstr("notifications/n" + std::to_string(i) + "\""));
}

TEST_F(SseClientTest, BatchesAreTakenApartWhereTheRevisionHasThem) {
  for (const auto version : {ProtocolVersion::v2025_03_26, ProtocolVersion::v2024_11_05}) {
    FakeSseServer server;
    server.on_post = [&](Peer& peer, const std::string& request) {
      if (!request.contains("tools/call")) return server.respond(peer, request);
      server.say(event_text("[" + kPing + "," + response_text(2) + "," + response_text(3) + "]"));
      return peer.send(http_answer(202, "", ""));
    };
    receiver_.messages.clear();
    connect(server);
    shake_hands(version);
    const auto answer = call(2);
    if (version == ProtocolVersion::v2025_03_26) {
      EXPECT_TRUE(answer);
      EXPECT_THAT(receiver_.messages, SizeIs(1));
    } else {
      EXPECT_THAT(answer.error().text(), HasSubstr("It is a batch"));
      EXPECT_THAT(receiver_.messages, IsEmpty());
    }
    close();
  }
}

TEST_F(SseClientTest, CloseEndsTheStreamAndWhatIsOpen) {
  FakeSseServer server;
  server.on_post = [&](Peer& peer, const std::string& request) {
    return request.contains("tools/call") ? peer.send(http_answer(202, "", "")) : server.respond(peer, request);
  };
  connect(server);
  shake_hands();
  std::optional<Result<Message>> answer;
  start_call(2, answer);
  run_until([&] { return server.requests("POST").size() == 3; });
  close();
  run_until([&] { return answer.has_value(); });
  EXPECT_EQ(answer->error().code, ErrorCode::shutting_down);
  run_until([&] { return !server.streaming(); });
  EXPECT_EQ(call(3).error().code, ErrorCode::shutting_down);
  EXPECT_THAT(receiver_.closed, IsEmpty());
  EXPECT_THAT(server.requests("DELETE"), IsEmpty());
}

TEST_F(SseClientTest, WhoLetsGoWithoutClosingLeavesNothing) {
  FakeSseServer server;
  connect(server);
  shake_hands();
  transport_.reset();
  sse_.reset();
  run_until([&] { return !server.streaming(); });
}

}  // namespace
}  // namespace mcp
