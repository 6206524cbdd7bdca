#include "gateway/upstream/session_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "mcp/transport/message_pipe.h"
#include "tests/support/fake_clock.h"
#include "tests/support/run_task.h"

namespace gateway {
namespace {

using mcp::ErrorCode;
using mcp::Message;
using mcp::Question;
using mcp::Result;
using nlohmann::json;
using std::chrono::milliseconds;

/// The client of one session.
class Peer final : public mcp::ClientPeer {
 public:
  explicit Peer(std::uint64_t id, std::string principal = "local") {
    caller_.id = id;
    caller_.principal = std::move(principal);
  }

  const mcp::Caller& caller() const override { return caller_; }

  bool push(Message) override { return true; }

  bool listens() const override { return listening; }

  mcp::Task<Result<Message>> ask(Message request, Question&) override {
    asked.emplace_back(request.method());
    if (thinking) co_await thinking->wait();
    co_return Message::result(request.id(), R"({"roots":[]})");
  }

  bool listening = true;
  std::vector<std::string> asked;
  std::shared_ptr<mcp::Event> thinking;  // where it is there, answers once it is set

 private:
  mcp::Caller caller_;
};

class Context final : public mcp::CallContext {
 public:
  explicit Context(std::shared_ptr<Peer> peer) : peer_(std::move(peer)) {}

  const mcp::Caller& caller() const override { return peer_->caller(); }

  void notify(Message) override {}

  mcp::Task<Result<Message>> ask(Message request, Question& question) override { return peer_->ask(std::move(request), question); }

  std::shared_ptr<mcp::ClientPeer> peer() override { return peer_; }

 private:
  std::shared_ptr<Peer> peer_;
};

using Acquired = Result<SessionPool::Lease>;

class SessionPoolTest : public testing::Test {
 protected:
  void make(bool in_turn, std::size_t max_sessions = 2) {
    SessionPoolOptions options;
    options.server = "files";
    options.connect = [this] { return connect(); };
    options.in_turn = in_turn;
    options.max_sessions = max_sessions;
    options.stop_grace = milliseconds(100);
    options.on_notification = [](PooledSession&, const Message&) {};
    options.on_lost = [this](PooledSession&) { ++lost_; };
    pool_ = std::make_shared<SessionPool>(loop_.get_executor(), std::move(options));
  }

  ~SessionPoolTest() override {
    if (pool_) mcp::run_task(loop_, pool_->close({ErrorCode::shutting_down, "over"}));
  }

  Result<std::shared_ptr<mcp::Transport>> connect() {
    if (refusing_) return mcp::fail(ErrorCode::spawn_failed, "there is no such program");
    auto [transport, pipe] = mcp::make_memory_pair(loop_.get_executor());
    servers_.push_back(pipe);
    mcp::MessagePipe::Receiver receiver;
    receiver.on_message = [this, number = servers_.size() - 1](const Message& message) {
      if (message.method() == "initialize") initialized_.push_back(json::parse(message.text())["params"]["capabilities"].dump());
      if (message.method() != "initialize" || silent_) return;
      servers_[number]->send(
          Message::result(message.id(), R"({"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"s"}})"));
    };
    receiver.on_invalid = [](const mcp::Error&) {};
    receiver.on_closed = [] {};
    servers_.back()->open(std::move(receiver));
    return transport;
  }

  Acquired acquire(Context& context, const std::string& capabilities = R"({"roots":{}})") {
    return mcp::run_task(loop_, pool_->acquire(context, capabilities));
  }

  void settle() {
    loop_.restart();
    while (loop_.poll() != 0) {
    }
  }

  boost::asio::io_context loop_;
  std::shared_ptr<SessionPool> pool_;
  std::vector<std::shared_ptr<mcp::MessagePipe>> servers_;
  std::vector<std::string> initialized_;  // the capabilities of each
  std::shared_ptr<Peer> anna_ = std::make_shared<Peer>(1), bert_ = std::make_shared<Peer>(2), carl_ = std::make_shared<Peer>(3);
  bool refusing_ = false, silent_ = false;
  int lost_ = 0;
};

TEST_F(SessionPoolTest, DeclaresJustWhatItsClientDoes) {
  make(true);
  Context anna(anna_);
  ASSERT_TRUE(acquire(anna, R"({"elicitation":{}})"));
  EXPECT_THAT(initialized_, testing::ElementsAre(R"({"elicitation":{}})"));
}

TEST_F(SessionPoolTest, InTurnOneSessionServesOneAfterTheOther) {
  make(true);
  Context anna(anna_), bert(bert_);
  {
    ASSERT_TRUE(acquire(anna));
  }
  {
    ASSERT_TRUE(acquire(bert));
  }
  {
    ASSERT_TRUE(acquire(anna));
  }
  EXPECT_EQ(servers_.size(), 1U);
}

TEST_F(SessionPoolTest, WhoComesWhileAnotherIsServedGetsASessionOfItsOwn) {
  make(true);
  Context anna(anna_), bert(bert_);
  const auto first = acquire(anna);
  const auto second = acquire(bert);
  ASSERT_TRUE(first && second);
  EXPECT_NE((*first)->session, (*second)->session);
  const auto again = acquire(anna);
  EXPECT_EQ((*again)->session, (*first)->session) << "a client's requests stay together";
}

TEST_F(SessionPoolTest, OtherCapabilitiesOrPrincipalsShareNothing) {
  make(true, 9);
  Context anna(anna_), bert(bert_);
  const auto stranger_peer = std::make_shared<Peer>(4, "somebody else");
  Context stranger(stranger_peer);
  {
    ASSERT_TRUE(acquire(anna));
  }
  {
    ASSERT_TRUE(acquire(bert, R"({"sampling":{}})"));
  }
  {
    ASSERT_TRUE(acquire(stranger));
  }
  EXPECT_EQ(servers_.size(), 3U);
}

TEST_F(SessionPoolTest, WithoutTurnsASessionStaysWithItsClient) {
  make(false, 9);
  Context anna(anna_), bert(bert_);
  {
    ASSERT_TRUE(acquire(anna));
  }
  {
    ASSERT_TRUE(acquire(bert));
  }
  EXPECT_EQ(servers_.size(), 2U);
  pool_->release(1);
  EXPECT_EQ(pool_->size(), 1U) << "and ends with it";
}

TEST_F(SessionPoolTest, ASessionThatKnowsItsClientIsNotHandedOn) {
  make(true);
  Context anna(anna_), bert(bert_);
  {
    ASSERT_TRUE(acquire(anna));
  }
  servers_.at(0)->send(Message::request("7", "roots/list", {}));
  settle();
  EXPECT_THAT(anna_->asked, testing::ElementsAre("roots/list"));
  {
    ASSERT_TRUE(acquire(bert));
  }
  EXPECT_EQ(servers_.size(), 2U);
}

TEST_F(SessionPoolTest, ASessionWhereSomethingMayStillGoOnIsNotHandedOn) {
  make(true);
  Context anna(anna_), bert(bert_);
  {
    const auto lease = acquire(anna);
    (*lease)->doubtful = true;
  }
  {
    ASSERT_TRUE(acquire(bert));
  }
  EXPECT_EQ(servers_.size(), 2U);
  pool_->release(1);
  EXPECT_EQ(pool_->size(), 1U);
}

TEST_F(SessionPoolTest, WhereAllAreInUseOneWaits) {
  make(true, 1);
  Context anna(anna_), bert(bert_), carl(carl_);
  auto first = std::make_unique<Acquired>(acquire(anna));
  std::optional<Acquired> second, third;
  mcp::spawn_task(loop_, pool_->acquire(bert, R"({"roots":{}})"), second);
  mcp::spawn_task(loop_, pool_->acquire(carl, R"({"roots":{}})"), third);
  settle();
  EXPECT_FALSE(second);
  first.reset();
  settle();
  ASSERT_TRUE(second) << "who came first comes first";
  EXPECT_TRUE(*second);
  EXPECT_FALSE(third);
  carl.cancellation().request({ErrorCode::cancelled, "never mind"});
  settle();
  ASSERT_TRUE(third);
  EXPECT_EQ(third->error().code, ErrorCode::cancelled);
}

TEST_F(SessionPoolTest, AnIdleSessionOfOtherCapabilitiesMakesRoom) {
  make(true, 1);
  Context anna(anna_), bert(bert_);
  {
    ASSERT_TRUE(acquire(anna));
  }
  {
    ASSERT_TRUE(acquire(bert, R"({"sampling":{}})"));
  }
  EXPECT_EQ(pool_->size(), 1U);
  EXPECT_EQ(servers_.size(), 2U);
}

/// Sessions that nobody has a lease of, and that are needed all the same.
class NeededSessionTest : public SessionPoolTest {
 protected:
  NeededSessionTest() { make(false, 1); }

  /// Anna's session, which she has just used.
  std::shared_ptr<PooledSession> open() { return (*acquire(anna_context_)).session(); }

  void expect_kept() {
    Context bert(bert_);
    EXPECT_EQ(acquire(bert).error().code, ErrorCode::overloaded) << "no room is made for others";
    clock_.advance(std::chrono::minutes(11));
    EXPECT_EQ(pool_->size(), 1U) << "nor is it closed as idle";
  }

  void expect_not_kept() {
    clock_.advance(std::chrono::minutes(11));
    EXPECT_EQ(pool_->size(), 0U);
  }

  mcp::FakeClock clock_{loop_};
  Context anna_context_{anna_};
};

TEST_F(NeededSessionTest, WhereTasksRun) {
  const auto session = open();
  session->tasks = 1;
  expect_kept();
  session->tasks = 0;
  expect_not_kept();
}

TEST_F(NeededSessionTest, WhereItsClientIsSubscribedAndListens) {
  const auto session = open();
  session->subscriptions["a:1"] = "a:1";
  expect_kept();
  anna_->listening = false;
  Context bert(bert_);
  EXPECT_TRUE(acquire(bert)) << "room is made for a client that is there";
  expect_not_kept();
}

TEST_F(NeededSessionTest, WhereARequestIsOpen) {
  const auto session = open();
  std::optional<Result<Message>> answer;
  Message request = Message::request("7", "tasks/result", R"({"taskId":"t"})");
  mcp::spawn_task(loop_, session->session->handle(std::move(request), anna_context_), answer);
  settle();
  expect_kept();
  anna_context_.cancellation().request({ErrorCode::cancelled, "never mind"});
  settle();
  ASSERT_TRUE(answer);
  expect_not_kept();
}

TEST_F(NeededSessionTest, WhereItsClientIsAskedSomething) {
  const auto session = open();
  anna_->thinking = std::make_shared<mcp::Event>(loop_.get_executor());
  servers_.at(0)->send(Message::request("7", "roots/list", {}));
  settle();
  ASSERT_EQ(anna_->asked.size(), 1U);
  expect_kept();
  anna_->thinking->set();
  settle();
  expect_not_kept();
}

TEST_F(SessionPoolTest, ASessionOnWhichARequestIsOpenIsNotHandedOn) {
  make(true);
  Context anna(anna_), bert(bert_);
  const auto session = (*acquire(anna)).session();
  std::optional<Result<Message>> answer;
  Message request = Message::request("7", "tasks/result", R"({"taskId":"t"})");
  mcp::spawn_task(loop_, session->session->handle(std::move(request), anna), answer);
  settle();
  EXPECT_NE((*acquire(bert)).session(), session);
  anna.cancellation().request({ErrorCode::cancelled, "never mind"});
  settle();
  EXPECT_TRUE(answer);
}

TEST_F(SessionPoolTest, WhoseOwnSessionTakesTooLongToOpenIsToldSo) {
  make(true, 1);
  silent_ = true;
  Context anna(anna_);
  anna.deadline = std::chrono::steady_clock::now();
  const auto refused = acquire(anna);
  EXPECT_EQ(refused.error().code, ErrorCode::timeout);
  EXPECT_THAT(refused.error().message, testing::HasSubstr("being opened"));
}

TEST_F(SessionPoolTest, WaitingEndsAtTheDeadline) {
  make(true, 1);
  Context anna(anna_), bert(bert_);
  const auto first = acquire(anna);
  bert.deadline = std::chrono::steady_clock::now();
  EXPECT_EQ(acquire(bert).error().code, ErrorCode::timeout);
}

TEST_F(SessionPoolTest, OneThatCannotBeOpenedIsNotTriedAgainAtOnce) {
  make(true);
  Context anna(anna_);
  refusing_ = true;
  EXPECT_EQ(acquire(anna).error().code, ErrorCode::spawn_failed);
  refusing_ = false;
  EXPECT_EQ(acquire(anna).error().code, ErrorCode::spawn_failed);
  EXPECT_EQ(servers_.size(), 0U);
  EXPECT_EQ(pool_->size(), 0U);
}

TEST_F(SessionPoolTest, ALostSessionIsReplacedAtTheNextRequest) {
  make(true);
  Context anna(anna_);
  {
    ASSERT_TRUE(acquire(anna));
  }
  servers_.at(0)->close();
  settle();
  EXPECT_EQ(pool_->size(), 0U);
  EXPECT_EQ(lost_, 0) << "the client had nothing there";
  {
    ASSERT_TRUE(acquire(anna));
  }
  EXPECT_EQ(servers_.size(), 2U);
}

TEST_F(SessionPoolTest, TheLossOfASessionWithSubscriptionsIsTold) {
  make(true);
  Context anna(anna_);
  {
    (*acquire(anna))->subscriptions["file:///a"] = "file:///a";
  }
  servers_.at(0)->close();
  settle();
  EXPECT_EQ(lost_, 1);
}

TEST_F(SessionPoolTest, ClosingEndsWhatIsBeingOpenedAndWhoWaits) {
  make(true, 1);
  Context anna(anna_), bert(bert_);
  silent_ = true;
  std::optional<Acquired> first, second;
  mcp::spawn_task(loop_, pool_->acquire(anna, R"({"roots":{}})"), first);
  mcp::spawn_task(loop_, pool_->acquire(bert, R"({"roots":{}})"), second);
  settle();
  ASSERT_EQ(servers_.size(), 1U);
  mcp::run_task(loop_, pool_->close({ErrorCode::shutting_down, "over"}));
  settle();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->error().code, ErrorCode::shutting_down);
  EXPECT_EQ(second->error().code, ErrorCode::shutting_down);
  EXPECT_EQ(pool_->size(), 0U);
}

}  // namespace
}  // namespace gateway
