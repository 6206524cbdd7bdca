// GET /api/v1/events over a socket.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "gateway/admin/admin_server.h"
#include "gateway/admin/worker_pool.h"
#include "tests/gateway/admin/fake_source.h"
#include "tests/gateway/admin/raw_connection.h"

namespace gateway {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class AdminEventsTest : public testing::Test {
 protected:
  AdminEventsTest() {
    auto started = start_admin_server({"127.0.0.1", 0}, kToken, source_);
    EXPECT_TRUE(started) << started.error().text();
    server_ = std::move(*started);
  }

  std::unique_ptr<RawConnection> follow(const std::string& query = "", const std::string& headers = "") const {
    auto connection = std::make_unique<RawConnection>(server_->port());
    EXPECT_TRUE(connection->send(request("/api/v1/events" + query, headers)));
    return connection;
  }

  static std::string request(const std::string& target, const std::string& headers = "") {
    return "GET " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " + kToken + "\r\n" + headers + "\r\n";
  }

  std::string get(const std::string& target) const { return ask_raw(server_->port(), request(target)); }

  FakeSource source_;
  std::unique_ptr<AdminServer> server_;
};

TEST_F(AdminEventsTest, TellsWhatHappensUntilTheGatewayStops) {
  const auto stream = follow();
  const std::string head = stream->receive_until("event: snapshot\n");
  EXPECT_THAT(head, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(head, HasSubstr("Content-Type: text/event-stream\r\n"));
  EXPECT_THAT(head, HasSubstr("Cache-Control: no-store\r\n"));
  source_.log.add("server", "files", R"({"n":1})");
  stream->receive_until("{\"n\":1}\n\n");
  source_.log.add("gateway", "", R"({"stopping":true})");
  server_->stop();
  EXPECT_THAT(stream->receive_all(), HasSubstr("{\"stopping\":true}\n\n"));
}

TEST_F(AdminEventsTest, NeedsTheTokenAndAServerThatThereIs) {
  EXPECT_THAT(ask_raw(server_->port(), "GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"), StartsWith("HTTP/1.1 401 "));
  const std::string unknown = get("/api/v1/events?server=fils");
  EXPECT_THAT(unknown, StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(unknown, HasSubstr(R"(did you mean \"files\"?)"));
  source_.error = mcp::Error{mcp::ErrorCode::timeout, "it is busy"};
  EXPECT_THAT(get("/api/v1/events"), StartsWith("HTTP/1.1 503 "));
}

TEST_F(AdminEventsTest, GoesOnWhereItBrokeOff) {
  source_.log.add("server", "files", R"({"n":1})");
  source_.log.add("server", "files", R"({"n":2})");
  const auto stream = follow("", "Last-Event-ID: " + source_.log.name() + ".1\r\n");
  EXPECT_THAT(stream->receive_until("{\"n\":2}\n\n"), Not(HasSubstr("snapshot")));
}

// A snapshot that does not fit into what the kernel keeps for a connection.
TEST_F(AdminEventsTest, WhoDoesNotReadDoesNotKeepTheGatewayFromStopping) {
  source_.answer.clashes.assign(20'000, std::string(1000, 'x'));
  const auto deaf = follow();
  deaf->receive_until("event: snapshot\n");
  const auto began = std::chrono::steady_clock::now();
  server_->stop();
  // Ten seconds is what a reader has that takes nothing, while the gateway runs.
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(8));
}

TEST_F(AdminEventsTest, ManyStreamsKeepNobodyElseWaiting) {
  std::vector<std::unique_ptr<RawConnection>> streams;
  for (std::size_t i = 0; i < WorkerPool::kMostLasting; ++i) {
    streams.push_back(follow());
    streams.back()->receive_until("event: snapshot\n");
  }
  const std::string refused = get("/api/v1/events");
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(refused, HasSubstr("streams"));
  EXPECT_THAT(get("/api/v1/servers"), StartsWith("HTTP/1.1 200 "));
  source_.log.add("server", "files", R"({"n":1})");
  for (const auto& stream : streams)
    stream->receive_until("{\"n\":1}\n\n");
}

TEST_F(AdminEventsTest, AClientThatLeavesMakesRoom) {
  std::vector<std::unique_ptr<RawConnection>> streams;
  for (std::size_t i = 0; i < WorkerPool::kMostLasting; ++i) {
    streams.push_back(follow());
    streams.back()->receive_until("event: snapshot\n");
  }
  streams.clear();
  // The threads notice without anything being sent; none of this takes a thread for good.
  for (std::size_t i = 0; i < WorkerPool::kMostLasting; ++i) {
    std::string answer;
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    do {
      streams.push_back(follow());
      answer = streams.back()->receive_until("\r\n");
    } while (answer.contains(" 503 ") && std::chrono::steady_clock::now() < until);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
  }
}

}  // namespace
}  // namespace gateway
