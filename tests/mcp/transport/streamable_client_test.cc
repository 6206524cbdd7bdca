#include "tests/mcp/transport/streamable_client_test.h"

#include <atomic>
#include <future>

namespace mcp {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using Peer = ScriptedServer::Peer;

const std::string kProgress = R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}})";

/// Answers initialize with a session, notifications with 202, and everything else with `answer`.
FakeMcpServer::Handler with_session(std::function<std::string(const std::string&)> answer) {
  return [answer = std::move(answer)](Peer& peer, const std::string& request) {
    if (request.contains("\"initialize\""))
      return peer.send(http_answer(200, kJson, response_text(1), "Mcp-Session-Id: abc-1\r\n"));
    if (request.contains("notifications/")) return peer.send(http_answer(202, "", ""));
    return peer.send(answer(request));
  };
}

struct AnswerCase {
  std::string name;
  std::string wire;
  std::vector<std::string> messages;
};

std::vector<AnswerCase> answers() {
  const auto response = response_text(7, R"({"content":[],"n":1.0e2})");
  const auto stream = ": hi\n\n" + event_text(kProgress) + event_text(kPing, "e2") + event_text(response);
  const std::vector<std::string> both = {"notifications/progress", "ping"};
  const std::string pretty = "{\n  \"jsonrpc\": \"2.0\",\r\n  \"id\": 7,\n  \"result\": {}\n}";
  return {
      {"JSON", http_answer(200, kJson, response), {}},
      {"JSON with parameters", http_answer(200, "Application/JSON; charset=utf-8", response), {}},
      {"JSON in chunks", chunked_answer(200, kJson, response, 10), {}},
      {"JSON until the end", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + response, {}},
      {"JSON on many lines", http_answer(200, kJson, pretty), {}},
      {"stream in chunks", chunked_answer(200, kSse, stream, 1000), both},
      {"stream in small chunks", chunked_answer(200, "text/event-stream; charset=utf-8", stream, 3), both},
      {"stream with a length", http_answer(200, kSse, stream), both},
      {"stream until the end", kSseHead + stream, both},
      {"stream with CRLF", http_answer(200, kSse, "event: message\r\ndata: " + response + "\r\n\r\n"), {}},
      {"several data lines", http_answer(200, kSse, "data: {\"jsonrpc\":\"2.0\",\ndata: \"id\":7,\"result\":{}}\n\n"), {}},
      {"other events and empty data", http_answer(200, kSse, "event: x\ndata: {\n\ndata:\n\n" + event_text(response)), {}},
      {"an error", http_answer(200, kJson, R"({"jsonrpc":"2.0","id":7,"error":{"code":-32602,"message":"no"}})"), {}},
      {"our own error with a status",
       http_answer(404, kJson, R"({"jsonrpc":"2.0","id":7,"error":{"code":-32601,"message":"no such method"}})"),
       {}},
      {"a stream that goes on after the response", kSseHead + stream + event_text(kPing), both},
  };
}

TEST_F(StreamableClientTest, ReadsAnswersInPiecesOfAnySize) {
  for (const auto& [name, wire, messages] : answers()) {
    for (const std::size_t piece : {1UL, 2UL, 3UL, 7UL, 64UL, 0UL}) {
      SCOPED_TRACE(name + " in pieces of " + std::to_string(piece));
      FakeMcpServer server([&](Peer& peer, const std::string&) {
        peer.send(wire, piece);
        return false;
      });
      receiver_.messages.clear();
      connect(server);
      const auto response = call(7);
      ASSERT_TRUE(response) << response.error().text();
      EXPECT_EQ(response->id(), "7");
      std::vector<std::string> methods;
      for (const auto& [method, related] : receiver_.messages) {
        methods.push_back(method);
        EXPECT_EQ(related, 7U);
      }
      EXPECT_EQ(methods, messages);
      EXPECT_TRUE(receiver_.closed.empty());
      close();
    }
  }
}

struct FailureCase {
  std::string name;
  std::string wire;
  ErrorCode code;
  std::string text;
};

std::vector<FailureCase> failures() {
  const std::string foreign = R"({"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"No valid session"}})";
  return {
      {"login",
       http_answer(401, "", "", "WWW-Authenticate: Bearer resource_metadata=\"x\"\r\n"),
       ErrorCode::login_required,
       "login"},
      {"status", http_answer(500, "text/plain", "out of\r\ncheese"), ErrorCode::http_status, "HTTP 500: out of  cheese"},
      {"status with a foreign error", http_answer(400, kJson, foreign), ErrorCode::http_status, "No valid session"},
      {"status with bytes", http_answer(503, "image/png", "PNG"), ErrorCode::http_status, "HTTP 503."},
      {"not found without a session", http_answer(404, "text/html", "<html>"), ErrorCode::http_status, "HTTP 404"},
      {"redirect",
       http_answer(308, "", "", "Location: https://else.example/mcp\r\n"),
       ErrorCode::http_status,
       "set \"url\" to https://else.example/mcp"},
      {"redirect within the server",
       http_answer(302, "", "", "Location: /other?api_key=sk-abc#x\r\n"),
       ErrorCode::http_status,
       "/other and the query it needs."},
      {"redirect to nowhere", http_answer(302, "", ""), ErrorCode::http_status, "redirects"},
      {"HTML", http_answer(200, "text/html", "<html>"), ErrorCode::not_mcp, "text/html"},
      {"nothing", http_answer(202, "", ""), ErrorCode::not_mcp, "nothing (HTTP 202)"},
      {"no JSON", http_answer(200, kJson, "<html>"), ErrorCode::not_mcp, "<html>"},
      {"no message", http_answer(200, kJson, "{\"a\":1}"), ErrorCode::not_mcp, "{\"a\":1}"},
      {"a batch", http_answer(200, kJson, "[" + response_text(7) + "]"), ErrorCode::not_mcp, "no MCP message"},
      {"a foreign id", http_answer(200, kJson, response_text(8)), ErrorCode::not_mcp, "the id 8"},
      {"an id of another type", http_answer(200, kJson, R"({"jsonrpc":"2.0","id":"7","result":{}})"), ErrorCode::not_mcp, "\"7\""},
      {"a request", http_answer(200, kJson, kPing), ErrorCode::not_mcp, "no response"},
      {"a foreign id in a stream", http_answer(200, kSse, event_text(response_text(8))), ErrorCode::not_mcp, "the id 8"},
      {"no message in a stream", http_answer(200, kSse, event_text("{")), ErrorCode::not_mcp, "ended without the response"},
      {"no message as answer in a stream", http_answer(200, kSse, event_text(R"({"id":7,)")), ErrorCode::not_mcp, "no MCP message"},
      {"a stream without the response",
       http_answer(200, kSse, event_text(kProgress)),
       ErrorCode::not_mcp,
       "may or may not have run"},
      {"a broken stream",
       "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 999\r\n\r\n" + event_text(kProgress),
       ErrorCode::connection_lost,
       "may or may not have run"},
      {"nothing at all", "", ErrorCode::connection_lost, "may or may not"},
      {"too large", http_answer(200, kJson, response_text(7, "\"" + std::string(2000, 'x') + "\"")), ErrorCode::too_large, "1000"},
      {"too large, in chunks",
       chunked_answer(200, kJson, response_text(7, "\"" + std::string(2000, 'x') + "\""), 100),
       ErrorCode::too_large,
       "1000"},
      {"too large, in a stream",
       http_answer(200, kSse, event_text(response_text(7, "\"" + std::string(2000, 'x') + "\""))),
       ErrorCode::too_large,
       "1000"},
      {"endless event", http_answer(200, kSse, "data: " + std::string(9000, 'x')), ErrorCode::too_large, "event"},
  };
}

TEST_F(StreamableClientTest, FailuresAreNamed) {
  options_.max_message = 1000;
  for (const auto& [name, wire, code, text] : failures()) {
    SCOPED_TRACE(name);
    FakeMcpServer server([&](Peer& peer, const std::string&) {
      peer.send(wire);
      return false;
    });
    connect(server);
    const auto response = call(7);
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, code) << response.error().text();
    EXPECT_THAT(response.error().text(), HasSubstr(text));
    EXPECT_EQ(server.requests("POST").size(), 1U);
    EXPECT_TRUE(receiver_.closed.empty());
    close();
  }
}

TEST_F(StreamableClientTest, ALoginChallengeIsHandedOn) {
  FakeMcpServer server([](Peer& peer, const std::string&) {
    return peer.send(http_answer(401, "", "", "WWW-Authenticate: Bearer resource_metadata=\"https://x/y\"\r\n"));
  });
  connect(server);
  EXPECT_EQ(call(7).error().data, R"({"www_authenticate":"Bearer resource_metadata=\"https://x/y\""})");
}

TEST_F(StreamableClientTest, SendsWhatTheTransportPrescribes) {
  options_.headers = {{"Authorization", "Bearer token"}};
  FakeMcpServer server(with_session([](const std::string&) { return http_answer(200, kJson, response_text(2)); }));
  connect(server);
  shake_hands();
  ASSERT_TRUE(call(2));
  run_until([&] { return !server.requests("GET").empty(); });
  close();

  EXPECT_THAT(server.requests("").at(1), HasSubstr("notifications/initialized")) << "nothing may overtake it";
  const auto posts = server.requests("POST");
  ASSERT_EQ(posts.size(), 3U);
  for (const auto& post : posts) {
    EXPECT_EQ(header_of(post, "Content-Type"), "application/json");
    EXPECT_EQ(header_of(post, "Accept"), "application/json, text/event-stream");
    EXPECT_EQ(header_of(post, "Authorization"), "Bearer token");
  }
  EXPECT_EQ(header_of(posts[0], "Mcp-Session-Id"), "");
  EXPECT_EQ(header_of(posts[0], "MCP-Protocol-Version"), "");
  EXPECT_THAT(posts[0], HasSubstr("\r\n\r\n{\"jsonrpc\":\"2.0\",\"id\":1,"));
  EXPECT_THAT(posts[1], HasSubstr("notifications/initialized"));
  EXPECT_THAT(posts[2], HasSubstr("tools/call"));
  auto later = server.requests("GET");
  for (const auto& each : {posts[1], posts[2], server.requests("DELETE").at(0)})
    later.push_back(each);
  for (const auto& each : later) {
    EXPECT_EQ(header_of(each, "Mcp-Session-Id"), "abc-1");
    EXPECT_EQ(header_of(each, "MCP-Protocol-Version"), "2025-11-25");
    EXPECT_EQ(header_of(each, "Authorization"), "Bearer token");
  }
  EXPECT_EQ(header_of(later[0], "Accept"), "text/event-stream");
  EXPECT_EQ(server.requests("GET").size(), 1U) << "405 means there is no such stream";
}

TEST_F(StreamableClientTest, RefusesSessionIdsThatNoServerMayGive) {
  for (const std::string& id : {std::string("a b"), std::string("\xC3\xA9"), std::string(1025, 'x')}) {
    FakeMcpServer server([&](Peer& peer, const std::string&) {
      return peer.send(http_answer(200, kJson, response_text(1), "Mcp-Session-Id: " + id + "\r\n"));
    });
    connect(server);
    const auto response = call(1, "initialize");
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, ErrorCode::not_mcp);
    close();
    EXPECT_TRUE(server.requests("DELETE").empty());
  }
}

TEST_F(StreamableClientTest, RequestsWaitUntilInitializedHasArrived) {
  std::promise<void> asked, go;
  FakeMcpServer server([&](Peer& peer, const std::string& request) {
    if (request.contains("notifications/initialized")) {
      asked.set_value();
      go.get_future().wait();
      return peer.send(http_answer(202, "", ""));
    }
    return peer.send(http_answer(200, kJson, response_text(request.contains("\"id\":1,") ? 1 : 2)));
  });
  connect(server);
  ASSERT_TRUE(call(1, "initialize"));
  transport_->send(Message::notification("notifications/initialized", {}));
  std::optional<Result<Message>> answer;
  start_call(2, answer);
  auto arrived = asked.get_future();
  run_until([&] { return arrived.wait_for(std::chrono::seconds(0)) == std::future_status::ready; });
  loop_.poll();
  EXPECT_EQ(server.requests("POST").size(), 2U);
  go.set_value();
  run_until([&] { return answer.has_value(); });
  EXPECT_TRUE(*answer);
}

TEST_F(StreamableClientTest, NotificationsKeepTheirOrder) {
  std::atomic<int> count = 0;
  FakeMcpServer server([&](Peer& peer, const std::string&) {
    // Whatever the server says to a notification, the next one follows.
    constexpr int kStatuses[] = {202, 200, 204, 500};
    const int status = kStatuses[count++ % 4];
    return peer.send(status == 204 ? "HTTP/1.1 204 No Content\r\n\r\n" : http_answer(status, "", ""));
  });
  connect(server);
  for (int i = 0; i < 20; ++i)
    transport_->send(Message::notification("notifications/n" + std::to_string(i), {}));
  run_until([&] { return server.requests("POST").size() == 20; });
  const auto posts = server.requests("POST");
  for (std::size_t i = 0; i < posts.size(); ++i)
    EXPECT_THAT(posts[i], HasSubstr("notifications/n" + std::to_string(i) + "\""));
  EXPECT_TRUE(receiver_.closed.empty());
}

TEST_F(StreamableClientTest, ALostSessionEndsTheTransportOnce) {
  std::promise<void> first_is_here;
  FakeMcpServer server([&](Peer& peer, const std::string& request) {
    if (request.contains("\"initialize\"")) return peer.send(http_answer(200, kJson, response_text(1), "Mcp-Session-Id: s\r\n"));
    if (request.contains("\"id\":2,")) {
      first_is_here.set_value();
      peer.wait_for_end();
      return false;
    }
    return peer.send(http_answer(404, kJson, R"({"jsonrpc":"2.0","id":3,"error":{"code":-32001,"message":"Session not found"}})"));
  });
  connect(server);
  ASSERT_TRUE(call(1, "initialize"));
  std::optional<Result<Message>> open, refused;
  start_call(2, open);
  auto here = first_is_here.get_future();
  run_until([&] { return here.wait_for(std::chrono::seconds(0)) == std::future_status::ready; });
  start_call(3, refused);
  run_until([&] { return open.has_value() && refused.has_value(); });
  EXPECT_EQ(refused->error().code, ErrorCode::session_lost);
  EXPECT_EQ(open->error().code, ErrorCode::session_lost);
  EXPECT_EQ(call(4).error().code, ErrorCode::session_lost);
  ASSERT_EQ(receiver_.closed.size(), 1U);
  EXPECT_EQ(receiver_.closed[0].code, ErrorCode::session_lost);
  close();
  EXPECT_TRUE(server.requests("DELETE").empty());
}

TEST_F(StreamableClientTest, CancellationEndsACallAnywhere) {
  const std::string beginnings[] = {"",
                                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{",
                                    kSseHead + event_text(kProgress),
                                    kSseHead + event_text(kProgress, "1")};
  for (const auto& beginning : beginnings) {
    SCOPED_TRACE(beginning);
    Cancellation cancellation;
    FakeMcpServer server([&](Peer& peer, const std::string&) {
      peer.send(beginning);
      boost::asio::post(loop_, [&] { cancellation.request({ErrorCode::timeout, "too slow"}); });
      peer.wait_for_end();
      return false;
    });
    connect(server);
    const auto response = call(7, "tools/call", cancellation);
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().message, "too slow");
    close();
  }
}

TEST_F(StreamableClientTest, CloseFailsOpenCallsAndEndsTheSession) {
  std::promise<void> here;
  FakeMcpServer server([&](Peer& peer, const std::string& request) {
    if (request.contains("\"initialize\"")) return peer.send(http_answer(200, kJson, response_text(1), "Mcp-Session-Id: s\r\n"));
    peer.send(kSseHead + event_text(kProgress, "1"));
    here.set_value();
    peer.wait_for_end();
    return false;
  });
  connect(server);
  ASSERT_TRUE(call(1, "initialize"));
  std::optional<Result<Message>> open;
  start_call(2, open);
  auto arrived = here.get_future();
  run_until([&] { return arrived.wait_for(std::chrono::seconds(0)) == std::future_status::ready; });
  close();
  run_until([&] { return open.has_value(); });
  EXPECT_EQ(open->error().code, ErrorCode::shutting_down);
  EXPECT_EQ(server.requests("DELETE").size(), 1U);
  EXPECT_EQ(call(3).error().code, ErrorCode::shutting_down);
  EXPECT_TRUE(receiver_.closed.empty());
  close();
}

TEST_F(StreamableClientTest, CloseWaitsNoLongerThanItsGrace) {
  ScriptedServer server([](Peer& peer) {
    peer.request();
    peer.send(http_answer(200, kJson, response_text(1), "Mcp-Session-Id: s\r\n"));
    peer.wait_for_end();
  });
  connect_to(server.url());
  ASSERT_TRUE(call(1, "initialize"));
  const auto begin = std::chrono::steady_clock::now();
  close(std::chrono::milliseconds(50));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST_F(StreamableClientTest, ReceiverMayCloseTheTransport) {
  std::promise<void> gone;
  FakeMcpServer server([&](Peer& peer, const std::string&) {
    peer.send(kSseHead + event_text(kProgress) + event_text(kProgress) + event_text(response_text(2)));
    peer.wait_for_end();
    gone.set_value();
    return false;
  });
  connect(server);
  bool closed = false;
  receiver_.on_each = [&] {
    boost::asio::co_spawn(loop_, transport_->close(std::chrono::seconds(1)), [&](std::exception_ptr) { closed = true; });
    loop_.poll();
  };
  const auto response = call(2);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::shutting_down);
  EXPECT_EQ(receiver_.messages.size(), 1U);
  run_until([&] { return closed; });
  gone.get_future().wait();
}

TEST_F(StreamableClientTest, ConnectionsAreReusedAlsoAfterStreams) {
  FakeMcpServer server([&](Peer& peer, const std::string& request) {
    const int id = request.contains("\"id\":2,") ? 2 : request.contains("\"id\":3,") ? 3 : 4;
    if (id == 2) return peer.send(chunked_answer(200, kSse, event_text(response_text(id)), 1000));
    if (id == 4) return peer.send(http_answer(200, kJson, response_text(id)));
    // The end of the stream comes after its response.
    auto wire = chunked_answer(200, kSse, event_text(response_text(id)), 1000);
    peer.send(wire.substr(0, wire.size() - 5));
    return peer.send("0\r\n\r\n");
  });
  options_.http.max_connections = 1;  // so each call waits until the one before it has let go of its connection
  connect(server);
  ASSERT_TRUE(call(2));
  ASSERT_TRUE(call(3));
  EXPECT_EQ(server.wire().connections(), 1);
  ASSERT_TRUE(call(4));
  EXPECT_LE(server.wire().connections(), 2) << "one more only where the end took longer than it is waited for";
  EXPECT_EQ(server.requests("POST").size(), 3U);
}

}  // namespace
}  // namespace mcp
