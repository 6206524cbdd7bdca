#include "gateway/downstream/stdio_endpoint.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <vector>

#include "tests/gateway/downstream/fake_handler.h"
#include "tests/support/processes.h"
#include "tests/support/run_task.h"

namespace gateway {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

/// An endpoint between two pipes, as our own stdin and stdout are.
class StdioEndpointTest : public testing::Test {
 protected:
  StdioEndpointTest() : handler_(std::make_shared<FakeHandler>(loop_.get_executor())) {
    std::array<int, 2> in{}, out{};
    EXPECT_EQ(::pipe2(in.data(), O_CLOEXEC), 0);
    EXPECT_EQ(::pipe2(out.data(), O_CLOEXEC), 0);
    to_server_ = in[1];
    from_server_ = out[0];
    server_ends_ = {in[0], out[1]};
    ::fcntl(from_server_, F_SETFL, O_NONBLOCK);
    auto pipe = mcp::make_stdio_server(loop_.get_executor(), in[0], out[1], 1 << 20, 8 << 20);
    endpoint_ = std::make_shared<StdioEndpoint>(loop_.get_executor(), std::move(pipe), handler_);
    endpoint_->open();
  }

  ~StdioEndpointTest() override {
    mcp::run_task(loop_, endpoint_->finish(Clock::now()));
    for (const int descriptor : {to_server_, from_server_, server_ends_[0], server_ends_[1]}) {
      if (descriptor >= 0) ::close(descriptor);
    }
  }

  void send(const json& message) { send_line(message.dump()); }

  void send_line(const std::string& line) {
    const std::string text = line + "\n";
    ASSERT_EQ(::write(to_server_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }

  void send_request(const json& id, const std::string& method, const json& params = json::object()) {
    send({{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}});
  }

  void initialize(const std::string& version = "2025-11-25") {
    send_request(0, "initialize", {{"protocolVersion", version}});
    EXPECT_EQ(read()["id"], 0);
  }

  /// The next message of the server's.
  json read() {
    std::size_t end = std::string::npos;
    mcp::run_until(loop_, [&] {
      fill();
      end = received_.find('\n');
      return end != std::string::npos;
    });
    const std::string line = received_.substr(0, end);
    received_.erase(0, end + 1);
    return json::parse(line);
  }

  void fill() {
    std::array<char, 65536> buffer;
    for (ssize_t count = 0; (count = ::read(from_server_, buffer.data(), buffer.size())) > 0;)
      received_.append(buffer.data(), static_cast<std::size_t>(count));
  }

  void hang_up() { ::close(std::exchange(to_server_, -1)); }

  void wait_until_called() {
    mcp::run_until(loop_, [&] { return handler_->waiting > 0; });
  }

  void wait_until_pipe_is_full() {
    mcp::run_until(loop_, [&] {
      pollfd room{server_ends_[1], POLLOUT, 0};
      return ::poll(&room, 1, 0) == 0;
    });
  }

  boost::asio::io_context loop_{1};
  std::shared_ptr<FakeHandler> handler_;
  std::shared_ptr<StdioEndpoint> endpoint_;
  int to_server_ = -1, from_server_ = -1;
  std::array<int, 2> server_ends_{};
  std::string received_;
};

TEST_F(StdioEndpointTest, AnswersAsTheAnswersCome) {
  initialize();
  send_request("slow", "wait");
  send_request("quick", "ping");
  EXPECT_EQ(read()["method"], "notifications/progress");
  EXPECT_EQ(read()["id"], "quick");
  handler_->let_go();
  EXPECT_EQ(read(), json({{"jsonrpc", "2.0"}, {"id", "slow"}, {"result", {{"method", "wait"}}}}));
}

TEST_F(StdioEndpointTest, PushesToTheClient) {
  initialize();
  EXPECT_TRUE(handler_->session()->push(mcp::Message::notification("notifications/tools/list_changed", {})));
  EXPECT_EQ(read()["method"], "notifications/tools/list_changed");
}

TEST_F(StdioEndpointTest, WhatIsNoMessageIsAnsweredWithAnError) {
  initialize();
  send_line("{");
  json answer = read();
  EXPECT_EQ(answer["error"]["code"], -32700);
  EXPECT_TRUE(answer["id"].is_null());
  send_line(R"({"jsonrpc":"1.0","id":"x","method":"ping"})");
  answer = read();
  EXPECT_EQ(answer["error"]["code"], -32600);
  EXPECT_EQ(answer["id"], "x");
  send_line("");
  send_request(2, "ping");
  EXPECT_EQ(read()["id"], 2);
}

TEST_F(StdioEndpointTest, ARequestThatNeedsNoInitializeIsToldWhatWeSpeak) {
  const json claim = {{"_meta", {{"io.modelcontextprotocol/protocolVersion", "2026-07-28"}}}};
  for (int round = 0; round < 2; ++round) {
    send_request("a", "tools/list", claim);
    send_request("b", "server/discover");
    for (const auto& [id, requested] : {std::pair("a", "2026-07-28"), std::pair("b", "")}) {
      const json answer = read();
      EXPECT_EQ(answer["id"], id);
      EXPECT_EQ(answer["error"]["code"], -32022);
      EXPECT_EQ(answer["error"]["data"]["supported"][0], "2025-11-25");
      EXPECT_EQ(answer["error"]["data"]["requested"], requested);
    }
    if (round == 0) initialize();
  }
}

TEST_F(StdioEndpointTest, ABatchIsAnsweredByAnArray) {
  const auto one = [](const json& id, const std::string& method) {
    return json({{"jsonrpc", "2.0"}, {"id", id}, {"method", method}});
  };
  const auto answer = [](const json& id, const std::string& method) {
    return json({{"jsonrpc", "2.0"}, {"id", id}, {"result", {{"method", method}}}});
  };
  const json note = {{"jsonrpc", "2.0"}, {"method", "notifications/initialized"}};
  initialize("2025-03-26");
  send({note, one(1, "wait"), one("b", "ping")});
  EXPECT_EQ(read()["method"], "notifications/progress");
  send_request(3, "ping");
  EXPECT_EQ(read()["id"], 3);
  handler_->let_go();
  EXPECT_EQ(read(), json({answer("b", "ping"), answer(1, "wait")}));
  // Nothing is said where nothing was asked.
  send({note, note});
  send(json::array({one(4, "ping")}));
  EXPECT_EQ(read(), json::array({answer(4, "ping")}));
}

TEST_F(StdioEndpointTest, ABatchThatCannotBeServedIsOneError) {
  const json ping = {{"jsonrpc", "2.0"}, {"id", 1}, {"method", "ping"}};
  const auto expect_refused = [&](const json& batch) {
    send(batch);
    const json answer = read();
    EXPECT_EQ(answer["error"]["code"], -32600) << answer;
    EXPECT_TRUE(answer["id"].is_null());
  };
  expect_refused(json::array({ping}));
  initialize("2025-03-26");
  expect_refused(json::array());
  expect_refused({ping, {{"jsonrpc", "2.0"}, {"id", 2}, {"method", "initialize"}}});
  expect_refused(std::vector<json>(101, ping));
  send_line("[");
  EXPECT_EQ(read()["error"]["code"], -32700);
}

TEST_F(StdioEndpointTest, ABatchOfAnotherRevisionIsRefused) {
  initialize("2025-06-18");
  send(json::array({{{"jsonrpc", "2.0"}, {"id", 1}, {"method", "ping"}}}));
  const json answer = read();
  EXPECT_EQ(answer["error"]["code"], -32600);
  EXPECT_THAT(std::string(answer["error"]["message"]), testing::HasSubstr("only MCP 2025-03-26"));
}

TEST_F(StdioEndpointTest, ABatchThatDoesNotFitIsTold) {
  initialize("2025-03-26");
  json batch = json::array();
  for (int i = 0; i < 9; ++i)
    batch.push_back({{"jsonrpc", "2.0"}, {"id", i}, {"method", "large"}});
  send(batch);
  const json answers = read();
  ASSERT_EQ(answers.size(), 9u);
  for (const json& answer : answers)
    EXPECT_EQ(answer["error"]["data"]["reason"], "overloaded");
}

TEST_F(StdioEndpointTest, ATakenBackRequestGetsNoAnswer) {
  initialize();
  send_request(1, "wait");
  read();
  send({{"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", 1}}}});
  send_request(2, "ping");
  EXPECT_EQ(read()["id"], 2);
}

TEST_F(StdioEndpointTest, TheEndOfTheInputIsToldAndOpenRequestsMayFinish) {
  initialize();
  send_request(1, "wait");
  read();
  hang_up();
  mcp::run_until(loop_, [&] { return endpoint_->closed().is_set(); });
  const auto finish = [](std::shared_ptr<StdioEndpoint> endpoint, std::shared_ptr<FakeHandler> handler) -> mcp::Task<bool> {
    handler->let_go();
    co_await endpoint->finish(Clock::now() + std::chrono::minutes(1));
    co_return true;
  };
  EXPECT_TRUE(mcp::run_task(loop_, finish(endpoint_, handler_)));
  EXPECT_EQ(read()["result"]["method"], "wait");
}

TEST_F(StdioEndpointTest, WhatIsOpenAtTheDeadlineIsCancelled) {
  initialize();
  send_request(1, "wait");
  read();
  mcp::run_task(loop_, endpoint_->finish(Clock::now() + milliseconds(20)));
  EXPECT_EQ(read()["error"]["data"]["reason"], "shutting_down");
  EXPECT_TRUE(endpoint_->closed().is_set());
  EXPECT_EQ(handler_->session()->in_flight(), 0u);
}

TEST_F(StdioEndpointTest, AClientThatDoesNotReadCannotHoldTheEnd) {
  initialize();
  send_request(1, "large");
  wait_until_pipe_is_full();
  const auto began = Clock::now();
  mcp::run_task(loop_, endpoint_->finish(began));
  EXPECT_LT(Clock::now() - began, std::chrono::seconds(5));
}

TEST_F(StdioEndpointTest, NothingIsLeftOfIt) {
  initialize();
  const std::weak_ptr<FakeHandler> handler = handler_;
  mcp::run_task(loop_, endpoint_->finish(Clock::now()));
  auto old = std::exchange(endpoint_,
                           std::make_shared<StdioEndpoint>(loop_.get_executor(),
                                                           mcp::make_memory_pair(loop_.get_executor()).second,
                                                           std::make_shared<FakeHandler>(loop_.get_executor())));
  const std::weak_ptr<StdioEndpoint> endpoint = old;
  old.reset();
  handler_.reset();
  loop_.restart();
  loop_.poll();
  EXPECT_TRUE(endpoint.expired());
  EXPECT_TRUE(handler.expired());
}

}  // namespace
}  // namespace gateway
