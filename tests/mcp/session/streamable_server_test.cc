// The server's face of streamable HTTP, from the wire.
#include "mcp/session/streamable_server.h"

#include <atomic>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <list>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "mcp/base/event.h"
#include "mcp/http/http_server.h"
#include "tests/support/loop_thread.h"
#include "tests/support/raw_client.h"

namespace mcp {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kBoth = "application/json, text/event-stream";
constexpr auto kPatience = std::chrono::seconds(10);

/// What all sessions of a test share; loop thread only, but for the counters.
struct Shared {
  explicit Shared(const Executor& loop) : executor(loop), release(std::make_shared<Event>(loop)) {}

  void let_go() { std::exchange(release, std::make_shared<Event>(executor))->set(); }

  Executor executor;
  std::shared_ptr<Event> release;  // what "wait" and "report" wait for
  std::list<std::weak_ptr<ServerSession>> sessions;
  std::atomic<int> ended = 0;  // handlers destroyed
  std::promise<Error> cancelled;
  std::promise<void> waiting;
  bool refuse_initialize = false;
};

/// "echo" answers at once, "wait" when let go, "report" notifies before it waits, "flood" notifies until it is cancelled.
class Handler final : public SessionHandler {
 public:
  explicit Handler(Shared& shared) : shared_(shared) {}

  ~Handler() override { ++shared_.ended; }

  void opened(const std::weak_ptr<ServerSession>& session) override { shared_.sessions.push_back(session); }

  Task<Result<Message>> handle(Message request, CallContext& context) override {
    if (request.method() == "initialize" && shared_.refuse_initialize) co_return fail(ErrorCode::server_unavailable, "it is down");
    if (request.method() == "flood") {
      while (!context.cancellation().requested())
        context.notify(Message::notification("notifications/message", R"({"data":")" + std::string(100'000, 'x') + R"("})"));
    }
    const bool report = request.method() == "report";
    if (report) context.notify(Message::notification("notifications/progress", R"({"progressToken":1,"progress":1})"));
    if (report || request.method() == "wait") {
      const auto release = shared_.release;
      const Cancellation::Callback callback(context.cancellation(), [this] { shared_.let_go(); });
      shared_.waiting.set_value();
      co_await release->wait();
    }
    if (context.cancellation().requested()) {
      shared_.cancelled.set_value(context.cancellation().reason());
      co_return std::unexpected(context.cancellation().reason());
    }
    co_return Message::result(request.id(), R"({"method":")" + std::string(request.method()) + R"("})");
  }

  void notice(Message, CallContext&) override {}

 private:
  Shared& shared_;
};

class StreamableServerTest : public testing::Test {
 protected:
  ~StreamableServerTest() override {
    if (http_) {
      loop_.run([this] { server_->close(); });
      loop_.await(stop());
      loop_.run([this] {
        http_.reset();
        server_.reset();
      });
    }
  }

  void start(StreamableServerOptions options = {}, HttpServerOptions http = {}) {
    port_ = loop_.run([&] {
      StreamableServer::Endpoint endpoint = [this](std::string_view path) -> Result<std::shared_ptr<SessionHandler>> {
        if (path != "/mcp" && path != "/mcp/other") return fail(ErrorCode::invalid_request, "nothing is served there", "Look up.");
        return std::make_shared<Handler>(shared_);
      };
      server_ = std::make_unique<StreamableServer>(loop_.executor(), std::move(options), std::move(endpoint));
      http_ = make_http_server(loop_.executor(), http, [this](HttpExchange& exchange) { return server_->handle(exchange); });
      return *http_->listen("127.0.0.1", 0);
    });
  }

  Task<void> stop() { co_await http_->stop(std::chrono::steady_clock::now()); }

  RawClient client() const { return RawClient::to(port_); }

  struct Request {
    std::string method = "POST";
    std::string path = "/mcp";
    std::string session;
    std::string accept = std::string(kBoth);
    std::string type = "application/json";
    std::string host = "127.0.0.1";
    std::string more;  // whole header lines
    std::string body;
  };

  static std::string text(const Request& request) {
    std::string out = request.method + " " + request.path + " HTTP/1.1\r\nHost: " + request.host + "\r\n" + request.more;
    if (!request.session.empty()) out += "Mcp-Session-Id: " + request.session + "\r\n";
    if (!request.accept.empty()) out += "Accept: " + request.accept + "\r\n";
    if (request.method == "POST" && !request.type.empty()) out += "Content-Type: " + request.type + "\r\n";
    if (request.method == "POST") out += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
    return out + "\r\n" + request.body;
  }

  RawResponse ask(const Request& request) const {
    auto one = client();
    one.send(text(request));
    return one.read_response();
  }

  static Request call(const std::string& session, const std::string& method, const json& id = 7) {
    return {.session = session, .body = json{{"jsonrpc", "2.0"}, {"id", id}, {"method", method}}.dump()};
  }

  static Request notification(const std::string& session, const std::string& method, const json& params = json::object()) {
    return {.session = session, .body = json{{"jsonrpc", "2.0"}, {"method", method}, {"params", params}}.dump()};
  }

  static Request initialize() {
    return {.body =
                R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{}}})"};
  }

  static Request listen(const std::string& session) { return {.method = "GET", .session = session, .accept = "text/event-stream"}; }

  /// Opens a session and returns its id.
  std::string open(const std::string& path = "/mcp") const {
    Request request = initialize();
    request.path = path;
    const auto answer = ask(request);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.header("Mcp-Session-Id");
  }

  /// Pushes a notification to every session.
  void push(const std::string& method) {
    loop_.run([&] {
      for (const auto& weak : shared_.sessions) {
        if (const auto session = weak.lock()) session->push(Message::notification(method, {}));
      }
    });
  }

  std::size_t sessions() {
    return loop_.run([this] { return server_->sessions(); });
  }

  void wait_until_called() {
    auto future = shared_.waiting.get_future();
    ASSERT_EQ(future.wait_for(kPatience), std::future_status::ready);
  }

  ErrorCode cancelled_with() {
    auto future = shared_.cancelled.get_future();
    if (future.wait_for(kPatience) != std::future_status::ready) return ErrorCode::internal;
    return future.get().code;
  }

  void let_go() {
    loop_.run([this] { shared_.let_go(); });
  }

  static std::string event(const std::string& data) { return "event: message\ndata: " + data + "\n\n"; }

  static std::string event_of(const std::string& method) { return event(R"({"jsonrpc":"2.0","method":")" + method + R"("})"); }

  static json reason(const RawResponse& response) { return json::parse(response.body)["error"]["data"]["reason"]; }

  LoopThread loop_;
  Shared shared_{loop_.executor()};
  std::unique_ptr<StreamableServer> server_;
  std::unique_ptr<HttpServer> http_;
  std::uint16_t port_ = 0;
};

TEST_F(StreamableServerTest, AnswersAsJson) {
  start();
  const auto first = ask(initialize());
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.header("Content-Type"), "application/json");
  const std::string id = first.header("Mcp-Session-Id");
  EXPECT_THAT(id, testing::MatchesRegex("[0-9a-f]{32}"));
  EXPECT_EQ(ask(notification(id, "notifications/initialized")).status, 202);
  const auto answer = ask(call(id, "echo", "a\"b"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Content-Type"), "application/json");
  EXPECT_EQ(answer.header("Mcp-Session-Id"), "");
  EXPECT_EQ(json::parse(answer.body), json({{"jsonrpc", "2.0"}, {"id", "a\"b"}, {"result", {{"method", "echo"}}}}));
  EXPECT_NE(open(), id);
}

TEST_F(StreamableServerTest, BecomesAStreamWithTheFirstNotification) {
  start();
  const std::string id = open();
  auto one = client();
  one.send(text(call(id, "report")));
  const auto head = one.read_head();
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("Content-Type"), "text/event-stream");
  EXPECT_EQ(head.header("X-Accel-Buffering"), "no");
  EXPECT_EQ(one.read_chunk(),
            event(R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}})"));
  wait_until_called();
  let_go();
  EXPECT_EQ(one.read_chunk(), event(R"({"jsonrpc":"2.0","id":7,"result":{"method":"report"}})"));
  EXPECT_EQ(one.read_chunk(), "");
  // The connection goes on.
  one.send(text(call(id, "echo")));
  EXPECT_EQ(one.read_response().status, 200);
}

TEST_F(StreamableServerTest, ANotificationOfARequestThatMayNotStreamIsLeftOut) {
  start();
  Request request = call(open(), "report");
  request.accept = "application/json";
  auto one = client();
  one.send(text(request));
  wait_until_called();
  let_go();
  const auto answer = one.read_response();
  EXPECT_EQ(answer.header("Content-Type"), "application/json");
  EXPECT_EQ(json::parse(answer.body)["result"]["method"], "report");
}

TEST_F(StreamableServerTest, WhoAcceptsOnlyAStreamGetsOne) {
  start();
  Request request = call(open(), "echo");
  request.accept = "text/event-stream";
  const auto answer = ask(request);
  EXPECT_EQ(answer.header("Content-Type"), "text/event-stream");
  EXPECT_EQ(answer.body, event(R"({"jsonrpc":"2.0","id":7,"result":{"method":"echo"}})"));
}

TEST_F(StreamableServerTest, AcceptMustAdmitAnAnswer) {
  start();
  const std::string id = open();
  for (const std::string accept : {"", "*/*", "application/json;q=0.5", "text/event-stream, */*;q=0.1"}) {
    Request request = call(id, "echo");
    request.accept = accept;
    EXPECT_EQ(ask(request).status, 200) << accept;
  }
  for (const std::string accept : {"text/html", "image/*"}) {
    Request request = call(id, "echo");
    request.accept = accept;
    EXPECT_EQ(ask(request).status, 406) << accept;
  }
}

TEST_F(StreamableServerTest, ContentTypeMustBeJson) {
  start();
  for (const std::string type : {"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"}) {
    Request request = initialize();
    request.type = type;
    EXPECT_EQ(ask(request).status, 415) << type;
  }
  Request request = initialize();
  request.type = "application/json; charset=utf-8";
  EXPECT_EQ(ask(request).status, 200);
}

TEST_F(StreamableServerTest, ForeignHostsAndOriginsAreKeptOut) {
  StreamableServerOptions options;
  options.allowed_hosts = {"gate.example.com"};
  options.allowed_origins = {"https://app.example.com"};
  start(std::move(options));
  const std::string id = open();
  for (Request request : {initialize(), call(id, "echo"), listen(id), Request{.method = "DELETE", .session = id}}) {
    request.host = "evil.example";
    EXPECT_EQ(ask(request).status, 403);
    request.host = "localhost:7332";
    request.more = "Origin: http://evil.example\r\n";
    const auto answer = ask(request);
    EXPECT_EQ(answer.status, 403);
    EXPECT_THAT(json::parse(answer.body)["error"]["message"], HasSubstr("http://evil.example"));
    EXPECT_TRUE(json::parse(answer.body)["id"].is_null());
  }
  Request request = call(id, "echo");
  request.host = "gate.example.com";
  request.more = "Origin: https://app.example.com\r\n";
  EXPECT_EQ(ask(request).status, 200);
}

TEST_F(StreamableServerTest, OtherMethodsAreNotAllowed) {
  start();
  for (const std::string method : {"PUT", "PATCH", "OPTIONS"}) {
    const auto answer = ask({.method = method, .session = open()});
    EXPECT_EQ(answer.status, 405);
    EXPECT_EQ(answer.header("Allow"), "GET, POST, DELETE");
  }
}

TEST_F(StreamableServerTest, WhatIsNoMessageIsRefused) {
  start();
  const std::string id = open();
  for (const auto& [body, code] :
       std::vector<std::pair<std::string, int>>{{"", -32700},
                                                {"{", -32700},
                                                {"[]", -32600},
                                                {R"([{"jsonrpc":"2.0","id":1,"method":"echo"}])", -32600},
                                                {"{}", -32600}}) {
    Request request{.session = id, .body = body};
    const auto answer = ask(request);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(json::parse(answer.body)["error"]["code"], code) << body;
    EXPECT_TRUE(json::parse(answer.body)["id"].is_null());
  }
}

TEST_F(StreamableServerTest, ARequestNeedsASession) {
  start();
  const auto request = ask(call({}, "tools/list"));
  EXPECT_EQ(request.status, 400);
  EXPECT_EQ(json::parse(request.body)["id"], 7);
  EXPECT_THAT(json::parse(request.body)["error"]["message"], HasSubstr("Send initialize first"));
  EXPECT_EQ(ask(notification({}, "notifications/initialized")).status, 400);
  EXPECT_EQ(ask(listen({})).status, 400);
  EXPECT_EQ(ask({.method = "DELETE"}).status, 400);
  EXPECT_EQ(sessions(), 0u);
}

TEST_F(StreamableServerTest, AnUnknownSessionIsNotFound) {
  start();
  const std::string id = open();
  for (Request request : {call(id, "echo"), notification(id, "notifications/cancelled"), listen(id), initialize()}) {
    request.session = std::string(32, '0');
    const auto answer = ask(request);
    EXPECT_EQ(answer.status, 404);
    EXPECT_EQ(reason(answer), "session_lost");
  }
}

TEST_F(StreamableServerTest, ASessionBelongsToItsPath) {
  start();
  const std::string id = open();
  for (Request request : {call(id, "echo"), listen(id), Request{.method = "DELETE", .session = id}}) {
    request.path = "/mcp/other";
    EXPECT_EQ(ask(request).status, 404);
  }
  EXPECT_EQ(ask(call(id, "echo")).status, 200);
}

TEST_F(StreamableServerTest, APathWithNothingBehindSaysSo) {
  start();
  Request request = initialize();
  request.path = "/mcp/nothing";
  const auto answer = ask(request);
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(json::parse(answer.body)["error"]["message"], "nothing is served there. Look up.");
  EXPECT_EQ(json::parse(answer.body)["id"], 0);
}

TEST_F(StreamableServerTest, TheRevisionHeaderMustBeOneWeSpeak) {
  start();
  const std::string id = open();
  for (Request request : {call(id, "echo"), listen(id), Request{.method = "DELETE", .session = id}}) {
    request.more = "MCP-Protocol-Version: 1999-01-01\r\n";
    const auto answer = ask(request);
    EXPECT_EQ(answer.status, 400);
    EXPECT_THAT(json::parse(answer.body)["error"]["data"]["supported"], testing::Contains("2025-11-25"));
  }
  for (const std::string version : {"2025-03-26", "2025-11-25"}) {
    Request request = call(id, "echo");
    request.more = "MCP-Protocol-Version: " + version + "\r\n";
    EXPECT_EQ(ask(request).status, 200);
  }
}

TEST_F(StreamableServerTest, ResponsesAndNotificationsAreTaken) {
  start();
  const std::string id = open();
  for (const auto& body : {R"({"jsonrpc":"2.0","id":1,"result":{}})", R"({"jsonrpc":"2.0","method":"notifications/unheard_of"})"}) {
    const auto answer = ask({.session = id, .body = body});
    EXPECT_EQ(answer.status, 202);
    EXPECT_EQ(answer.body, "");
  }
}

TEST_F(StreamableServerTest, ARefusedInitializeOpensNoSession) {
  start();
  shared_.refuse_initialize = true;
  const auto answer = ask(initialize());
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(json::parse(answer.body)["error"]["message"], "it is down");
  EXPECT_EQ(answer.header("Mcp-Session-Id"), "");
  EXPECT_EQ(sessions(), 0u);
}

TEST_F(StreamableServerTest, TheGetStreamBringsWhatIsPushed) {
  start();
  const std::string id = open();
  auto one = client();
  one.send(text(listen(id)));
  EXPECT_EQ(one.read_head().header("Content-Type"), "text/event-stream");
  push("notifications/tools/list_changed");
  EXPECT_EQ(one.read_chunk(), event_of("notifications/tools/list_changed"));
  EXPECT_EQ(loop_.run([this] { return server_->streams(); }), 1u);
}

TEST_F(StreamableServerTest, AGetNeedsAnAcceptForStreams) {
  start();
  const std::string id = open();
  for (const std::string accept : {"", "application/json", "text/html"}) {
    Request request = listen(id);
    request.accept = accept;
    EXPECT_EQ(ask(request).status, 406) << accept;
  }
}

TEST_F(StreamableServerTest, WhatIsPushedWithoutAStreamIsParked) {
  StreamableServerOptions options;
  options.max_parked = 2;
  start(std::move(options));
  const std::string id = open();
  for (const std::string method : {"first", "second", "third"})
    push(method);
  auto one = client();
  one.send(text(listen(id)));
  one.read_head();
  EXPECT_EQ(one.read_chunk(), event_of("second"));
  EXPECT_EQ(one.read_chunk(), event_of("third"));
  push("fourth");
  EXPECT_EQ(one.read_chunk(), event_of("fourth"));
}

TEST_F(StreamableServerTest, ASecondGetStreamReplacesTheFirst) {
  start();
  const std::string id = open();
  auto first = client(), second = client();
  first.send(text(listen(id)));
  first.read_head();
  second.send(text(listen(id)));
  second.read_head();
  EXPECT_EQ(first.read_chunk(), "");
  push("once");
  EXPECT_EQ(second.read_chunk(), event_of("once"));
  EXPECT_EQ(loop_.run([this] { return server_->streams(); }), 1u);
}

TEST_F(StreamableServerTest, AStreamThatBrokeLeavesTheSessionAndParksAgain) {
  start();
  const std::string id = open();
  {
    auto one = client();
    one.send(text(listen(id)));
    one.read_head();
  }
  // The server notices in its own time.
  for (int i = 0; loop_.run([this] { return server_->streams(); }) != 0 && i < 1000; ++i)
    EXPECT_EQ(ask(call(id, "echo")).status, 200);
  push("kept");
  auto one = client();
  one.send(text(listen(id)));
  one.read_head();
  EXPECT_EQ(one.read_chunk(), event_of("kept"));
}

TEST_F(StreamableServerTest, DeleteEndsASessionItsStreamsAndItsCalls) {
  start();
  const std::string id = open();
  auto stream = client(), caller = client();
  stream.send(text(listen(id)));
  stream.read_head();
  caller.send(text(call(id, "wait")));
  wait_until_called();
  EXPECT_EQ(ask({.method = "DELETE", .session = id}).status, 200);
  EXPECT_EQ(stream.read_chunk(), "");
  EXPECT_EQ(reason(caller.read_response()), "cancelled");
  EXPECT_EQ(ask(call(id, "echo")).status, 404);
  EXPECT_EQ(ask({.method = "DELETE", .session = id}).status, 404);
  EXPECT_EQ(sessions(), 0u);
}

TEST_F(StreamableServerTest, ACancelledRequestEndsWithoutAnAnswer) {
  start();
  const std::string id = open();
  for (const bool streaming : {true, false}) {
    loop_.run([this] {
      shared_.waiting = {};
      shared_.cancelled = {};
    });
    auto one = client();
    one.send(text(call(id, streaming ? "report" : "wait")));
    wait_until_called();
    EXPECT_EQ(ask(notification(id, "notifications/cancelled", {{"requestId", 7}})).status, 202);
    EXPECT_EQ(cancelled_with(), ErrorCode::cancelled);
    const auto answer = one.read_response();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.header("Content-Type"), "text/event-stream");
    EXPECT_THAT(answer.body, testing::Not(HasSubstr("\"id\":7")));
  }
}

TEST_F(StreamableServerTest, ACancelledRequestThatMayNotStreamHasNothingToSay) {
  start();
  Request request = call(open(), "wait");
  request.accept = "application/json";
  auto one = client();
  one.send(text(request));
  wait_until_called();
  ask(notification(request.session, "notifications/cancelled", {{"requestId", 7}}));
  EXPECT_EQ(one.read_response().status, 202);
}

TEST_F(StreamableServerTest, AnotherSessionCannotCancel) {
  start();
  const std::string id = open();
  auto one = client();
  one.send(text(call(id, "wait")));
  wait_until_called();
  EXPECT_EQ(ask(notification(open(), "notifications/cancelled", {{"requestId", 7}})).status, 202);
  let_go();
  EXPECT_EQ(json::parse(one.read_response().body)["result"]["method"], "wait");
}

TEST_F(StreamableServerTest, GoingAwayIsNoCancellation) {
  start();
  const std::string id = open();
  {
    auto one = client();
    one.send(text(call(id, "report")));
    one.read_head();
    wait_until_called();
  }
  // Another request's answer shows that the loop went on; the first one still counts as open.
  EXPECT_THAT(ask(call(id, "echo", 7)).body, HasSubstr("is in use by a request that is still open"));
  let_go();
  EXPECT_EQ(ask(call(id, "echo", 8)).status, 200);
}

TEST_F(StreamableServerTest, WhoDoesNotReadLosesTheCall) {
  HttpServerOptions http;
  http.max_queued = 1 << 20;
  start({}, http);
  const std::string id = open();
  RawClient one(4096);
  one.connect(port_);
  one.send(text(call(id, "flood")));
  EXPECT_EQ(cancelled_with(), ErrorCode::overloaded);
}

TEST_F(StreamableServerTest, ALongCallBecomesAStreamThatShowsLife) {
  StreamableServerOptions options;
  options.keep_alive = milliseconds(30);
  start(std::move(options));
  const std::string id = open();
  auto one = client();
  one.send(text(call(id, "wait")));
  EXPECT_EQ(one.read_head().header("Content-Type"), "text/event-stream");
  EXPECT_EQ(one.read_chunk(), ": keep-alive\n\n");
  EXPECT_EQ(one.read_chunk(), ": keep-alive\n\n");
  let_go();
  std::string last = one.read_chunk();
  while (last.starts_with(":"))
    last = one.read_chunk();
  EXPECT_EQ(last, event(R"({"jsonrpc":"2.0","id":7,"result":{"method":"wait"}})"));
}

TEST_F(StreamableServerTest, AGetStreamShowsLife) {
  StreamableServerOptions options;
  options.keep_alive = milliseconds(20);
  start(std::move(options));
  auto one = client();
  one.send(text(listen(open())));
  one.read_head();
  EXPECT_EQ(one.read_chunk(), ": keep-alive\n\n");
  EXPECT_EQ(one.read_chunk(), ": keep-alive\n\n");
}

TEST_F(StreamableServerTest, ALongCallOfWhoTakesNoStreamStaysJson) {
  StreamableServerOptions options;
  options.keep_alive = milliseconds(10);
  start(std::move(options));
  const std::string id = open();
  auto stream = client(), one = client();
  Request request = call(id, "wait");
  request.accept = "application/json";
  one.send(text(request));
  wait_until_called();
  stream.send(text(listen(id)));
  stream.read_head();
  stream.read_chunk();
  stream.read_chunk();  // so long that any other call would have become a stream
  let_go();
  EXPECT_EQ(one.read_response().header("Content-Type"), "application/json");
}

TEST_F(StreamableServerTest, TheSessionIdleLongestMakesRoom) {
  StreamableServerOptions options;
  options.max_sessions = 2;
  start(std::move(options));
  const std::string first = open(), second = open();
  EXPECT_EQ(ask(call(first, "echo")).status, 200);
  const std::string third = open();
  EXPECT_EQ(ask(call(second, "echo")).status, 404);
  EXPECT_EQ(ask(call(first, "echo")).status, 200);
  EXPECT_EQ(ask(call(third, "echo")).status, 200);
  EXPECT_EQ(sessions(), 2u);
}

TEST_F(StreamableServerTest, WhereNoSessionIsIdleThereIsNoRoom) {
  StreamableServerOptions options;
  options.max_sessions = 2;
  start(std::move(options));
  const std::string id = open();
  auto caller = client(), stream = client();
  caller.send(text(call(id, "wait")));
  wait_until_called();
  stream.send(text(listen(open())));
  stream.read_head();
  const auto answer = ask(initialize());
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(reason(answer), "overloaded");
  let_go();
  EXPECT_EQ(caller.read_response().status, 200);
  EXPECT_EQ(ask(initialize()).status, 200);
}

TEST_F(StreamableServerTest, AnIdleSessionEndsAndABusyOneDoesNot) {
  StreamableServerOptions options;
  options.keep_alive = milliseconds(10);
  options.session_idle = milliseconds(30);
  start(std::move(options));
  const std::string idle = open(), busy = open();
  auto stream = client();
  stream.send(text(listen(busy)));
  stream.read_head();
  for (int i = 0; shared_.ended == 0 && i < 1000; ++i)
    stream.read_chunk();  // a keep-alive each time the sessions are looked at
  EXPECT_EQ(shared_.ended, 1);
  EXPECT_EQ(ask(call(idle, "echo")).status, 404);
  EXPECT_EQ(ask(call(busy, "echo")).status, 200);
}

TEST_F(StreamableServerTest, CloseEndsTheStreamsAndLetsCallsFinish) {
  start();
  const std::string id = open();
  auto caller = client(), stream = client();
  stream.send(text(listen(id)));
  stream.read_head();
  caller.send(text(call(id, "wait")));
  wait_until_called();
  loop_.run([this] { server_->close(); });
  EXPECT_EQ(stream.read_chunk(), "");
  let_go();
  EXPECT_EQ(caller.read_response().status, 200);
  // A stream that is opened now ends at once.
  auto late = client();
  late.send(text(listen(id)));
  late.read_head();
  EXPECT_EQ(late.read_chunk(), "");
}

TEST_F(StreamableServerTest, StopsWhileACallIsOpen) {
  start();
  const std::string id = open();
  auto caller = client(), stream = client();
  stream.send(text(listen(id)));
  stream.read_head();
  caller.send(text(call(id, "report")));
  caller.read_head();
  wait_until_called();
}

}  // namespace
}  // namespace mcp
