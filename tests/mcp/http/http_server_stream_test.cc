#include <malloc.h>
#include <sys/resource.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <gtest/gtest.h>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "mcp/base/yield.h"
#include "tests/mcp/http/http_server_fixture.h"

namespace mcp {
namespace {

using std::chrono::milliseconds;

const std::string kStream = "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string kGetNext = "GET /next HTTP/1.1\r\nHost: h\r\n\r\n";

/// Begins a stream on /stream and ends it when the server says that it is over, or when `go` is set; else echoes.
struct Streams {
  explicit Streams(const Executor& executor) : go(executor) {}

  Event go;
  std::atomic<int> ended{0};
  std::promise<void> first_end;
};

Task<void> stream_until_over(HttpExchange& exchange, std::shared_ptr<Streams> streams) {
  if (exchange.path() != "/stream") {
    co_await echo(exchange);
    co_return;
  }
  Event over(co_await boost::asio::this_coro::executor);
  exchange.begin_stream();
  exchange.on_stream_end([&over, streams] {
    if (streams->ended++ == 0) streams->first_end.set_value();
    over.set();
    streams->go.set();
  });
  co_await streams->go.wait();
  exchange.write("data: last\n\n");
  co_await exchange.end_stream();
}

class HttpServerStreamTest : public testing::Test {
 protected:
  void serve(HttpServerOptions options = {}) {
    server_ = std::make_unique<ServerUnderTest>([this](HttpExchange& exchange) { return stream_until_over(exchange, streams_); },
                                                options);
    server_->on_loop([this] { streams_ = std::make_shared<Streams>(server_->executor()); });
    ended_ = streams_->first_end.get_future();
  }

  void TearDown() override {
    server_->on_loop([this] { streams_->go.set(); });
    streams_.reset();
    server_.reset();
  }

  std::shared_ptr<Streams> streams_;
  std::future<void> ended_;
  std::unique_ptr<ServerUnderTest> server_;
};

TEST_F(HttpServerStreamTest, HeadComesAtOnceThenChunksThenTheNextRequest) {
  serve();
  RawClient client = server_->client();
  client.send(kStream);
  EXPECT_EQ(client.read_head().head,
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nX-Accel-Buffering: no\r\n"
            "Transfer-Encoding: chunked");
  server_->on_loop([this] { streams_->go.set(); });
  EXPECT_EQ(client.read_chunk(), "data: last\n\n");
  EXPECT_EQ(client.read_chunk(), "");
  client.send(kGetNext);
  EXPECT_EQ(client.read_response().body, "GET /next ");
  EXPECT_EQ(streams_->ended, 0);
}

TEST_F(HttpServerStreamTest, PipelinedRequestWaitsForTheEndOfTheStream) {
  serve();
  RawClient client = server_->client();
  client.send(kStream);
  client.read_head();
  client.send(kGetNext);
  server_->on_loop([] {});
  server_->on_loop([this] { streams_->go.set(); });
  EXPECT_EQ(client.read_chunk(), "data: last\n\n");
  EXPECT_EQ(client.read_chunk(), "");
  EXPECT_EQ(client.read_response().body, "GET /next ");
  EXPECT_EQ(streams_->ended, 0);
}

TEST_F(HttpServerStreamTest, ClientGoneIsNoticed) {
  serve();
  for (const bool reset : {false, true}) {
    RawClient client = server_->client();
    client.send(kStream);
    client.read_head();
    if (reset) {
      client.reset();
    } else {
      client.close();
    }
    wait_for(ended_);
    EXPECT_EQ(streams_->ended, 1);
    server_->on_loop([this] { streams_ = std::make_shared<Streams>(server_->executor()); });
    ended_ = streams_->first_end.get_future();
  }
}

TEST_F(HttpServerStreamTest, HalfClosedClientIsGone) {
  serve();
  RawClient client = server_->client();
  client.send(kStream);
  client.read_head();
  client.shutdown_send();
  wait_for(ended_);
  EXPECT_TRUE(client.at_end());
}

TEST(HttpServerStreamsTest, HttpTenStreamsUntilClose) {
  ServerUnderTest server([](HttpExchange& exchange) -> Task<void> {
    const std::vector<std::pair<std::string_view, std::string_view>> headers = {{"Mcp-Session-Id", "s"}};
    exchange.begin_stream(headers);
    exchange.write("one ");
    exchange.write("");
    exchange.write("two");
    co_await exchange.end_stream();
  });
  RawClient client = server.client();
  client.send("GET / HTTP/1.0\r\n\r\n");
  const RawResponse response = client.read_response();
  EXPECT_EQ(response.head,
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nMcp-Session-Id: s\r\nCache-Control: no-cache\r\n"
            "X-Accel-Buffering: no\r\nConnection: close");
  EXPECT_EQ(response.body, "one two");
}

TEST(HttpServerStreamsTest, EachWriteIsAChunkAndAllGoTogether) {
  ServerUnderTest server([](HttpExchange& exchange) -> Task<void> {
    exchange.begin_stream();
    for (int i = 0; i < 100; ++i)
      exchange.write(std::to_string(i));
    co_await exchange.end_stream();
  });
  RawClient client = server.client();
  client.send(kStream + kStream);
  for (int answer = 0; answer < 2; ++answer) {
    client.read_head();
    for (int i = 0; i < 100; ++i)
      ASSERT_EQ(client.read_chunk(), std::to_string(i));
    EXPECT_EQ(client.read_chunk(), "");
  }
}

TEST(HttpServerStreamsTest, HeadOfAStreamHasNoBody) {
  ServerUnderTest server([](HttpExchange& exchange) -> Task<void> {
    exchange.begin_stream();
    exchange.write("data");
    co_await exchange.end_stream();
  });
  RawClient client = server.client();
  client.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n" + kGetNext);
  EXPECT_EQ(client.read_response(true).status, 200);
  EXPECT_EQ(client.read_response().body, "data");
}

TEST(HttpServerStreamsTest, UnfinishedStreamIsCutOff) {
  ServerUnderTest server([](HttpExchange& exchange) -> Task<void> {
    exchange.begin_stream();
    exchange.write("data");
    co_return;
  });
  RawClient client = server.client();
  client.send(kStream);
  const std::string all = client.read_to_end();
  EXPECT_FALSE(all.ends_with("0\r\n\r\n")) << all;
}

TEST(HttpServerStreamsTest, LargeStreamToAClientThatReads) {
  constexpr std::size_t kPieces = 300;
  ServerUnderTest server([](HttpExchange& exchange) -> Task<void> {
    exchange.begin_stream();
    for (std::size_t i = 0; i < kPieces; ++i) {
      exchange.write(std::string(i * 100, static_cast<char>('a' + i % 26)));
      if (i % 16 == 0) co_await yield_to_others();
    }
    co_await exchange.end_stream();
  });
  RawClient client(4096);
  client.connect(server.port());
  client.send(kStream + kGetNext);
  client.read_head();
  for (std::size_t i = 1; i < kPieces; ++i)
    ASSERT_EQ(client.read_chunk(), std::string(i * 100, static_cast<char>('a' + i % 26)));
  EXPECT_EQ(client.read_chunk(), "");
  EXPECT_EQ(client.read_head().status, 200);
}

TEST(HttpServerStreamsTest, OneMessageMayExceedTheBound) {
  HttpServerOptions options;
  options.max_queued = 1000;
  const std::string large(10'000'000, 'x');
  ServerUnderTest server(
      [&](HttpExchange& exchange) -> Task<void> {
        exchange.begin_stream();
        exchange.write(large);
        exchange.write("last");
        co_await exchange.end_stream();
      },
      options);
  RawClient client = server.client();
  client.send(kStream);
  client.read_head();
  EXPECT_EQ(client.read_chunk().size(), large.size());
  EXPECT_EQ(client.read_chunk(), "last");
  EXPECT_EQ(client.read_chunk(), "");
}

struct SlowReader {
  std::size_t written = 0;
  StreamWrite last_write = StreamWrite::queued;
  StreamWrite write_after = StreamWrite::queued;
  bool ended = false;
};

Task<void> write_without_end(HttpExchange& exchange, std::promise<SlowReader>& outcome) {
  SlowReader reader;
  Event over(co_await boost::asio::this_coro::executor);
  exchange.begin_stream();
  exchange.on_stream_end([&over] { over.set(); });
  const std::string piece(64 << 10, 'x');
  while ((reader.last_write = exchange.write(piece)) == StreamWrite::queued) {
    reader.written += piece.size();
    if (reader.written % (1 << 20) == 0) co_await yield_to_others();
  }
  reader.write_after = exchange.write("more");
  reader.ended = co_await over.wait_until(std::chrono::steady_clock::now() + kPatience);
  co_await exchange.end_stream();
  outcome.set_value(reader);
}

TEST(HttpServerStreamsTest, SlowReaderIsBoundAndClosed) {
  HttpServerOptions options;
  options.max_queued = std::size_t{2} << 20;
  std::promise<SlowReader> promise;
  auto outcome = promise.get_future();
  ServerUnderTest server([&](HttpExchange& exchange) { return write_without_end(exchange, promise); }, options);
  RawClient client(4096);
  client.connect(server.port());
  client.send(kStream);
  const SlowReader reader = wait_for(outcome);
  EXPECT_GE(reader.written, options.max_queued);
  EXPECT_LT(reader.written, options.max_queued + (std::size_t{16} << 20)) << "the bound, and what the kernel holds";
  EXPECT_EQ(reader.last_write, StreamWrite::unread);
  EXPECT_EQ(reader.write_after, StreamWrite::gone);
  EXPECT_TRUE(reader.ended);
}

Task<void> write_much(HttpExchange& exchange, std::promise<void>& done) {
  Event over(co_await boost::asio::this_coro::executor);
  exchange.begin_stream();
  exchange.on_stream_end([&over] { over.set(); });
  exchange.write(std::string(40'000'000, 'x'));
  if (exchange.path() == "/stream") co_await over.wait();
  co_await exchange.end_stream();
  done.set_value();
}

TEST(HttpServerStreamsTest, StreamWithoutProgressIsClosed) {
  HttpServerOptions options;
  options.write_timeout = milliseconds(40);
  for (const std::string& wire : {kStream, kGetNext}) {
    SCOPED_TRACE(wire);
    std::promise<void> promise;
    auto done = promise.get_future();
    ServerUnderTest server([&](HttpExchange& exchange) { return write_much(exchange, promise); }, options);
    RawClient client(4096);
    client.connect(server.port());
    client.send(wire);
    client.read_head();
    wait_for(done);
  }
}

TEST(HttpServerStreamsTest, IdleStreamIsNotCutOff) {
  HttpServerOptions options;
  options.head_timeout = options.body_timeout = options.idle_timeout = options.write_timeout = milliseconds(40);
  ServerUnderTest server(
      [&](HttpExchange& exchange) -> Task<void> {
        exchange.begin_stream();
        co_await outlast_idle_connection(server.port());
        exchange.write("late");
        co_await exchange.end_stream();
      },
      options);
  RawClient client = server.client_with(kStream);
  EXPECT_EQ(client.read_response().body, "late");
}

std::size_t threads() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

/// Raises the limit on descriptors to as many, or as near to it as the system lets us; what it is then.
std::size_t raise_descriptor_limit(rlim_t wanted) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = std::max(limit.rlim_cur, std::min(limit.rlim_max, wanted));
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

TEST_F(HttpServerStreamTest, ThousandsOfIdleStreams) {
  constexpr std::size_t kOthers = 200;  // descriptors that are no end of a stream
  const std::size_t allowed = raise_descriptor_limit(2 * 2000 + kOthers);
  ASSERT_GT(allowed, 2 * kOthers);
  const std::size_t count = std::min<std::size_t>(2000, (allowed - kOthers) / 2);
  serve();
  std::vector<RawClient> clients;
  clients.reserve(count);
  const auto open_one = [&] {
    clients.push_back(server_->client());
    clients.back().send(kStream);
    EXPECT_EQ(clients.back().read_head().status, 200);
  };
  open_one();
  const std::size_t threads_before = threads();
  const std::size_t heap_before = mallinfo2().uordblks;
  while (clients.size() < count)
    open_one();
  EXPECT_EQ(server_->connections(), count);
  const std::size_t heap = (mallinfo2().uordblks - heap_before) / (count - 1);
  RecordProperty("heap_bytes_per_stream", static_cast<int>(heap));
  std::cout << "heap per idle stream of " << count << ", client included: " << heap << " bytes\n";
  EXPECT_EQ(threads(), threads_before);
  RawClient other = server_->client();
  other.send(kGetNext);
  EXPECT_EQ(other.read_response().body, "GET /next ");
  server_->on_loop([this] { streams_->go.set(); });
  for (RawClient& client : clients) {
    EXPECT_EQ(client.read_chunk(), "data: last\n\n");
    EXPECT_EQ(client.read_chunk(), "");
  }
}

}  // namespace
}  // namespace mcp
