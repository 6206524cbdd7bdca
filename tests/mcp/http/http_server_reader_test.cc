#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "mcp/http/server_reader.h"

namespace mcp {
namespace {

using namespace std::string_literals;

constexpr std::size_t kMaxHead = 512;
constexpr std::size_t kMaxBody = 64;
constexpr std::size_t kBuffer = 1024;
const std::vector<std::size_t> kFragments = {1, 2, 3, 7, 64, 1 << 20};

std::string describe(RequestReader& reader) {
  const RequestHead& head = reader.head();
  std::string text(head.method());
  text.append(" ").append(head.path());
  if (!head.query().empty()) text.append("?").append(head.query());
  if (!head.keep_alive()) text += " close";
  return text.append(" [").append(reader.take_body()).append("]; ");
}

/// What the reader makes of the wire text when it comes in pieces of this size: requests, then the refusal's status or "more".
std::string read_all(std::string_view wire, std::size_t first, std::size_t piece) {
  BufferPool pool(kBuffer);
  BodyBudget bodies(kMaxBody);
  RequestReader reader(pool, bodies, kMaxHead, kMaxBody);
  std::string outcome;
  while (true) {
    const RequestReader::Step step = reader.advance();
    if (step == RequestReader::Step::request) {
      outcome += describe(reader);
      reader.finish();
      reader.release_buffer();
    } else if (step == RequestReader::Step::refused) {
      return outcome + std::to_string(reader.refusal().status);
    } else {
      if (wire.empty()) return outcome + (reader.phase() == RequestReader::Phase::idle ? "idle" : "more");
      const auto space = reader.space();
      if (space.size() == 0) return outcome + "no space";
      const std::size_t count = std::min({first, wire.size(), space.size()});
      std::memcpy(space.data(), wire.data(), count);
      reader.commit(count);
      wire.remove_prefix(count);
      first = piece;
    }
  }
}

struct ReaderCase {
  std::string name;
  std::string wire;
  std::string outcome;
};

void PrintTo(const ReaderCase& c, std::ostream* out) {
  *out << c.name;
}

class RequestReaderTest : public testing::TestWithParam<ReaderCase> {};

TEST_P(RequestReaderTest, SameOutcomeInAllFragments) {
  for (const std::size_t piece : kFragments)
    EXPECT_EQ(read_all(GetParam().wire, piece, piece), GetParam().outcome) << "pieces of " << piece;
}

TEST_P(RequestReaderTest, SameOutcomeInAllSplits) {
  const std::string& wire = GetParam().wire;
  for (std::size_t split = 1; split < wire.size(); ++split)
    ASSERT_EQ(read_all(wire, split, wire.size()), GetParam().outcome) << "split at " << split;
}

std::string post_with(std::string_view headers, std::string_view body = {}) {
  return "POST /mcp HTTP/1.1\r\nHost: h\r\n" + std::string(headers) + "\r\n" + std::string(body);
}

std::string chunked(std::string_view body) {
  return post_with("Transfer-Encoding: chunked\r\n", body);
}

const std::string kNext = "GET /next HTTP/1.1\r\nHost: h\r\n\r\n";

const std::vector<ReaderCase> kGood = {
    {"plain", "GET /a/b?c=d HTTP/1.1\r\nHost: h\r\n\r\n", "GET /a/b?c=d []; idle"},
    {"any method", "PROPFIND / HTTP/1.1\r\nHost: h\r\n\r\n", "PROPFIND / []; idle"},
    {"blank line first", "\r\n" + kNext, "GET /next []; idle"},
    {"body", post_with("Content-Length: 5\r\n", "hello"), "POST /mcp [hello]; idle"},
    {"body of the greatest size",
     post_with("Content-Length: 64\r\n", std::string(64, 'x')),
     "POST /mcp [" + std::string(64, 'x') + "]; idle"},
    {"no length, no body", post_with("") + kNext, "POST /mcp []; GET /next []; idle"},
    {"pipelined",
     post_with("Content-Length: 2\r\n", "ab") + kNext + post_with("Content-Length: 1\r\n", "c"),
     "POST /mcp [ab]; GET /next []; POST /mcp [c]; idle"},
    {"a GET's body is not a request",
     "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 16\r\n\r\nGET /x HTTP/1.1\n" + kNext,
     "GET / [GET /x HTTP/1.1\n]; GET /next []; idle"},
    {"chunks", chunked("3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n") + kNext, "POST /mcp [abc0123456789]; GET /next []; idle"},
    {"no chunk", chunked("0\r\n\r\n") + kNext, "POST /mcp []; GET /next []; idle"},
    {"chunk extensions and trailers",
     chunked("3;a=b;c=\"d\"\r\nabc\r\n0;e\r\nX: y\r\n\r\n") + kNext,
     "POST /mcp [abc]; GET /next []; idle"},
    {"absolute target", "GET http://h:1/x?y HTTP/1.1\r\nHost: h\r\n\r\n", "GET /x?y []; idle"},
    {"absolute target without path", "GET HTTP://h HTTP/1.1\r\nHost: h\r\n\r\n", "GET / []; idle"},
    {"absolute target with query only", "GET http://h?y HTTP/1.1\r\nHost: h\r\n\r\n", "GET /?y []; idle"},
    {"HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", "GET / close []; idle"},
    {"close", "GET / HTTP/1.1\r\nHost: h\r\nConnection: foo, Close\r\n\r\n", "GET / close []; idle"},
    {"half a head", "GET / HTTP/1.1\r\nHost: h\r\n", "more"},
    {"half a body", post_with("Content-Length: 5\r\n", "hell"), "more"},
    {"half a chunk", chunked("5\r\nhell"), "more"},
    {"nothing", "", "idle"},
};
INSTANTIATE_TEST_SUITE_P(Good, RequestReaderTest, testing::ValuesIn(kGood));

const std::vector<ReaderCase> kMalformed = {
    {"no request", "\x16\x03\x01\x02", "400"},
    {"two blank lines", "\r\n\r\n" + kNext, "400"},
    {"lone CR first", "\rGET / HTTP/1.1\r\nHost: h\r\n\r\n", "400"},
    {"bare LF", "GET / HTTP/1.1\nHost: h\n\n", "400"},
    {"one bare LF", "GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n", "400"},
    {"bare CR in a value", "GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n", "400"},
    {"NUL in a value", "GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n"s, "400"},
    {"control character in a name", "GET / HTTP/1.1\r\nHost: h\r\nX\x01: a\r\n\r\n", "400"},
    {"blank before the colon", "GET / HTTP/1.1\r\nHost: h\r\nX : a\r\n\r\n", "400"},
    {"empty name", "GET / HTTP/1.1\r\nHost: h\r\n: a\r\n\r\n", "400"},
    {"no colon", "GET / HTTP/1.1\r\nHost: h\r\nX\r\n\r\n", "400"},
    {"folded value", "GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n", "400"},
    {"folded after nothing", "GET / HTTP/1.1\r\nHost: h\r\nX:\r\n b\r\n\r\n", "400"},
    {"folded into nothing", "GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n\t\r\n\r\n", "400"},
    {"no target", "GET HTTP/1.1\r\nHost: h\r\n\r\n", "400"},
    {"target is no path", "GET mcp HTTP/1.1\r\nHost: h\r\n\r\n", "400"},
    {"other scheme", "GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n", "400"},
    {"asterisk", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "400"},
    {"CONNECT", "CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n", "400"},
    {"no Host", "GET / HTTP/1.1\r\nX: y\r\n\r\n", "400"},
    {"empty Host", "GET / HTTP/1.1\r\nHost: \r\n\r\n", "400"},
    {"two Hosts", "GET / HTTP/1.1\r\nHost: h\r\nhOST: h\r\n\r\n", "400"},
    {"two content types", post_with("Content-Type: a/b\r\nContent-Type: a/b\r\n"), "400"},
    {"two origins", post_with("Origin: http://a\r\nOrigin: http://b\r\n"), "400"},
    {"two session ids", post_with("Mcp-Session-Id: a\r\nmcp-session-id: b\r\n"), "400"},
    {"two protocol versions", post_with("MCP-Protocol-Version: a\r\nMcp-Protocol-Version: b\r\n"), "400"},
    {"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"},
    {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: h\r\n\r\n", "505"},
    {"no version", "GET / HTTX/1.1\r\nHost: h\r\n\r\n", "400"},
    {"version with a tail", "GET / HTTP/1.1x\r\nHost: h\r\n\r\n", "400"},
};
INSTANTIATE_TEST_SUITE_P(Malformed, RequestReaderTest, testing::ValuesIn(kMalformed));

const std::vector<ReaderCase> kSmuggling = {
    {"length and chunked", post_with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), "400"},
    {"chunked and length", post_with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), "400"},
    {"two lengths", post_with("Content-Length: 5\r\nContent-Length: 6\r\n", "hello"), "400"},
    {"the same length twice", post_with("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), "400"},
    {"list of lengths", post_with("Content-Length: 5, 5\r\n", "hello"), "400"},
    {"signed length", post_with("Content-Length: +5\r\n", "hello"), "400"},
    {"negative length", post_with("Content-Length: -5\r\n", "hello"), "400"},
    {"hexadecimal length", post_with("Content-Length: 0x5\r\n", "hello"), "400"},
    {"empty length", post_with("Content-Length: \r\n", "hello"), "400"},
    {"length beyond 64 bits", post_with("Content-Length: 18446744073709551621\r\n", "hello"), "400"},
    {"other encoding", post_with("Transfer-Encoding: gzip\r\n", "hello"), "501"},
    {"encoding before chunked", post_with("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), "501"},
    {"encoding after chunked", post_with("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"), "501"},
    {"nearly chunked", post_with("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), "501"},
    {"quoted chunked", post_with("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n"), "501"},
    {"empty encoding", post_with("Transfer-Encoding:\r\n", "0\r\n\r\n"), "501"},
    {"chunked twice", post_with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), "400"},
    {"encoding with a vertical tab", post_with("Transfer-Encoding:\vchunked\r\n", "0\r\n\r\n"), "400"},
    {"encoding with a blank before the colon", post_with("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"), "400"},
    {"encoding in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
    {"chunk size with a sign", chunked("+3\r\nabc\r\n0\r\n\r\n"), "400"},
    {"chunk size with 0x", chunked("0x3\r\nabc\r\n0\r\n\r\n"), "400"},
    {"chunk size beyond 64 bits", chunked("10000000000000003\r\nabc\r\n0\r\n\r\n"), "400"},
    {"no chunk size", chunked("\r\nabc\r\n0\r\n\r\n"), "400"},
    {"chunk longer than its size", chunked("3\r\nabcd\r\n0\r\n\r\n"), "400"},
    {"length in the trailer", chunked("0\r\nContent-Length: 5\r\n\r\n"), "400"},
};
INSTANTIATE_TEST_SUITE_P(Smuggling, RequestReaderTest, testing::ValuesIn(kSmuggling));

const std::vector<ReaderCase> kTooLarge = {
    {"head", "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(kMaxHead, 'x') + "\r\n\r\n", "431"},
    {"endless head", "GET /" + std::string(2 * kBuffer, 'x'), "431"},
    {"declared body", post_with("Content-Length: 65\r\n"), "413"},
    {"greatest declared body", post_with("Content-Length: 18446744073709551615\r\n"), "413"},
    {"chunked body", chunked("40\r\n" + std::string(64, 'x') + "\r\n1\r\nx\r\n0\r\n\r\n"), "413"},
    {"declared chunk", chunked("41\r\n"), "413"},
    {"endless chunk extension", chunked("1;" + std::string(2 * kBuffer, 'x')), "400"},
    {"endless trailer", chunked("0\r\nX: " + std::string(2 * kBuffer, 'x')), "400"},
};
INSTANTIATE_TEST_SUITE_P(TooLarge, RequestReaderTest, testing::ValuesIn(kTooLarge));

/// A reader with room for bodies of `room` bytes in all.
class BodyBudgetTest : public testing::Test {
 protected:
  static constexpr std::size_t kRoom = 100;

  static RequestReader::Step feed(RequestReader& reader, std::string_view wire) {
    auto step = RequestReader::Step::need_bytes;
    while (!wire.empty() && step == RequestReader::Step::need_bytes) {
      const auto space = reader.space();
      const std::size_t count = std::min(space.size(), wire.size());
      std::memcpy(space.data(), wire.data(), count);
      reader.commit(count);
      wire.remove_prefix(count);
      step = reader.advance();
    }
    return step;
  }

  BufferPool pool_{kBuffer};
  BodyBudget bodies_{kRoom};
};

TEST_F(BodyBudgetTest, CountsWhatCameUntilItIsTaken) {
  using Step = RequestReader::Step;
  RequestReader one(pool_, bodies_, kMaxHead, kRoom), two(pool_, bodies_, kMaxHead, kRoom);
  EXPECT_EQ(feed(one, post_with("Content-Length: 60\r\n")), Step::need_bytes);
  EXPECT_EQ(bodies_.used(), 0u) << "a length alone costs nothing";
  EXPECT_EQ(feed(one, std::string(50, 'x')), Step::need_bytes);
  EXPECT_EQ(bodies_.used(), 50u);
  EXPECT_EQ(feed(two, post_with("Content-Length: 51\r\n")), Step::refused);
  EXPECT_EQ(two.refusal().status, 503);
  EXPECT_EQ(feed(one, std::string(10, 'x')), Step::request);
  EXPECT_EQ(bodies_.used(), 60u);
  EXPECT_EQ(one.take_body().size(), 60u);
  EXPECT_EQ(bodies_.used(), 0u);
  one.finish();
  EXPECT_EQ(bodies_.used(), 0u);
}

TEST_F(BodyBudgetTest, GivesBackWhatWasNeverTaken) {
  using Step = RequestReader::Step;
  {
    RequestReader one(pool_, bodies_, kMaxHead, kRoom), two(pool_, bodies_, kMaxHead, kRoom);
    EXPECT_EQ(feed(one, post_with("Content-Length: 30\r\n")), Step::need_bytes);
    EXPECT_EQ(feed(one, std::string(30, 'x')), Step::request);
    EXPECT_EQ(feed(two, chunked("14\r\n" + std::string(15, 'x'))), Step::need_bytes);
    EXPECT_EQ(bodies_.used(), 45u);
    one.finish();
    EXPECT_EQ(bodies_.used(), 15u);
  }
  EXPECT_EQ(bodies_.used(), 0u);
}

TEST_F(BodyBudgetTest, ABodyThatOutgrowsTheRoomIsRefusedAndForgotten) {
  using Step = RequestReader::Step;
  RequestReader one(pool_, bodies_, kMaxHead, kRoom), two(pool_, bodies_, kMaxHead, kRoom), three(pool_, bodies_, kMaxHead, kRoom);
  EXPECT_EQ(feed(one, post_with("Content-Length: 80\r\n")), Step::need_bytes);
  EXPECT_EQ(feed(two, chunked("32\r\n" + std::string(40, 'x'))), Step::need_bytes);
  EXPECT_EQ(feed(one, std::string(50, 'x')), Step::need_bytes);
  EXPECT_EQ(feed(one, std::string(20, 'x')), Step::refused);
  EXPECT_EQ(one.refusal().status, 503);
  EXPECT_EQ(bodies_.used(), 40u);
  // What comes whole with its head is not counted.
  bodies_.take(60);
  EXPECT_EQ(feed(three, post_with("Content-Length: 20\r\n") + std::string(20, 'x')), Step::request);
  EXPECT_EQ(feed(two, std::string(5, 'x')), Step::refused);
  EXPECT_EQ(bodies_.used(), 60u);
  bodies_.give_back(60);
}

TEST(RequestReaderLimitsTest, TooManyHeaders) {
  BufferPool pool(8192);
  BodyBudget bodies(kMaxBody);
  RequestReader reader(pool, bodies, 8192, kMaxBody);
  std::string wire = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (int i = 0; i < 200; ++i)
    wire += "X: y\r\n";
  wire += "\r\n";
  const auto space = reader.space();
  ASSERT_GE(space.size(), wire.size());
  std::memcpy(space.data(), wire.data(), wire.size());
  reader.commit(wire.size());
  ASSERT_EQ(reader.advance(), RequestReader::Step::refused);
  EXPECT_EQ(reader.refusal().status, 431);
}

}  // namespace
}  // namespace mcp
