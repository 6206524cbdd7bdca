#include "tests/mcp/http/http_client_test.h"

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <gmock/gmock.h>
#include <optional>
#include <vector>

namespace mcp {
namespace {

using testing::HasSubstr;

TEST_F(HttpClientTest, SendsProperRequests) {
  std::promise<std::string> seen;
  ScriptedServer server([&](ScriptedServer::Peer& peer) {
    seen.set_value(peer.request());
    peer.send(http_answer(200, "", ""));
  });
  auto http = client(server.url() + "?a=b");
  ASSERT_TRUE(post(*http, "{\"x\":1}"));
  auto request = seen.get_future().get();
  EXPECT_TRUE(request.starts_with("POST /mcp?a=b HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) + "\r\n"))
      << request;
  EXPECT_THAT(request, HasSubstr("\r\nUser-Agent: switchyard/"));
  EXPECT_THAT(request, HasSubstr("\r\nContent-Type: application/json\r\n"));
  EXPECT_TRUE(request.ends_with("\r\nContent-Length: 7\r\n\r\n{\"x\":1}")) << request;
}

TEST_F(HttpClientTest, RefusesHeadersThatBreakTheFrame) {
  ScriptedServer server([](ScriptedServer::Peer& peer) { peer.wait_for_end(); });
  auto http = client(server.url());
  auto send = [](HttpClient& to, std::string name, std::string value, Cancellation& cancellation) -> Task<Result<int>> {
    HttpClientRequest request{"GET", "", {{name, value}}, ""};
    auto response = co_await to.send(request, cancellation);
    if (!response) co_return std::unexpected(response.error());
    co_return (*response)->status();
  };
  for (const auto& [name, value] : {std::pair("X", "a\r\nY: b"), {"X", "a\nb"}, {"X: y\r\nZ", "v"}, {"", "v"}, {"X Y", "v"}}) {
    auto sent = run_task(loop_, send(*http, name, value, cancellation_));
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().code, ErrorCode::config_invalid);
  }
}

TEST_F(HttpClientTest, ReusesAConnection) {
  ScriptedServer server([](ScriptedServer::Peer& peer) {
    while (!peer.request().empty()) {
      if (!peer.send(chunked_answer(200, "a/b", std::to_string(peer.number()), 100))) return;
    }
  });
  auto http = client(server.url());
  for (int i = 0; i < 5; ++i) {
    auto answer = i % 2 == 0 ? post(*http) : get(*http);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->body, "0");
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClientTest, DoesNotReuseWhatItMustNot) {
  const std::pair<std::string, std::string> answers[] = {
      {"the server closes", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"},
      {"bytes after the answer", http_answer(200, "", "") + http_answer(200, "", "smuggled")},
      {"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"},
      {"no time left", "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=0\r\nContent-Length: 0\r\n\r\n"},
  };
  for (const auto& [name, wire] : answers) {
    SCOPED_TRACE(name);
    ScriptedServer server([&](ScriptedServer::Peer& peer) {
      while (!peer.request().empty()) {
        if (!peer.send(wire)) return;
      }
    });
    auto http = client(server.url());
    for (int i = 0; i < 2; ++i) {
      auto answer = post(*http);
      ASSERT_TRUE(answer);
      EXPECT_EQ(answer->body, "");
    }
    EXPECT_EQ(server.connections(), 2);
  }
}

TEST_F(HttpClientTest, APooledConnectionTheServerClosedIsNotUsed) {
  for (bool reset : {false, true}) {
    std::promise<void> closing;
    ScriptedServer server([&](ScriptedServer::Peer& peer) {
      if (peer.request().empty()) return;
      peer.send(http_answer(200, "", std::to_string(peer.number())));
      if (peer.number() != 0) return;
      if (reset)
        peer.reset();
      else
        peer.end();
      closing.set_value();
      if (!reset) peer.wait_for_end();
    });
    auto http = client(server.url());
    ASSERT_TRUE(post(*http));
    closing.get_future().wait();
    // Where the close is not here yet, the request meets it: that is connection_lost, never a second sending.
    auto again = post(*http);
    if (again) {
      EXPECT_EQ(again->body, "1");
    } else {
      EXPECT_EQ(again.error().code, ErrorCode::connection_lost);
    }
  }
}

TEST_F(HttpClientTest, AnEarlyRefusalOfALargeBodyIsTheAnswer) {
  ScriptedServer server([](ScriptedServer::Peer& peer) {
    peer.send(http_answer(413, "", "too much", "Connection: close\r\n"));
    peer.wait_for_end();
  });
  auto http = client(server.url());
  auto answer = post(*http, std::string(20'000'000, 'x'));
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->status, 413);
}

TEST_F(HttpClientTest, LargeBodiesGoBothWays) {
  const std::string large(8'000'000, 'y');
  ScriptedServer server([&](ScriptedServer::Peer& peer) {
    auto request = peer.request();
    peer.send(http_answer(200, "", request.substr(request.find("\r\n\r\n") + 4)));
  });
  auto http = client(server.url());
  auto answer = post(*http, large);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, large);
}

TEST_F(HttpClientTest, IdleConnectionsAreClosed) {
  options_.idle_timeout = std::chrono::milliseconds(20);
  std::promise<void> closed;
  ScriptedServer server([&](ScriptedServer::Peer& peer) {
    peer.request();
    peer.send(http_answer(200, "", ""));
    peer.wait_for_end();
    closed.set_value();
  });
  auto http = client(server.url());
  ASSERT_TRUE(post(*http));
  loop_.restart();
  loop_.run();  // until the sweep has run: nothing else is left to do
  closed.get_future().wait();
}

/// A cancellation after the server's word.
TEST_F(HttpClientTest, CancellationEndsAnyWait) {
  const std::string beginnings[] = {"",
                                    "HTTP/1.1 200 OK\r\n",
                                    "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
                                    "HTTP/1.1 200 OK\r\n\r\nabc",
                                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"};
  for (const auto& beginning : beginnings) {
    SCOPED_TRACE(beginning);
    Cancellation cancellation;
    ScriptedServer server([&](ScriptedServer::Peer& peer) {
      peer.request();
      peer.send(beginning, 1);
      boost::asio::post(loop_, [&] { cancellation.request({ErrorCode::timeout, "too slow"}); });
      peer.wait_for_end();
    });
    auto http = client(server.url());
    auto answer = run_task(loop_, exchange(*http, "POST", "{}", cancellation));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::timeout);
    EXPECT_EQ(answer.error().message, "too slow");
  }
}

TEST_F(HttpClientTest, CancelledBeforeItBegan) {
  auto http = client("http://127.0.0.1:1/");
  cancellation_.request({ErrorCode::cancelled, "gone"});
  auto answer = post(*http);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::cancelled);
}

TEST_F(HttpClientTest, CloseFailsWhatIsOpen) {
  std::shared_ptr<HttpClient> http;
  ScriptedServer server([&](ScriptedServer::Peer& peer) {
    peer.request();
    boost::asio::post(loop_, [&] { http->close(); });
    peer.wait_for_end();
  });
  http = client(server.url());
  auto answer = post(*http);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::shutting_down);
  answer = post(*http);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::shutting_down);
}

TEST_F(HttpClientTest, ARefusedConnectionNamesAddressAndRemedy) {
  std::uint16_t port = 0;
  {
    ScriptedServer server([](ScriptedServer::Peer&) {});
    port = server.port();
  }
  auto http = client("http://localhost:" + std::to_string(port) + "/");
  auto answer = post(*http);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::connect_failed);
  EXPECT_THAT(answer.error().message, HasSubstr("127.0.0.1:" + std::to_string(port)));
  EXPECT_THAT(answer.error().message, HasSubstr("refused"));
  EXPECT_THAT(answer.error().remedy, HasSubstr("running"));
}

TEST_F(HttpClientTest, AnUnknownNameIsAConnectError) {
  auto http = client("http://no-such-host.invalid/");
  options_.connect_timeout = std::chrono::seconds(5);
  auto answer = post(*http);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::connect_failed);
  EXPECT_THAT(answer.error().message, HasSubstr("no-such-host.invalid"));
}

TEST_F(HttpClientTest, LocalhostReachesIpv4Too) {
  ScriptedServer server([](ScriptedServer::Peer& peer) {
    peer.request();
    peer.send(http_answer(200, "", "ok"));
  });
  auto http = client("http://localhost:" + std::to_string(server.port()) + "/");
  auto answer = post(*http);
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->body, "ok");
}

/// Spawns a request whose outcome is kept, and counted.
void spawn_post(boost::asio::io_context& loop, HttpClient& client, Cancellation& cancellation, std::optional<Result<Answer>>& out) {
  boost::asio::co_spawn(loop, exchange(client, "POST", "{}", cancellation), [&out](std::exception_ptr, Result<Answer> answer) {
    out.emplace(std::move(answer));
  });
}

TEST_F(HttpClientTest, RequestsOverTheLimitWaitTheirTurn) {
  options_.max_connections = 1;
  std::atomic<int> at_once = 0, most = 0;
  std::promise<void> lined_up;  // nobody is answered before the one in the middle of the line has left it
  const auto go = lined_up.get_future().share();
  ScriptedServer server([&](ScriptedServer::Peer& peer) {
    for (;;) {
      if (peer.request().empty()) return;
      most = std::max(most.load(), ++at_once);
      go.wait();
      // Every second connection is closed: the place goes on to the next in line, not the connection.
      const bool last = peer.number() % 2 == 0;
      --at_once;
      peer.send(http_answer(200, "", "ok", last ? "Connection: close\r\n" : ""));
      if (last) return;
    }
  });
  auto http = client(server.url());
  std::vector<std::optional<Result<Answer>>> answers(8);
  std::vector<Cancellation> cancellations(8);
  for (std::size_t i = 0; i < answers.size(); ++i)
    spawn_post(loop_, *http, cancellations[i], answers[i]);
  loop_.poll();
  cancellations[3].request({ErrorCode::cancelled, "gone"});
  lined_up.set_value();
  for (std::size_t i = 0; i < answers.size(); ++i) {
    while (!answers[i])
      loop_.run_one();
    if (i == 3) {
      ASSERT_FALSE(*answers[i]);
      EXPECT_EQ((*answers[i]).error().code, ErrorCode::cancelled);
    } else {
      ASSERT_TRUE(*answers[i]) << (*answers[i]).error().text();
    }
  }
  EXPECT_EQ(most, 1);
}

TEST_F(HttpClientTest, AConnectionHandedOnKeepsItsPlace) {
  options_.max_connections = 1;
  options_.idle_timeout = std::chrono::milliseconds(20);
  ScriptedServer server([](ScriptedServer::Peer& peer) {
    while (!peer.request().empty())
      peer.send(http_answer(200, "", "ok"));
  });
  auto http = client(server.url());
  // The second waits for the connection of the first; the sweep then ends it, and the third must find its place free.
  std::vector<std::optional<Result<Answer>>> answers(2);
  for (auto& answer : answers)
    spawn_post(loop_, *http, cancellation_, answer);
  for (auto& answer : answers) {
    while (!answer)
      loop_.run_one();
    ASSERT_TRUE(*answer) << answer->error().text();
  }
  loop_.restart();
  loop_.run();  // until the sweep has run: nothing else is left to do
  std::optional<Result<Answer>> third;
  spawn_post(loop_, *http, cancellation_, third);
  run_until(loop_, [&] { return third.has_value(); });
  EXPECT_TRUE(*third);
}

TEST_F(HttpClientTest, CloseFailsThoseInLine) {
  options_.max_connections = 1;
  ScriptedServer server([](ScriptedServer::Peer& peer) { peer.wait_for_end(); });
  auto http = client(server.url());
  std::vector<std::optional<Result<Answer>>> answers(3);
  for (auto& answer : answers)
    spawn_post(loop_, *http, cancellation_, answer);
  loop_.poll();
  http->close();
  for (auto& answer : answers) {
    while (!answer)
      loop_.run_one();
    ASSERT_FALSE(*answer);
    EXPECT_EQ(answer->error().code, ErrorCode::shutting_down);
  }
}

TEST_F(HttpClientTest, AnAnswerLetGoOfClosesItsConnection) {
  std::promise<void> closed;
  ScriptedServer server([&](ScriptedServer::Peer& peer) {
    peer.request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
    peer.wait_for_end();
    closed.set_value();
  });
  auto http = client(server.url());
  auto head_only = [](HttpClient& to, Cancellation& cancellation) -> Task<Result<int>> {
    HttpClientRequest request{"GET", "", {}, ""};
    auto response = co_await to.send(request, cancellation);
    if (!response) co_return std::unexpected(response.error());
    co_return (*response)->status();
  };
  EXPECT_EQ(run_task(loop_, head_only(*http, cancellation_)).value(), 200);
  closed.get_future().wait();
}

TEST_F(HttpClientTest, TheLoopMayEndInTheMiddle) {
  ScriptedServer server([](ScriptedServer::Peer& peer) { peer.wait_for_end(); });
  options_.max_connections = 1;
  auto loop = std::make_unique<boost::asio::io_context>();
  auto http = make_http_client(loop->get_executor(), Url::parse(server.url()).value(), options_);
  std::vector<std::optional<Result<Answer>>> answers(2);
  for (auto& answer : answers)
    spawn_post(*loop, *http, cancellation_, answer);
  loop->poll();
  http.reset();
  loop.reset();
}

}  // namespace
}  // namespace mcp
