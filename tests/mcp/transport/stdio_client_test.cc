#include "mcp/transport/stdio_client.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

#include "mcp/base/event.h"
#include "mcp/json/text.h"
#include "tests/support/gate.h"
#include "tests/support/processes.h"
#include "tests/support/programs.h"
#include "tests/support/run_task.h"

namespace mcp {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

constexpr auto kGrace = std::chrono::seconds(20);  // longer than any server here needs once it is asked rightly

class Recorder : public Transport::Receiver {
 public:
  explicit Recorder(const Executor& executor) : closed(executor) {}

  void on_message(Message message, std::optional<std::uint64_t>) override { messages.emplace_back(message.text()); }

  void on_closed(const Error& error) override {
    EXPECT_FALSE(reason) << "told twice";
    reason = error;
    closed.set();
  }

  std::vector<std::string> messages;
  std::optional<Error> reason;
  Event closed;
};

class StdioClientTest : public testing::Test {
 protected:
  ~StdioClientTest() override {
    if (client_) run_task(loop_, client_->close(milliseconds(100)));
  }

  void start(const std::string& mode, const std::string& argument = "0", StdioClientOptions options = {}) {
    const Result<> opened = open(mode, argument, std::move(options));
    ASSERT_TRUE(opened) << opened.error().text();
  }

  Result<> open(const std::string& mode, const std::string& argument, StdioClientOptions options) {
    ChildSpec spec;
    spec.command = program_path("stdio_fault");
    spec.args = {mode, argument};
    if (!options.on_stderr) options.on_stderr = [this](std::string_view line) { errors_.emplace_back(line); };
    client_ = make_stdio_client(loop_.get_executor(), *launcher_, spec, std::move(options));
    return run_task(loop_, client_->open(recorder_));
  }

  /// A tool call; the text that `echo` returned, or the error's code and text.
  Task<std::string> call(std::string text) {
    auto response = co_await request("tools/call", R"({"name":"echo","arguments":{"text":")" + text + "\"}}");
    if (!response) co_return std::string(to_string(response.error().code)) + ": " + response.error().text();
    const auto parts = elements(member(response->raw(response->envelope().result), "content"));
    EXPECT_EQ(parts.size(), 1U);
    co_return decode_json_string(member(parts.at(0), "text"));
  }

  Task<Result<Message>> request(std::string method, std::string params = "{}") {
    return request(std::move(method), std::move(params), patience_);
  }

  Task<Result<Message>> request(std::string method, std::string params, Cancellation& cancellation) {
    const std::uint64_t id = ++last_id_;
    Message message = Message::request(std::to_string(id), method, params);
    co_return co_await client_->request(std::move(message), id, cancellation);
  }

  /// A call that nobody waits for here.
  void start_call(std::string& answer) {
    asio::co_spawn(loop_, call("x"), [&answer](std::exception_ptr, std::string text) { answer = std::move(text); });
  }

  std::string now(Task<std::string> task) { return run_task(loop_, std::move(task)); }
  void initialize() { EXPECT_TRUE(run_task(loop_, request("initialize"))); }
  void wait_closed() { run_task(loop_, recorder_.closed.wait()); }

  asio::io_context loop_;
  std::unique_ptr<ProcessLauncher> launcher_ = make_process_launcher({.guardian = program_path("switchyard-guardian")});
  Recorder recorder_{loop_.get_executor()};
  std::shared_ptr<StdioClient> client_;
  std::vector<std::string> errors_;
  std::uint64_t last_id_ = 0;
  Cancellation patience_;
};

TEST_F(StdioClientTest, AnswersComeToWhoAsked) {
  start("ok");
  initialize();
  EXPECT_EQ(now(call("hello")), "hello");
  EXPECT_TRUE(client_->pid());
  std::vector<std::string> answers(200);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    asio::co_spawn(
        loop_, call("text " + std::to_string(i)), [&, i](std::exception_ptr, std::string answer) { answers[i] = answer; });
  }
  EXPECT_EQ(now(call("last")), "last");
  for (std::size_t i = 0; i < answers.size(); ++i)
    EXPECT_EQ(answers[i], "text " + std::to_string(i));
  EXPECT_EQ(client_->noise(), "");
}

TEST_F(StdioClientTest, CloseIsQuietAndLeavesNothing) {
  start("ok");  // what is opened once, and stays, is open afterwards
  run_task(loop_, client_->close(kGrace));
  client_.reset();
  const std::size_t before = open_descriptors();
  start("ok");
  initialize();
  std::string answer;
  start_call(answer);
  run_task(loop_, client_->close(kGrace));
  run_task(loop_, client_->close(kGrace));
  EXPECT_FALSE(recorder_.reason);
  EXPECT_FALSE(client_->pid());
  EXPECT_TRUE(child_processes().empty());
  EXPECT_THAT(now(call("late")), StartsWith("shutting_down: "));
  client_.reset();
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(StdioClientTest, NamesACommandThatIsNotThere) {
  ChildSpec spec;
  spec.command = "no-such-server";
  client_ = make_stdio_client(loop_.get_executor(), *launcher_, spec, {});
  const Result<> opened = run_task(loop_, client_->open(recorder_));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::spawn_failed);
  EXPECT_THAT(opened.error().text(), HasSubstr("'no-such-server' not found in PATH"));
  EXPECT_THAT(now(call("x")), StartsWith("spawn_failed: "));
  EXPECT_FALSE(recorder_.reason);
}

TEST_F(StdioClientTest, AnEarlyExitNamesCodeAndLastWords) {
  start("exit-before-init", "7");
  const auto response = run_task(loop_, request("initialize"));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::exited);
  EXPECT_THAT(response.error().text(), AllOf(HasSubstr("exit code 7"), HasSubstr("fatal: no licence")));
  ASSERT_TRUE(recorder_.reason);
  EXPECT_EQ(recorder_.reason->text(), response.error().text());
  EXPECT_EQ(client_->stderr_tail(), "fatal: no licence");
  EXPECT_EQ(errors_, std::vector<std::string>{"fatal: no licence"});
  EXPECT_FALSE(client_->pid());
}

TEST_F(StdioClientTest, AnExitInACallFailsAllCalls) {
  start("exit-mid-call", "3");
  initialize();
  std::string other;
  start_call(other);
  EXPECT_THAT(now(call("x")), AllOf(StartsWith("exited: "), HasSubstr("exit code 3"), HasSubstr("out of cheese")));
  run_until(loop_, [&] { return !other.empty(); });
  EXPECT_THAT(other, StartsWith("exited: "));
  EXPECT_THAT(now(call("afterwards")), StartsWith("exited: "));
}

TEST_F(StdioClientTest, ACrashNamesTheSignal) {
  start("crash");
  initialize();
  EXPECT_THAT(now(call("x")), AllOf(StartsWith("exited: "), HasSubstr("signal 11 (Segmentation fault)")));
}

TEST_F(StdioClientTest, HalfAnAnswerIsNone) {
  start("half-line-then-exit");
  initialize();
  EXPECT_THAT(now(call("x")), AllOf(StartsWith("exited: "), HasSubstr("exit code 0")));
  EXPECT_TRUE(recorder_.messages.empty());
}

TEST_F(StdioClientTest, ABannerIsSkippedAndRemembered) {
  start("banner-then-ok");
  initialize();
  EXPECT_EQ(now(call("x")), "x");
  EXPECT_EQ(client_->noise(), "Welcome to the server!");
}

TEST_F(StdioClientTest, NothingButNoiseIsNotMcp) {
  start("garbage-only");
  const auto response = run_task(loop_, request("initialize"));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::not_mcp);
  EXPECT_THAT(response.error().text(), AllOf(HasSubstr("65 lines"), HasSubstr("'This is not the protocol you are looking for.'")));
}

TEST_F(StdioClientTest, AnEndlessLineIsTooLarge) {
  StdioClientOptions options;
  options.max_message = 3'000'000;
  start("flood-stdout", "0", std::move(options));
  initialize();
  EXPECT_THAT(now(call("x")), AllOf(StartsWith("too_large: "), HasSubstr("3000000 bytes")));
  run_task(loop_, client_->close(kGrace));  // it writes on, and must notice that nobody reads
  EXPECT_TRUE(child_processes().empty());
}

TEST_F(StdioClientTest, ALongResultArrivesWhole) {
  start("huge-result", "8000000");
  initialize();
  EXPECT_EQ(now(call("x")).size(), 8'000'000U);
  EXPECT_EQ(now(call("again")).size(), 8'000'000U);
}

TEST_F(StdioClientTest, ALongRequestArrivesWhole) {
  start("ok");
  const std::string text(5'000'000, 'y');
  EXPECT_TRUE(now(call(text)) == text);
}

TEST_F(StdioClientTest, StderrIsReadAndItsTailKept) {
  start("flood-stderr", "1000000");
  initialize();
  EXPECT_EQ(now(call("x")), "x");
  run_task(loop_, client_->close(kGrace));
  EXPECT_EQ(errors_.size(), 20'000U);
  const std::string line(99, 'e');
  EXPECT_EQ(client_->stderr_tail().size(), 20U * 100 - 1);
  EXPECT_THAT(client_->stderr_tail(), testing::EndsWith(line + "\n" + line));
}

TEST_F(StdioClientTest, LongStderrLinesAreCut) {
  StdioClientOptions options;
  options.max_stderr_line = 10;
  start("flood-stderr", "200", std::move(options));
  initialize();
  run_task(loop_, client_->close(kGrace));
  EXPECT_EQ(errors_, (std::vector<std::string>{"eeeeeeeeee", "eeeeeeeeee"}));
}

TEST_F(StdioClientTest, ForeignAndRepeatedAnswersAreDropped) {
  for (const char* mode : {"foreign-id", "double-answer"}) {
    start(mode);
    initialize();
    EXPECT_EQ(now(call("one")), "one");
    EXPECT_EQ(now(call("two")), "two");
    EXPECT_TRUE(recorder_.messages.empty());
    EXPECT_EQ(client_->noise(), "");
    run_task(loop_, client_->close(kGrace));
  }
}

TEST_F(StdioClientTest, AnAnswerThatIsNoMessageEndsItsCall) {
  start("nest", "100000");
  initialize();
  EXPECT_THAT(now(call("x")),
              AllOf(StartsWith("not_mcp: "), HasSubstr("too deeply nested"), HasSubstr(R"({"jsonrpc":"2.0","id":2,"result":[[[)")));
  EXPECT_EQ(client_->noise(), "");
}

TEST_F(StdioClientTest, ACancelledCallReturnsAtOnceAndItsLateAnswerIsDropped) {
  start("late-answer");
  initialize();
  Cancellation cancellation;
  std::optional<Result<Message>> first;
  spawn_task(loop_, request("tools/call", R"({"name":"echo","arguments":{"text":"1"}})", cancellation), first);
  run_task(loop_, request("ping"));  // so the call is out, and answered before the ping: it ends well
  ASSERT_TRUE(first && first->has_value());

  first.reset();
  spawn_task(loop_, request("tools/call", R"({"name":"echo","arguments":{"text":"2"}})", cancellation), first);
  asio::post(loop_, [&] { cancellation.request({ErrorCode::timeout, "too slow"}); });
  run_until(loop_, [&] { return first.has_value(); });
  EXPECT_EQ(first->error().code, ErrorCode::timeout);
  EXPECT_TRUE(run_task(loop_, request("ping")));  // the late answer comes before this one
  const auto never = run_task(loop_, request("ping", "{}", cancellation));
  EXPECT_EQ(never.error().code, ErrorCode::timeout);
}

TEST_F(StdioClientTest, ASilentServerIsLeftByCancellation) {
  start("never-initialize");
  Cancellation cancellation;
  asio::steady_timer timer(loop_, milliseconds(30));
  timer.async_wait([&](boost::system::error_code) { cancellation.request({ErrorCode::timeout, "no answer"}); });
  const auto response = run_task(loop_, request("initialize", "{}", cancellation));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::timeout);
  run_task(loop_, client_->close(kGrace));
  EXPECT_TRUE(child_processes().empty());
}

TEST_F(StdioClientTest, ADeafServerOverloadsOnlyItself) {
  StdioClientOptions options;
  options.max_queued = 8'000'000;
  start("deaf", "0", std::move(options));
  initialize();
  const std::string text(1'000'000, 'z');
  std::vector<std::string> answers;
  while (answers.empty()) {
    asio::co_spawn(loop_, call(text), [&](std::exception_ptr, std::string answer) { answers.push_back(std::move(answer)); });
    loop_.restart();
    loop_.poll();
  }
  EXPECT_THAT(answers[0], AllOf(StartsWith("overloaded: "), HasSubstr("does not read its input")));
  EXPECT_EQ(answers.size(), 1U);
  client_->send(Message::notification("notifications/x", R"({"t":")" + text + "\"}"));  // dropped, and logged
  run_task(loop_, client_->close(milliseconds(100)));
  EXPECT_GE(answers.size(), 8U);
  for (std::size_t i = 1; i < answers.size(); ++i)
    EXPECT_THAT(answers[i], StartsWith("shutting_down: "));
  EXPECT_FALSE(recorder_.reason);
  EXPECT_TRUE(child_processes().empty());
}

TEST_F(StdioClientTest, ASlowStartIsWaitedFor) {
  Gate gate;
  start("start-gate", gate.path());
  std::optional<Result<Message>> answer;
  spawn_task(loop_, request("initialize"), answer);
  loop_.restart();
  loop_.poll();
  EXPECT_FALSE(answer);
  gate.open();
  run_until(loop_, [&] { return answer.has_value(); });
  EXPECT_TRUE(*answer);
  EXPECT_EQ(now(call("x")), "x");
}

TEST_F(StdioClientTest, CloseWhileItStartsLeavesNothing) {
  ChildSpec spec;
  spec.command = program_path("stdio_fault");
  spec.args = {"ok"};
  client_ = make_stdio_client(loop_.get_executor(), *launcher_, spec, {});
  std::optional<Result<>> opened;
  spawn_task(loop_, client_->open(recorder_), opened);
  loop_.poll();
  run_task(loop_, client_->close(kGrace));
  run_until(loop_, [&] { return opened.has_value(); });
  EXPECT_EQ(opened->error().code, ErrorCode::shutting_down);
  launcher_.reset();
  EXPECT_TRUE(child_processes().empty());
}

TEST_F(StdioClientTest, AKilledServerIsNoticedWithoutARequest) {
  start("ok");
  initialize();
  ::kill(client_->pid().value(), SIGKILL);
  wait_closed();
  EXPECT_EQ(recorder_.reason->code, ErrorCode::exited);
  EXPECT_THAT(recorder_.reason->text(), HasSubstr("signal 9 (Killed)"));
}

TEST_F(StdioClientTest, AServerThatClosesAPipeIsLostThoughItRuns) {
  const std::string ready = R"(echo '{"jsonrpc":"2.0","method":"ready"}'; )";
  for (const char* pipe : {"input", "output"}) {
    Recorder recorder(loop_.get_executor());
    ChildSpec spec;
    spec.command = "sh";
    spec.args = {"-c", std::string(pipe) == "input" ? "exec 0<&-; " + ready + "sleep 1000" : ready + "exec 1>&-; sleep 1000"};
    client_ = make_stdio_client(loop_.get_executor(), *launcher_, spec, {});
    ASSERT_TRUE(run_task(loop_, client_->open(recorder)));
    run_until(loop_, [&] { return !recorder.messages.empty(); });
    EXPECT_THAT(now(call("x")), AllOf(StartsWith("connection_lost: "), HasSubstr(std::string("closed its standard ") + pipe)));
    EXPECT_TRUE(recorder.reason);
    run_task(loop_, client_->close(milliseconds(50)));
    EXPECT_TRUE(child_processes().empty());
  }
}

TEST_F(StdioClientTest, LettingGoWithoutCloseEndsTheServer) {
  start("ok");
  initialize();
  const pid_t pid = client_->pid().value();
  client_.reset();
  EXPECT_TRUE(wait_until_dead(pid));
}

}  // namespace
}  // namespace mcp
