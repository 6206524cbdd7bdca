#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

#include "mcp/transport/message_pipe.h"
#include "tests/support/run_task.h"

namespace mcp {
namespace {

using testing::ElementsAre;

class Client : public Transport::Receiver {
 public:
  void on_message(Message message, std::optional<std::uint64_t>) override { seen.emplace_back(message.method()); }
  void on_closed(const Error& error) override { reasons.push_back(error.code); }

  std::vector<std::string> seen;
  std::vector<ErrorCode> reasons;
};

class MemoryPairTest : public testing::Test {
 protected:
  MemoryPairTest() { std::tie(transport_, pipe_) = make_memory_pair(loop_.get_executor()); }

  void open() {
    ASSERT_TRUE(run_task(loop_, transport_->open(client_)));
    MessagePipe::Receiver receiver;
    receiver.on_message = [this](Message message) {
      seen_.emplace_back(message.method());
      if (message.kind() == MessageKind::request && message.method() != "silence")
        pipe_->send(Message::result(message.id(), "true"));
    };
    receiver.on_closed = [this] { ++closed_; };
    pipe_->open(std::move(receiver));
  }

  void poll() {
    loop_.restart();
    loop_.poll();
  }

  Task<Result<Message>> ask(std::string method, std::uint64_t id) {
    Message message = Message::request(std::to_string(id), method, "{}");
    co_return co_await transport_->request(std::move(message), id, cancellation_);
  }

  boost::asio::io_context loop_;
  std::shared_ptr<Transport> transport_;
  std::shared_ptr<MessagePipe> pipe_;
  Client client_;
  std::vector<std::string> seen_;
  int closed_ = 0;
  Cancellation cancellation_;
};

TEST_F(MemoryPairTest, CarriesBothWaysInOrderAndNeverFromInsideSend) {
  transport_->send(Message::notification("early", "{}"));
  open();
  EXPECT_TRUE(pipe_->send(Message::notification("one", "{}")));
  EXPECT_TRUE(pipe_->send(Message::request("1", "two", "{}")));
  transport_->send(Message::notification("later", "{}"));
  EXPECT_TRUE(client_.seen.empty());
  EXPECT_TRUE(seen_.empty());
  run_task(loop_, pipe_->drain());
  const auto answer = run_task(loop_, ask("question", 1));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->text(), R"({"jsonrpc":"2.0","id":1,"result":true})");
  EXPECT_THAT(client_.seen, ElementsAre("one", "two"));
  EXPECT_THAT(seen_, ElementsAre("early", "later", "question"));
}

TEST_F(MemoryPairTest, TheServersEndFailsOpenCalls) {
  open();
  std::optional<Result<Message>> answer;
  spawn_task(loop_, ask("silence", 1), answer);
  poll();
  pipe_->send(Message::notification("last", "{}"));
  pipe_->close();
  run_until(loop_, [&] { return answer.has_value(); });
  EXPECT_EQ(answer->error().code, ErrorCode::connection_lost);
  EXPECT_THAT(client_.seen, ElementsAre("last"));
  EXPECT_THAT(client_.reasons, ElementsAre(ErrorCode::connection_lost));
  EXPECT_EQ(run_task(loop_, ask("late", 2)).error().code, ErrorCode::connection_lost);
  EXPECT_FALSE(pipe_->send(Message::notification("late", "{}")));
  EXPECT_EQ(closed_, 0);
}

TEST_F(MemoryPairTest, TheClientsEndIsQuietForTheClient) {
  open();
  std::optional<Result<Message>> answer;
  spawn_task(loop_, ask("silence", 1), answer);
  poll();
  transport_->send(Message::notification("last", "{}"));
  run_task(loop_, transport_->close({}));
  poll();
  EXPECT_EQ(answer->error().code, ErrorCode::shutting_down);
  EXPECT_THAT(seen_, ElementsAre("silence", "last"));
  EXPECT_EQ(closed_, 1);
  EXPECT_TRUE(client_.reasons.empty());
  EXPECT_FALSE(pipe_->send(Message::notification("late", "{}")));
}

TEST_F(MemoryPairTest, ACancelledCallReturnsAtOnce) {
  open();
  std::optional<Result<Message>> answer;
  spawn_task(loop_, ask("silence", 1), answer);
  poll();
  cancellation_.request({ErrorCode::timeout, "too slow"});
  poll();
  EXPECT_EQ(answer->error().code, ErrorCode::timeout);
  EXPECT_TRUE(pipe_->send(Message::result("1", "true")));  // late: dropped
  poll();
}

}  // namespace
}  // namespace mcp
