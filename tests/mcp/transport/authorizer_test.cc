// Requests with an Authorization that somebody else gives them.
#include "mcp/transport/authorizer.h"

#include "mcp/transport/fallback_client.h"
#include "tests/mcp/transport/sse_client_test.h"
#include "tests/support/fake_authorizer.h"

namespace mcp {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Peer = ScriptedServer::Peer;

const std::string kChallenge = "WWW-Authenticate: Basic realm=\"a, b\"\r\nWWW-Authenticate: Bearer error=\"invalid_token\"\r\n";
const std::string kScope = "WWW-Authenticate: Bearer error=\"insufficient_scope\", scope=\"files:write\"\r\n";
constexpr ErrorCode kLoginReasons[] = {ErrorCode::login_required,
                                       ErrorCode::reauthentication_required,
                                       ErrorCode::credential_refused,
                                       ErrorCode::authorization_unavailable};

std::string authorization_of(const std::string& request) {
  return header_of(request, "Authorization");
}

std::vector<std::string> authorizations(const std::vector<std::string>& requests) {
  std::vector<std::string> out;
  std::ranges::transform(requests, std::back_inserter(out), authorization_of);
  return out;
}

std::string answer_to(const std::string& request) {
  if (request.starts_with("DELETE")) return http_answer(200, "", "");
  const int id = FakeSseServer::id_of(request);
  if (id == 0) return http_answer(202, "", "");
  return http_answer(200, kJson, response_text(id), id == 1 ? "Mcp-Session-Id: s1\r\n" : "");
}

/// Takes what comes with `token` alone, and says `refusal` to the rest.
FakeMcpServer::Handler only_with(const std::string& token, const std::string& refusal = http_answer(401, "", "", kChallenge)) {
  return [token, refusal](Peer& peer, const std::string& request) {
    return peer.send(authorization_of(request) == "Bearer " + token ? answer_to(request) : refusal);
  };
}

Error reason_with(ErrorCode code) {
  return {code, "somebody has to log in", "Do it."};
}

class AuthorizerTest : public SseClientTest {
 protected:
  AuthorizerTest() { options_.authorizer = authorizer_; }

  using StreamableClientTest::connect;

  void connect_either(const std::string& url) {
    fallback_ = make_fallback_client(loop_.get_executor(), Url::parse(url).value(), options_);
    transport_ = fallback_;
    ASSERT_TRUE(run_task(loop_, transport_->open(receiver_)));
  }

  /// From the first refusal on it gives this one.
  void give_when_refused(const std::string& token) {
    authorizer_->on_refused = [this, token](const Authorizer::Refusal&) {
      authorizer_->header = FakeAuthorizer::bearer(token);
      return Result<>();
    };
  }

  std::shared_ptr<FakeAuthorizer> authorizer_ = std::make_shared<FakeAuthorizer>();
  std::shared_ptr<FallbackClient> fallback_;
};

TEST_F(AuthorizerTest, EveryRequestHasWhatItGivesJustThen) {
  options_.headers = {{"authorization", "Bearer configured"}, {"X-Other", "kept"}};
  FakeMcpServer server([](Peer& peer, const std::string& request) { return peer.send(answer_to(request)); });
  connect(server);
  shake_hands();
  ASSERT_TRUE(call(2));
  authorizer_->header = FakeAuthorizer::bearer("two");
  ASSERT_TRUE(call(3));
  ASSERT_TRUE(call(4));
  authorizer_->header = nullptr;
  ASSERT_TRUE(call(5));
  authorizer_->header = FakeAuthorizer::bearer("three");
  run_until([&] { return !server.requests("GET").empty(); });
  close();
  EXPECT_THAT(authorizations(server.requests("POST")),
              ElementsAre("Bearer one", "Bearer one", "Bearer one", "Bearer two", "Bearer two", ""));
  for (const auto& method : {"POST", "GET", "DELETE"}) {
    for (const auto& each : server.requests(method))
      EXPECT_EQ(header_of(each, "X-Other"), "kept");
  }
  EXPECT_THAT(authorizations(server.requests("DELETE")), ElementsAre("Bearer three"));
  EXPECT_THAT(server.requests("POST")[5], HasSubstr("authorization: Bearer configured"));
  EXPECT_THAT(server.requests("POST")[4], Not(HasSubstr("configured")));
  EXPECT_EQ(authorizer_->obtained, 0);
  EXPECT_THAT(authorizer_->refusals, IsEmpty());
}

TEST_F(AuthorizerTest, WhatItDoesNotKnowAtOnceIsWaitedFor) {
  authorizer_->waits = true;
  FakeMcpServer server(only_with("one"));
  connect(server);
  ASSERT_TRUE(call(1));
  EXPECT_EQ(authorizer_->obtained, 1);
}

TEST_F(AuthorizerTest, ARefusedRequestIsSentOnceMore) {
  for (const auto& refusal :
       {http_answer(401, "", "", kChallenge),
        http_answer(401, kJson, R"({"jsonrpc":"2.0","id":7,"error":{"code":-32001,"message":"no"}})", kChallenge),
        "HTTP/1.1 401 No\r\n" + kChallenge + "\r\nuntil the end"}) {
    SCOPED_TRACE(refusal);
    authorizer_->header = FakeAuthorizer::bearer("one");
    authorizer_->refusals.clear();
    give_when_refused("two");
    FakeMcpServer server([&](Peer& peer, const std::string& request) {
      if (authorization_of(request) == "Bearer two") return peer.send(answer_to(request));
      peer.send(refusal);
      return refusal.contains("Content-Length");
    });
    connect(server);
    const auto answer = call(7);
    ASSERT_TRUE(answer) << answer.error().text();
    EXPECT_FALSE(answer->is_error());
    EXPECT_THAT(authorizations(server.requests("POST")), ElementsAre("Bearer one", "Bearer two"));
    ASSERT_THAT(authorizer_->refusals, SizeIs(1));
    EXPECT_EQ(authorizer_->refusals[0].status, 401);
    EXPECT_EQ(authorizer_->refusals[0].challenge, "Basic realm=\"a, b\", Bearer error=\"invalid_token\"");
    EXPECT_EQ(*authorizer_->refusals[0].sent, "Bearer one");
    EXPECT_EQ(authorizer_->refusals[0].tries, 1);
    close();
  }
}

TEST_F(AuthorizerTest, AScopeThatIsMissingIsARefusalAndAnyOther403IsNot) {
  give_when_refused("two");
  FakeMcpServer server(only_with("two", http_answer(403, "", "", kScope)));
  connect(server);
  ASSERT_TRUE(call(1));
  ASSERT_THAT(authorizer_->refusals, SizeIs(1));
  EXPECT_EQ(authorizer_->refusals[0].status, 403);
  close();
  FakeMcpServer other([](Peer& peer, const std::string&) {
    return peer.send(http_answer(403, "text/plain", "go away", "WWW-Authenticate: Bearer scope=\"error=insufficient_scope\"\r\n"));
  });
  connect(other);
  EXPECT_EQ(call(2).error().code, ErrorCode::http_status);
  EXPECT_THAT(authorizer_->refusals, SizeIs(1));
}

TEST_F(AuthorizerTest, ThreeTriesAreTheMost) {
  FakeMcpServer server(only_with("nothing"));
  connect(server);
  const auto answer = call(1);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::reauthentication_required);
  EXPECT_THAT(answer.error().message, HasSubstr("HTTP 401"));
  EXPECT_THAT(server.requests("POST"), SizeIs(3));
  std::vector<int> tries;
  for (const auto& each : authorizer_->refusals)
    tries.push_back(each.tries);
  EXPECT_THAT(tries, ElementsAre(1, 2, 3));
}

TEST_F(AuthorizerTest, ItsReasonsComeThroughAsTheyAre) {
  for (const auto code : kLoginReasons) {
    for (const bool before : {true, false}) {
      SCOPED_TRACE(std::string(to_string(code)) + (before ? " before" : " after"));
      authorizer_->waits = before;
      authorizer_->failure = reason_with(code);
      authorizer_->on_refused = [code](const Authorizer::Refusal&) { return std::unexpected(reason_with(code)); };
      FakeMcpServer server(only_with("two"));
      connect(server);
      const auto answer = call(1, "initialize");
      ASSERT_FALSE(answer);
      EXPECT_EQ(answer.error().code, code);
      EXPECT_EQ(answer.error().text(), "somebody has to log in. Do it.");
      EXPECT_THAT(server.requests("POST"), SizeIs(before ? 0 : 1));
      close();
    }
  }
}

TEST_F(AuthorizerTest, ABadHeaderIsSaidToBeOneWithoutItsValue) {
  authorizer_->header = std::make_shared<const std::string>("Bearer a\r\nX-Secret: b");
  FakeMcpServer server(only_with("one"));
  connect(server);
  const auto answer = call(1);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::config_invalid);
  EXPECT_THAT(answer.error().text(), Not(HasSubstr("Secret")));
  EXPECT_THAT(server.requests("POST"), IsEmpty());
  authorizer_->header = FakeAuthorizer::bearer("one");
  EXPECT_TRUE(call(2));
}

TEST_F(AuthorizerTest, MessagesOfOtherKindsAreSentAgainToo) {
  give_when_refused("two");
  FakeMcpServer server([](Peer& peer, const std::string& request) {
    const bool refused = request.contains("notifications/") && authorization_of(request) == "Bearer one";
    return peer.send(refused ? http_answer(401, "", "") : answer_to(request));
  });
  connect(server);
  shake_hands();
  ASSERT_TRUE(call(2));
  const auto posts = server.requests("POST");
  ASSERT_THAT(posts, SizeIs(4));
  EXPECT_THAT(posts[2], HasSubstr("notifications/initialized"));
  EXPECT_THAT(authorizations(posts), ElementsAre("Bearer one", "Bearer one", "Bearer two", "Bearer two"));
}

TEST_F(AuthorizerTest, AMessageThatCannotBeSentForWantOfALoginIsLoggedAlone) {
  authorizer_->on_refused = [](const auto&) { return std::unexpected(reason_with(ErrorCode::reauthentication_required)); };
  FakeMcpServer server([](Peer& peer, const std::string& request) {
    return peer.send(request.contains("notifications/") ? http_answer(401, "", "") : answer_to(request));
  });
  connect(server);
  shake_hands();
  EXPECT_TRUE(call(2));
  EXPECT_THAT(authorizer_->refusals, SizeIs(1));
  EXPECT_THAT(receiver_.closed, IsEmpty());
}

/// An answer whose stream breaks off, and is asked for again.
FakeMcpServer::Handler broken_stream() {
  return
      [](Peer& peer, const std::string&) { return peer.send(http_answer(200, "text/event-stream", "id: 1\nretry: 1\ndata:\n\n")); };
}

TEST_F(AuthorizerTest, AnAnswerIsResumedWithWhatIsNew) {
  give_when_refused("two");
  FakeMcpServer server(broken_stream(), [](Peer& peer, const std::string& request) {
    const bool refused = authorization_of(request) == "Bearer one";
    return peer.send(refused ? http_answer(401, "", "")
                             : http_answer(200, "text/event-stream", event_text(response_text(FakeSseServer::id_of("\"id\":2")))));
  });
  connect(server);
  ASSERT_TRUE(call(2));
  EXPECT_THAT(authorizations(server.requests("GET")), ElementsAre("Bearer one", "Bearer two"));
  EXPECT_EQ(header_of(server.requests("GET")[1], "Last-Event-ID"), "1");
}

TEST_F(AuthorizerTest, AnAnswerThatCannotBeResumedForWantOfALoginSaysSo) {
  for (const auto code : kLoginReasons) {
    authorizer_->on_refused = [code](const Authorizer::Refusal&) { return std::unexpected(reason_with(code)); };
    FakeMcpServer server(broken_stream(), [](Peer& peer, const std::string&) { return peer.send(http_answer(401, "", "")); });
    connect(server);
    EXPECT_EQ(call(2).error().code, code);
    EXPECT_THAT(server.requests("GET"), SizeIs(1));
    close();
  }
}

TEST_F(AuthorizerTest, TheStandingStreamGoesOnTryingWithItsPauses) {
  int asked = 0;
  authorizer_->on_refused = [&](const Authorizer::Refusal&) -> Result<> {
    if (++asked == 1) return std::unexpected(reason_with(ErrorCode::reauthentication_required));
    authorizer_->header = FakeAuthorizer::bearer("two");
    return {};
  };
  FakeMcpServer server([](Peer& peer, const std::string& request) { return peer.send(answer_to(request)); },
                       [](Peer& peer, const std::string& request) {
                         if (authorization_of(request) == "Bearer one") return peer.send(http_answer(401, "", ""));
                         peer.send(kSseHead + event_text(R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})"));
                         peer.wait_for_end();
                         return false;
                       });
  connect(server);
  const auto began = std::chrono::steady_clock::now();
  shake_hands();
  run_until([&] { return !receiver_.messages.empty(); });
  EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(900));
  EXPECT_THAT(authorizations(server.requests("GET")), ElementsAre("Bearer one", "Bearer one", "Bearer two"));
  EXPECT_THAT(receiver_.closed, IsEmpty());
  EXPECT_THAT(receiver_.missed, IsEmpty());
}

TEST_F(AuthorizerTest, HttpWithSseIsGivenItToo) {
  give_when_refused("two");
  FakeSseServer server;
  server.refuse_get = [](const std::string& request) {
    return authorization_of(request) == "Bearer one" ? http_answer(401, "", "") : std::string();
  };
  server.on_post = [&](Peer& peer, const std::string& request) {
    if (authorization_of(request) == "Bearer two") return peer.send(http_answer(401, "", ""));
    return server.respond(peer, request);
  };
  SseClientTest::connect(server);
  authorizer_->on_refused = [this](const Authorizer::Refusal& refusal) {
    authorizer_->header = FakeAuthorizer::bearer(*refusal.sent == "Bearer one" ? "two" : "three");
    return Result<>();
  };
  ASSERT_TRUE(call(1, "initialize"));
  EXPECT_THAT(authorizations(server.requests("GET")), ElementsAre("Bearer one", "Bearer two"));
  EXPECT_THAT(authorizations(server.requests("POST")), ElementsAre("Bearer two", "Bearer three"));
}

TEST_F(AuthorizerTest, HttpWithSseSaysWhyThereIsNoLogin) {
  for (const auto code : kLoginReasons) {
    for (const bool of_stream : {true, false}) {
      authorizer_->on_refused = [code](const Authorizer::Refusal&) { return std::unexpected(reason_with(code)); };
      FakeSseServer server;
      if (of_stream) server.refuse_get = [](const std::string&) { return http_answer(401, "", ""); };
      server.on_post = [](Peer& peer, const std::string&) { return peer.send(http_answer(401, "", "")); };
      SseClientTest::connect(server);
      EXPECT_EQ(call(1, "initialize").error().code, code);
      close();
    }
  }
}

TEST_F(AuthorizerTest, NobodyElseIsGivenIt) {
  FakeMcpServer other([](Peer& peer, const std::string& request) { return peer.send(answer_to(request)); });
  FakeSseServer server(kSseHead + endpoint_event(other.wire().url()));
  SseClientTest::connect(server);
  EXPECT_EQ(call(1, "initialize").error().code, ErrorCode::not_mcp);
  close();
  FakeMcpServer redirecting([&](Peer& peer, const std::string&) {
    return peer.send(http_answer(307, "", "", "Location: " + other.wire().url() + "\r\n"));
  });
  connect(redirecting);
  EXPECT_EQ(call(1, "initialize").error().code, ErrorCode::http_status);
  EXPECT_EQ(other.wire().connections(), 0);
}

TEST_F(AuthorizerTest, WantOfALoginIsNoReasonToFallBack) {
  for (const auto code : kLoginReasons) {
    authorizer_->on_refused = [code](const Authorizer::Refusal&) { return std::unexpected(reason_with(code)); };
    FakeMcpServer server([](Peer& peer, const std::string&) { return peer.send(http_answer(401, "", "")); });
    connect_either(server.wire().url());
    const auto answer = call(1, "initialize");
    EXPECT_EQ(answer.error().text(), reason_with(code).text());
    EXPECT_EQ(answer.error().code, code);
    EXPECT_THAT(server.requests("GET"), IsEmpty());
    close();
    FakeMcpServer old([](Peer& peer, const std::string&) { return peer.send(http_answer(405, "", "")); },
                      [](Peer& peer, const std::string&) { return peer.send(http_answer(401, "", "")); });
    connect_either(old.wire().url());
    const auto by_stream = call(1, "initialize");
    EXPECT_EQ(by_stream.error().text(), reason_with(code).text());
    EXPECT_EQ(by_stream.error().code, code);
    close();
  }
}

TEST_F(AuthorizerTest, AnOldServerIsFallenBackToWithALogin) {
  give_when_refused("two");
  FakeSseServer server;
  server.refuse_get = [](const std::string& request) {
    return authorization_of(request) == "Bearer one" ? http_answer(401, "", "") : std::string();
  };
  server.on_post = [&](Peer& peer, const std::string& request) {
    if (authorization_of(request) == "Bearer one") return peer.send(http_answer(401, "", ""));
    if (request.starts_with("POST /mcp ")) return peer.send(http_answer(405, "", ""));
    return server.respond(peer, request);
  };
  connect_either(server.http().wire().url());
  ASSERT_TRUE(call(1, "initialize"));
  EXPECT_TRUE(fallback_->fell_back());
  EXPECT_THAT(authorizer_->refusals, SizeIs(1));
}

TEST_F(AuthorizerTest, WithoutOneARefusedHeaderOfTheConfigurationIsNamed) {
  options_.authorizer = nullptr;
  options_.headers = {{"authorization", "Bearer sesame"}};
  const std::string own = R"({"jsonrpc":"2.0","id":7,"error":{"code":-32001,"message":"Unauthorized"}})";
  for (const auto& refusal : {http_answer(401, "", "", kChallenge), http_answer(401, kJson, own)}) {
    FakeMcpServer server([&](Peer& peer, const std::string&) { return peer.send(refusal); });
    connect(server);
    const auto answer = call(7);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::credential_refused);
    EXPECT_THAT(answer.error().message, HasSubstr(server.wire().url().substr(0, 21)));
    EXPECT_THAT(answer.error().message, HasSubstr("HTTP 401"));
    EXPECT_THAT(answer.error().remedy, HasSubstr("header Authorization under \"headers\""));
    EXPECT_THAT(answer.error().text(), Not(HasSubstr("sesame")));
    EXPECT_THAT(server.requests("POST"), SizeIs(1));
    close();
  }
}

}  // namespace
}  // namespace mcp
