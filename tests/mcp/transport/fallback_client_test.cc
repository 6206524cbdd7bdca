// Streamable HTTP where there is any, else HTTP+SSE.
#include "mcp/transport/fallback_client.h"

#include "tests/mcp/transport/sse_client_test.h"

namespace mcp {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;
using Peer = ScriptedServer::Peer;

const std::string kOldError = R"({"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"No valid session"}})";

class FallbackClientTest : public SseClientTest {
 protected:
  void connect_either(const std::string& url) {
    fallback_ = make_fallback_client(loop_.get_executor(), Url::parse(url).value(), options_);
    transport_ = fallback_;
    ASSERT_TRUE(run_task(loop_, transport_->open(receiver_)));
  }

  /// A server whose POST of initialize and whose GET are answered so.
  std::unique_ptr<FakeMcpServer> server_with(const std::string& post, const std::string& get) {
    auto server = std::make_unique<FakeMcpServer>([post](Peer& peer, const std::string&) { return peer.send(post); },
                                                  [get](Peer& peer, const std::string&) { return peer.send(get); });
    connect_either(server->wire().url());
    return server;
  }

  std::shared_ptr<FallbackClient> fallback_;
};

/// The one URL of an old server: POSTs to it, not to the endpoint, are refused.
std::string refused(const std::string& request, const std::string& answer) {
  return request.starts_with("POST /mcp ") ? answer : "";
}

TEST_F(FallbackClientTest, AServerOnStreamableHttpNoticesNothing) {
  FakeMcpServer server([](Peer& peer, const std::string& request) {
    const int id = FakeSseServer::id_of(request);
    return peer.send(id == 0 ? http_answer(202, "", "") : http_answer(200, kJson, response_text(id)));
  });
  connect_either(server.wire().url());
  shake_hands(ProtocolVersion::v2024_11_05);
  ASSERT_TRUE(call(2));
  EXPECT_FALSE(fallback_->fell_back());
  EXPECT_THAT(server.requests("GET"), IsEmpty());
  EXPECT_THAT(server.requests("POST"), SizeIs(3));
  EXPECT_EQ(server.wire().connections(), 1);
}

TEST_F(FallbackClientTest, AnOldServerIsSpokenToInItsWay) {
  for (const std::string& refusal : {http_answer(404, "text/html", "<html>Cannot POST /mcp"),
                                     http_answer(405, "", ""),
                                     http_answer(400, "text/plain", "Missing sessionId"),
                                     http_answer(400, kJson, kOldError)}) {
    SCOPED_TRACE(refusal);
    FakeSseServer server;
    server.on_post = [&](Peer& peer, const std::string& request) {
      const auto answer = refused(request, refusal);
      return answer.empty() ? server.respond(peer, request) : peer.send(answer);
    };
    options_.headers = {{"Authorization", "Bearer x"}};
    connect_either(server.http().wire().url());
    shake_hands(ProtocolVersion::v2024_11_05);
    ASSERT_TRUE(call(2));
    EXPECT_TRUE(fallback_->fell_back());
    const auto posts = server.requests("POST");
    ASSERT_THAT(posts, SizeIs(4));
    EXPECT_THAT(posts[0], AllOf(StartsWith("POST /mcp "), HasSubstr("\"initialize\"")));
    EXPECT_THAT(posts[1], AllOf(StartsWith("POST /messages?session=s1 "), HasSubstr("\"initialize\"")));
    EXPECT_THAT(posts[3], StartsWith("POST /messages?session=s1 "));
    EXPECT_EQ(header_of(posts[3], "Authorization"), "Bearer x");
    // Its end is the transport's.
    server.end_stream();
    run_until([&] { return !receiver_.closed.empty(); });
    EXPECT_EQ(receiver_.closed[0].code, ErrorCode::connection_lost);
    receiver_.closed.clear();
    close();
  }
}

TEST_F(FallbackClientTest, WhereNeitherIsSpokenTheErrorTellsOfBoth) {
  const auto server = server_with(http_answer(404, "text/plain", "nothing here."), http_answer(200, "text/html", "<html>"));
  const auto answer = call(1, "initialize");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::http_status);
  const std::string origin = Url::parse(server->wire().url())->origin();
  EXPECT_EQ(answer.error().message,
            origin + " speaks neither streamable HTTP (" + origin + " answered with HTTP 404: nothing here) nor HTTP+SSE (" +
                origin + " answered with \"text/html\" (HTTP 200), not with an event stream).");
  EXPECT_THAT(answer.error().remedy, HasSubstr("url"));
  EXPECT_FALSE(fallback_->fell_back());
  EXPECT_THAT(receiver_.closed, IsEmpty());
}

TEST_F(FallbackClientTest, WhatIsNoSignOfAnOldServerIsNotTakenForOne) {
  const std::string modern = R"({"jsonrpc":"2.0","id":null,"error":{"code":-32022,"message":"No such version"}})";
  const std::string own = R"({"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"Bad params"}})";
  for (const std::string& refusal : {http_answer(500, "text/plain", "trouble"),
                                     http_answer(401, "", "", "WWW-Authenticate: Bearer\r\n"),
                                     http_answer(403, "", ""),
                                     http_answer(307, "", "", "Location: /other\r\n"),
                                     http_answer(200, "text/html", "<html>"),
                                     http_answer(400, kJson, modern),
                                     http_answer(400, kJson, own)}) {
    SCOPED_TRACE(refusal);
    const auto server = server_with(refusal, http_answer(500, "", ""));
    const auto answer = call(1, "initialize");
    EXPECT_TRUE(!answer || answer->is_error());
    EXPECT_FALSE(fallback_->fell_back());
    EXPECT_THAT(server->requests("GET"), IsEmpty());
    close();
  }
}

TEST_F(FallbackClientTest, OnlyInitializeIsSentTwice) {
  const auto server = server_with(http_answer(404, "", ""), http_answer(500, "", ""));
  EXPECT_EQ(call(1).error().code, ErrorCode::http_status);
  EXPECT_THAT(server->requests("POST"), SizeIs(1));
  EXPECT_THAT(server->requests("GET"), IsEmpty());
}

TEST_F(FallbackClientTest, ALoginThatIsWantedForTheStreamIsSaidToBeWanted) {
  const auto server = server_with(http_answer(405, "", ""), http_answer(401, "", "", "WWW-Authenticate: Bearer\r\n"));
  EXPECT_EQ(call(1, "initialize").error().code, ErrorCode::login_required);
}

TEST_F(FallbackClientTest, AnOldServerThatRefusesUsSaysWhy) {
  FakeSseServer server;
  server.on_post = [&](Peer& peer, const std::string& request) {
    const auto answer = refused(request, http_answer(404, "", ""));
    return peer.send(answer.empty() ? http_answer(500, "text/plain", "no licence") : answer);
  };
  connect_either(server.http().wire().url());
  const auto answer = call(1, "initialize");
  EXPECT_THAT(answer.error().message, testing::EndsWith(" answered with HTTP 500: no licence"));
}

TEST_F(FallbackClientTest, CloseAndCancellationEndTheWaitForTheStream) {
  for (const bool by_close : {true, false}) {
    FakeSseServer server(kSseHead);
    server.on_post = [&](Peer& peer, const std::string&) { return peer.send(http_answer(404, "", "")); };
    connect_either(server.http().wire().url());
    Cancellation cancellation;
    std::optional<Result<Message>> out;
    boost::asio::co_spawn(loop_, request(transport_, 1, "initialize", cancellation, out), boost::asio::detached);
    run_until([&] { return server.streaming(); });
    if (by_close) close();
    cancellation.request({ErrorCode::timeout, "enough"});
    run_until([&] { return out.has_value() && !server.streaming(); });
    EXPECT_EQ(out->error().code, by_close ? ErrorCode::shutting_down : ErrorCode::timeout);
    EXPECT_THAT(receiver_.closed, IsEmpty());
    close();
  }
}

}  // namespace
}  // namespace mcp
