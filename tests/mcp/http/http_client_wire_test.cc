#include <gmock/gmock.h>
#include <vector>

#include "tests/mcp/http/http_client_test.h"

namespace mcp {
namespace {

using testing::HasSubstr;

struct WireCase {
  std::string name;
  std::string wire;
  int status;
  std::string body;
};

std::vector<WireCase> good_answers() {
  const std::string json = R"({"jsonrpc":"2.0","id":1,"result":{}})";
  const std::string large(300'000, 'x');
  return {
      {"length", http_answer(200, "application/json", json), 200, json},
      {"empty", http_answer(200, "application/json", ""), 200, ""},
      {"one chunk", chunked_answer(200, "application/json", json, 1000), 200, json},
      {"small chunks", chunked_answer(200, "application/json", json, 1), 200, json},
      {"chunk extensions and trailers",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nab\r\n3\r\ncde\r\n0\r\nX-T: 1\r\nContent-Type: x\r\n\r\n",
       200,
       "abcde"},
      {"until the end", "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n" + json, 200, json},
      {"HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nabc", 200, "abc"},
      {"no content", "HTTP/1.1 204 No Content\r\n\r\n", 204, ""},
      {"no content with a length", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", 204, ""},
      {"not modified", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, ""},
      {"no reason", "HTTP/1.1 202 \r\nContent-Length: 0\r\n\r\n", 202, ""},
      {"interim answers are skipped",
       "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + http_answer(201, "a/b", "ok"),
       201,
       "ok"},
      {"the same length twice", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", 200, "ok"},
      {"redirects are answers", http_answer(307, "", "", "Location: http://127.0.0.1:1/\r\n"), 307, ""},
      {"large, length", http_answer(200, "a/b", large), 200, large},
      {"large, chunks", chunked_answer(200, "a/b", large, 70'000), 200, large},
  };
}

TEST_F(HttpClientTest, ReadsAnswersInPiecesOfAnySize) {
  for (const auto& [name, wire, status, body] : good_answers()) {
    for (std::size_t piece : {1UL, 2UL, 3UL, 7UL, 64UL, 0UL}) {
      if (wire.size() > 100'000 && piece != 0 && piece < 64) continue;
      SCOPED_TRACE(name + " in pieces of " + std::to_string(piece));
      ScriptedServer server([&](ScriptedServer::Peer& peer) {
        if (!peer.request().empty()) peer.send(wire, piece);
      });
      auto http = client(server.url());
      auto whole = post(*http);
      ASSERT_TRUE(whole) << whole.error().text();
      EXPECT_EQ(whole->status, status);
      EXPECT_EQ(whole->body, body);
      http = client(server.url());
      auto pieces = get(*http);
      ASSERT_TRUE(pieces) << pieces.error().text();
      EXPECT_EQ(pieces->body, body);
    }
  }
}

struct HostileCase {
  std::string name;
  std::string wire;
  ErrorCode code;
  bool reset = false;
};

std::vector<HostileCase> hostile_answers() {
  const std::string megabyte(1'000'000, 'x');
  const std::string head = "HTTP/1.1 200 OK\r\n";
  return {
      {"nothing", "", ErrorCode::connection_lost},
      {"a reset", "", ErrorCode::connection_lost, true},
      {"half a head", head + "Content-", ErrorCode::connection_lost},
      {"a length too long", head + "Content-Length: 10\r\n\r\nabc", ErrorCode::connection_lost},
      {"a reset in the body", head + "Content-Length: 10\r\n\r\nabc", ErrorCode::connection_lost, true},
      {"a huge length", head + "Content-Length: 18446744073709551615\r\n\r\nabc", ErrorCode::too_large},
      {"over the limit", head + "Content-Length: 5000000\r\n\r\nabc", ErrorCode::too_large},
      {"much promised, little sent", head + "Content-Length: 3900000\r\n\r\nabc", ErrorCode::connection_lost},
      {"more than 64 bits", head + "Content-Length: 28446744073709551616\r\n\r\nabc", ErrorCode::not_mcp},
      {"negative length", head + "Content-Length: -1\r\n\r\nabc", ErrorCode::not_mcp},
      {"length that is no number", head + "Content-Length: x\r\n\r\nabc", ErrorCode::not_mcp},
      {"two lengths", head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nabc", ErrorCode::not_mcp},
      {"length and chunks", head + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ErrorCode::not_mcp},
      {"a status line of a megabyte", "HTTP/1.1 200 " + megabyte, ErrorCode::too_large},
      {"a header of a megabyte", head + "X: " + megabyte, ErrorCode::too_large},
      {"a megabyte of headers",
       head +
           [] {
             std::string out;
             for (int i = 0; i < 100'000; ++i)
               out += "X-A: bcd\r\n";
             return out;
           }(),
       ErrorCode::too_large},
      {"a megabyte without a line break", megabyte, ErrorCode::not_mcp},
      {"not HTTP", "SSH-2.0-OpenSSH_9.2\r\n\r\n", ErrorCode::not_mcp},
      {"HTTP/2", "HTTP/2 200 OK\r\n\r\n", ErrorCode::not_mcp},
      {"a status of two digits", "HTTP/1.1 20 OK\r\n\r\n", ErrorCode::not_mcp},
      {"status 000", "HTTP/1.1 000 OK\r\n\r\n", ErrorCode::not_mcp},
      {"switching protocols", "HTTP/1.1 101 OK\r\n\r\n", ErrorCode::not_mcp},
      {"a header with a blank in its name", head + "A B: c\r\n\r\n", ErrorCode::not_mcp},
      {"bare line feeds", "HTTP/1.1 200 OK\nContent-Length: 0\n\n\r\n\r\n", ErrorCode::not_mcp},
      {"endless interim answers",
       [] {
         std::string out;
         for (int i = 0; i < 1000; ++i)
           out += "HTTP/1.1 100 Continue\r\n\r\n";
         return out;
       }(),
       ErrorCode::not_mcp},
      {"chunk garbage", head + "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc", ErrorCode::not_mcp},
      {"a negative chunk", head + "Transfer-Encoding: chunked\r\n\r\n-1\r\nabc", ErrorCode::not_mcp},
      {"a chunk of more than 64 bits", head + "Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\nabc", ErrorCode::not_mcp},
      {"no line break after a chunk", head + "Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", ErrorCode::not_mcp},
      {"chunks without their end", head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", ErrorCode::connection_lost},
      {"a chunk extension of a megabyte", head + "Transfer-Encoding: chunked\r\n\r\n1;" + megabyte, ErrorCode::too_large},
      {"chunks over the limit", chunked_answer(200, "a/b", std::string(4'100'000, 'x'), 100'000), ErrorCode::too_large},
      {"without a length over the limit", head + "\r\n" + std::string(4'100'000, 'x'), ErrorCode::too_large},
  };
}

TEST_F(HttpClientTest, HostileAnswersAreErrors) {
  options_.max_body = 4'000'000;
  for (const auto& [name, wire, code, reset] : hostile_answers()) {
    for (std::size_t piece : {7UL, 64UL, 0UL}) {
      if (wire.size() > 100'000 && piece != 0) continue;
      SCOPED_TRACE(name + " in pieces of " + std::to_string(piece));
      ScriptedServer server([&](ScriptedServer::Peer& peer) {
        if (peer.request().empty()) return;
        peer.send(wire, piece);
        if (reset) peer.reset();
      });
      auto http = client(server.url());
      auto answer = post(*http);
      ASSERT_FALSE(answer) << answer->body.substr(0, 100);
      EXPECT_EQ(answer.error().code, code) << answer.error().text();
      EXPECT_THAT(answer.error().message, HasSubstr("127.0.0.1"));
    }
  }
}

}  // namespace
}  // namespace mcp
