// HTTP+SSE servers that break off, lie, say nothing.
#include <future>

#include "tests/mcp/transport/sse_client_test.h"

namespace mcp {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using Peer = ScriptedServer::Peer;
using std::chrono::milliseconds;

class SseFaultsTest : public SseClientTest {
 protected:
  /// What comes of initialize where the GET is answered with `wire`, after which the connection ends or, with `stays`, does not.
  Error refusal(const std::string& wire, bool stays) {
    FakeMcpServer server([](Peer& peer, const std::string&) { return peer.send(http_answer(202, "", "")); },
                         [&](Peer& peer, const std::string&) {
                           peer.send(wire);
                           if (stays) peer.wait_for_end();
                           return false;
                         });
    connect_sse(server.wire().url());
    const auto answer = call(1, "initialize");
    EXPECT_FALSE(answer);
    EXPECT_FALSE(sse_->connected());
    EXPECT_THAT(receiver_.closed, IsEmpty()) << "there was no connection that could end";
    EXPECT_THAT(server.requests("POST"), IsEmpty()) << "nothing may be sent to where nobody said it goes";
    EXPECT_EQ(call(2).error().code, answer.error().code) << "it stays so";
    close();
    return answer ? Error{} : answer.error();
  }

  /// A server that answers tool calls so, and everything else well.
  FakeSseServer& server_with(std::function<bool(FakeSseServer&, Peer&, int id)> on_call) {
    server_ = std::make_unique<FakeSseServer>();
    server_->on_post = [this, on_call = std::move(on_call)](Peer& peer, const std::string& request) {
      if (!request.contains("tools/call")) return server_->respond(peer, request);
      return on_call(*server_, peer, FakeSseServer::id_of(request));
    };
    connect(*server_);
    shake_hands();
    return *server_;
  }

  std::unique_ptr<FakeSseServer> server_;
};

TEST_F(SseFaultsTest, WhatIsNoSuchServerIsSaidToBeNone) {
  sse_options_.endpoint_timeout = milliseconds(200);
  const struct {
    std::string name, wire;
    ErrorCode code;
    std::string text;
    bool stays = false;
  } cases[] = {
      {"login",
       http_answer(401, "", "", "WWW-Authenticate: Bearer resource_metadata=\"x\"\r\n"),
       ErrorCode::login_required,
       "wants a login"},
      {"not found", http_answer(404, "text/plain", "no such page"), ErrorCode::http_status, "HTTP 404: no such page"},
      {"trouble", http_answer(503, "text/plain", "later"), ErrorCode::http_status, "HTTP 503: later"},
      {"redirect",
       http_answer(302, "", "", "Location: https://else.example/sse\r\n"),
       ErrorCode::http_status,
       "set \"url\" to https://else.example/sse"},
      {"a page", http_answer(200, "text/html", "<html>"), ErrorCode::not_mcp, "\"text/html\" (HTTP 200), not with an event stream"},
      {"no content", http_answer(204, "", ""), ErrorCode::not_mcp, "nothing (HTTP 204)"},
      {"nothing", "", ErrorCode::connection_lost, "before it answered"},
      {"no HTTP", "SSH-2.0-OpenSSH\r\n\r\n", ErrorCode::not_mcp, "not HTTP/1.1"},
      {"the end", kSseHead, ErrorCode::not_mcp, "ended before it said where messages go"},
      {"a message and the end", kSseHead + event_text(response_text(1)), ErrorCode::not_mcp, "ended before"},
      {"half an event", kSseHead + std::string("event: endpoint\ndata: /messages\n"), ErrorCode::not_mcp, "ended before"},
      {"silence", kSseHead, ErrorCode::timeout, "no event \"endpoint\" came", true},
      {"a head without end", "HTTP/1.1 200 OK\r\n", ErrorCode::timeout, "did not say within 0 s", true},
      {"another event", kSseHead + std::string("event: hello\ndata: x\n\n"), ErrorCode::timeout, "no event \"endpoint\"", true},
      {"an empty endpoint", kSseHead + endpoint_event(" "), ErrorCode::timeout, "no event \"endpoint\"", true},
      {"another origin",
       kSseHead + endpoint_event("https://evil.example/messages?key=secret"),
       ErrorCode::not_mcp,
       "another origin, https://evil.example, which is not allowed",
       true},
      {"another port", kSseHead + endpoint_event("http://127.0.0.1:1/m"), ErrorCode::not_mcp, "http://127.0.0.1:1,", true},
      {"another host", kSseHead + endpoint_event("//localhost/m"), ErrorCode::not_mcp, "http://localhost,", true},
      {"no URL", kSseHead + endpoint_event("mailto:x"), ErrorCode::not_mcp, "what is no URL", true},
      {"a header in it",
       kSseHead + std::string("event: endpoint\ndata: /m HTTP/1.1\ndata: X: y\n\n"),
       ErrorCode::not_mcp,
       "what is no URL",
       true},
      {"a long one", kSseHead + endpoint_event("/" + std::string(9000, 'x')), ErrorCode::not_mcp, "8192", true},
  };
  for (const auto& [name, wire, code, text, stays] : cases) {
    SCOPED_TRACE(name);
    const Error error = refusal(wire, stays);
    EXPECT_EQ(error.code, code) << error.text();
    EXPECT_THAT(error.text(), HasSubstr(text));
    EXPECT_THAT(error.text(), Not(HasSubstr("secret")));
    EXPECT_FALSE(error.remedy.empty() && code != ErrorCode::connection_lost) << error.text();
  }
}

TEST_F(SseFaultsTest, AnEventWithoutEndIsCutOff) {
  options_.max_message = 1000;
  for (const std::string& event : {"event: endpoint\ndata: /" + std::string(9000, 'x'), "data: " + std::string(9000, 'x')})
    EXPECT_EQ(refusal(kSseHead + event, true).code, ErrorCode::too_large);
}

TEST_F(SseFaultsTest, APostThatIsRefusedFailsThatCallAlone) {
  const struct {
    std::string name, wire;
    ErrorCode code;
    std::string text;
  } cases[] = {
      {"login", http_answer(401, "", "", "WWW-Authenticate: Bearer\r\n"), ErrorCode::login_required, "login"},
      {"trouble", http_answer(500, "text/plain", "out of\r\ncheese"), ErrorCode::http_status, "HTTP 500: out of  cheese"},
      {"bad", http_answer(400, kJson, R"({"error":"what?"})"), ErrorCode::http_status, R"(HTTP 400: {"error":"what?"})"},
      {"redirect",
       http_answer(307, "", "", "Location: /messages/\r\n"),
       ErrorCode::http_status,
       "where it said that messages go (HTTP 307), which is not followed"},
      {"nothing", "", ErrorCode::connection_lost, "may or may not"},
      {"no HTTP", "SSH-2.0-OpenSSH\r\n\r\n", ErrorCode::not_mcp, "not HTTP/1.1"},
  };
  for (const auto& [name, wire, code, text] : cases) {
    SCOPED_TRACE(name);
    server_with([&](FakeSseServer& server, Peer& peer, int id) {
      if (id == 3) return server.respond(peer, "\"id\":3");
      // A connection that is closed behind a whole answer could be the one that the next call takes.
      return peer.send(wire) && wire.starts_with("HTTP");
    });
    const auto answer = call(2);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, code) << answer.error().text();
    EXPECT_THAT(answer.error().text(), HasSubstr(text));
    EXPECT_TRUE(call(3));
    EXPECT_THAT(receiver_.closed, IsEmpty());
    close();
  }
}

TEST_F(SseFaultsTest, AnErrorStatusMayHoldTheResponse) {
  const std::string error = R"({"jsonrpc":"2.0","id":2,"error":{"code":-32602,"message":"no"}})";
  server_with([&](FakeSseServer&, Peer& peer, int) { return peer.send(http_answer(400, kJson, error)); });
  const auto answer = call(2);
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->text(), error);
}

TEST_F(SseFaultsTest, AServerThatNoLongerKnowsUsEndsTheTransport) {
  server_with([](FakeSseServer&, Peer& peer, int) { return peer.send(http_answer(404, "text/plain", "no such session")); });
  EXPECT_EQ(call(2).error().code, ErrorCode::session_lost);
  ASSERT_THAT(receiver_.closed, SizeIs(1));
  EXPECT_EQ(receiver_.closed[0].code, ErrorCode::session_lost);
  run_until([&] { return !server_->streaming(); });
}

TEST_F(SseFaultsTest, AServerThatDoesNotKnowItsOwnEndpointIsNoLostSession) {
  FakeSseServer server;
  server.on_post = [](Peer& peer, const std::string&) { return peer.send(http_answer(404, "", "")); };
  connect(server);
  EXPECT_EQ(call(1, "initialize").error().code, ErrorCode::http_status);
}

TEST_F(SseFaultsTest, AStreamThatEndsTakesWhatIsOpenAlong) {
  std::atomic<int> calls = 0;
  auto& server = server_with([&](FakeSseServer&, Peer& peer, int) {
    ++calls;
    return peer.send(http_answer(202, "", ""));
  });
  std::optional<Result<Message>> first, second;
  start_call(2, first);
  start_call(3, second);
  run_until([&] { return calls == 2; });
  server.end_stream();
  run_until([&] { return first && second; });
  EXPECT_EQ(first->error().code, ErrorCode::connection_lost);
  EXPECT_THAT(first->error().text(), HasSubstr("The event stream of http://127.0.0.1:"));
  EXPECT_THAT(first->error().text(), HasSubstr("check first whether it ran"));
  EXPECT_EQ(second->error().message, first->error().message);
  ASSERT_THAT(receiver_.closed, SizeIs(1));
  EXPECT_EQ(receiver_.closed[0].code, ErrorCode::connection_lost);
  // Nothing is opened again.
  EXPECT_EQ(call(4).error().code, ErrorCode::connection_lost);
  EXPECT_THAT(server.requests("GET"), SizeIs(1));
}

TEST_F(SseFaultsTest, AnEventTooLargeEndsTheTransport) {
  options_.max_message = 1000;
  for (const std::size_t size : {1001UL, 100'000UL}) {
    receiver_.closed.clear();
    server_with([&](FakeSseServer& server, Peer& peer, int) {
      server.say(event_text(response_text(2, "\"" + std::string(size, 'x') + "\"")));
      return peer.send(http_answer(202, "", ""));
    });
    const auto answer = call(2);
    EXPECT_EQ(answer.error().code, ErrorCode::too_large);
    EXPECT_THAT(answer.error().text(), HasSubstr("larger than 1000 bytes"));
    ASSERT_THAT(receiver_.closed, SizeIs(1));
    EXPECT_EQ(receiver_.closed[0].code, ErrorCode::too_large);
    close();
  }
}

TEST_F(SseFaultsTest, NonsenseEndsOnlyTheCallItWasToAnswer) {
  server_with([](FakeSseServer& server, Peer& peer, int id) {
    if (id != 2) return server.respond(peer, "\"id\":" + std::to_string(id));
    for (const char* nonsense : {"{", "[]", "17", "\xFF", R"({"jsonrpc":"2.0"})", "[INFO] id: 2"})
      server.say(event_text(nonsense));
    server.say(endpoint_event("https://evil.example/") + "event: other\n" + event_text(response_text(2)));
    server.say(event_text(R"({"jsonrpc":"2.0","id":2,"result":{},"error":{}})"));
    return peer.send(http_answer(202, "", ""));
  });
  std::optional<Result<Message>> other;
  start_call(3, other);
  const auto answer = call(2);
  EXPECT_EQ(answer.error().code, ErrorCode::not_mcp) << answer.error().text();
  EXPECT_THAT(answer.error().text(), HasSubstr("no MCP message"));
  run_until([&] { return other.has_value(); });
  EXPECT_TRUE(*other);
  EXPECT_THAT(receiver_.closed, IsEmpty());
  EXPECT_THAT(receiver_.messages, IsEmpty());
}

TEST_F(SseFaultsTest, ACallThatIsCancelledFailsAtOnceAndItsAnswerIsDropped) {
  std::atomic<int> calls = 0;
  auto& server = server_with([&](FakeSseServer& self, Peer& peer, int id) {
    ++calls;
    if (id == 3) return self.respond(peer, "\"id\":3");
    if (id == 2) return peer.send(http_answer(202, "", ""));
    peer.wait_for_end();  // a POST that is never answered
    ++calls;
    return false;
  });
  for (const int id : {2, 4}) {
    Cancellation cancellation;
    std::optional<Result<Message>> out;
    const int before = calls;
    boost::asio::co_spawn(loop_, request(transport_, id, "tools/call", cancellation, out), boost::asio::detached);
    run_until([&] { return calls > before; });
    cancellation.request({ErrorCode::timeout, "enough"});
    run_until([&] { return out.has_value(); });
    EXPECT_EQ(out->error().message, "enough");
  }
  run_until([&] { return calls == 3; });  // its connection was closed
  server.say(event_text(response_text(2)));
  EXPECT_TRUE(call(3));
  EXPECT_THAT(receiver_.closed, IsEmpty());
}

TEST_F(SseFaultsTest, AServerThatDoesNotReadHoldsUpNobodyElse) {
  std::promise<void> go;
  FakeSseServer server;
  server.on_post = [&](Peer& peer, const std::string& request) {
    const bool sent = server.respond(peer, request);
    if (!request.contains("notifications/initialized")) return sent;
    // The connection that is free now, and will be used next, is read no further.
    go.get_future().wait();
    return false;
  };
  connect(server);
  shake_hands();
  run_until([&] { return server.requests("POST").size() == 2; });
  const int connections = server.http().wire().connections();
  Cancellation cancellation;
  std::optional<Result<Message>> out;
  const auto large = [&]() -> Task<void> {
    Message message = Message::request("2", "tools/call", "{\"x\":\"" + std::string(std::size_t{32} << 20, 'x') + "\"}");
    out.emplace(co_await transport_->request(std::move(message), 2, cancellation));
  };
  boost::asio::co_spawn(loop_, large(), boost::asio::detached);
  EXPECT_TRUE(call(3));
  EXPECT_EQ(server.http().wire().connections(), connections + 1) << "the large message has the connection that is not read";
  EXPECT_FALSE(out);
  cancellation.request({ErrorCode::timeout, "enough"});
  run_until([&] { return out.has_value(); });
  EXPECT_EQ(out->error().message, "enough");
  go.set_value();
}

TEST_F(SseFaultsTest, WhoStopsWaitingForTheEndpointIsFree) {
  FakeSseServer server(kSseHead);
  connect(server);
  Cancellation cancellation;
  std::optional<Result<Message>> out;
  boost::asio::co_spawn(loop_, request(transport_, 1, "initialize", cancellation, out), boost::asio::detached);
  run_until([&] { return server.streaming(); });
  cancellation.request({ErrorCode::timeout, "enough"});
  run_until([&] { return out.has_value(); });
  EXPECT_EQ(out->error().message, "enough");
  // It is not too late.
  server.say(endpoint_event("/messages"));
  EXPECT_TRUE(call(2, "initialize"));
}

TEST_F(SseFaultsTest, CloseWhileTheEndpointIsWaitedFor) {
  FakeSseServer server(kSseHead);
  connect(server);
  std::optional<Result<Message>> out;
  start_call(1, out);
  run_until([&] { return server.streaming(); });
  close();
  run_until([&] { return out.has_value() && !server.streaming(); });
  EXPECT_EQ(out->error().code, ErrorCode::shutting_down);
  EXPECT_THAT(receiver_.closed, IsEmpty());
}

TEST_F(SseFaultsTest, ACallAfterCloseOpensNothing) {
  FakeSseServer server;
  connect(server);
  close();
  EXPECT_EQ(call(1, "initialize").error().code, ErrorCode::shutting_down);
  EXPECT_EQ(server.http().wire().connections(), 0);
}

TEST_F(SseFaultsTest, NobodyThereIsSaidAtOnce) {
  std::string url;
  {
    const ScriptedServer gone([](Peer&) {});
    url = gone.url();
  }
  connect_sse(url);
  const auto answer = call(1, "initialize");
  EXPECT_EQ(answer.error().code, ErrorCode::connect_failed);
  EXPECT_THAT(receiver_.closed, IsEmpty());
}

}  // namespace
}  // namespace mcp
