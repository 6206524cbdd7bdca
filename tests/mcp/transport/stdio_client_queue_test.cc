// What a StdioClient keeps for a server that does not read.
#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>
#include <string>

#include "mcp/transport/stdio_client.h"
#include "tests/support/captured_log.h"
#include "tests/support/programs.h"
#include "tests/support/run_task.h"

namespace mcp {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

constexpr std::size_t kMaxQueued = 8'000'000;

class Silent : public Transport::Receiver {
 public:
  void on_message(Message, std::optional<std::uint64_t>) override {}
  void on_closed(const Error&) override {}
};

/// A client whose server reads nothing.
class StdioClientQueueTest : public testing::Test {
 protected:
  StdioClientQueueTest() {
    ChildSpec spec;
    spec.command = "sleep";
    spec.args = {"1000"};
    StdioClientOptions options;
    options.max_queued = kMaxQueued;
    client_ = make_stdio_client(loop_.get_executor(), *launcher_, spec, std::move(options));
    EXPECT_TRUE(run_task(loop_, client_->open(receiver_)));
  }

  ~StdioClientQueueTest() override { run_task(loop_, client_->close(milliseconds(1))); }

  /// Runs what is ready.
  void write() {
    loop_.restart();
    while (loop_.poll() != 0) {
    }
  }

  static Message large_request(const std::string& id, std::size_t size) {
    return Message::request(id, "x", "{\"t\":\"" + std::string(size, 'y') + "\"}");
  }

  boost::asio::io_context loop_{1};
  std::unique_ptr<ProcessLauncher> launcher_ = make_process_launcher({.guardian = program_path("switchyard-guardian")});
  Silent receiver_;
  std::shared_ptr<StdioClient> client_;
};

TEST_F(StdioClientQueueTest, AnswersToItsOwnRequestsTakeLittleOfTheQueue) {
  const std::string result = "{\"t\":\"" + std::string(1000, 'z') + "\"}";
  for (int i = 0; i < 5000; ++i)
    client_->send(Message::result(std::to_string(i), result));
  write();
  Cancellation cancellation;
  std::optional<Result<Message>> answer;
  spawn_task(loop_, client_->request(large_request("1", kMaxQueued - 500'000), 1, cancellation), answer);
  write();
  EXPECT_FALSE(answer) << answer->error().text();
  cancellation.request({ErrorCode::cancelled, "enough"});
  run_until(loop_, [&] { return answer.has_value(); });
}

TEST_F(StdioClientQueueTest, DroppedMessagesAreToldOnce) {
  const CapturedLog captured(LogFormat::text, "warn");
  for (int i = 0; i < 12; ++i) {
    client_->send(Message::notification("x", "{\"t\":\"" + std::string(1'000'000, 'z') + "\"}"));
    write();
  }
  const auto lines = captured.lines();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0], HasSubstr("messages are dropped"));
}

}  // namespace
}  // namespace mcp
