#pragma once

#include <atomic>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <list>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>
#include <vector>

#include "mcp/base/event.h"
#include "mcp/http/http_server.h"
#include "mcp/session/streamable_server.h"
#include "tests/support/loop_thread.h"
#include "tests/support/raw_client.h"

namespace mcp {

inline constexpr std::string_view kBoth = "application/json, text/event-stream";
inline constexpr auto kPatience = std::chrono::seconds(10);

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
  CallContext* open = nullptr;  // the call that "wait" or "report" began last
  bool refuse_initialize = false;
  std::string result;  // of every call, where it is set
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
      shared_.open = &context;
      shared_.waiting.set_value();
      co_await release->wait();
      shared_.open = nullptr;
    }
    if (context.cancellation().requested()) {
      shared_.cancelled.set_value(context.cancellation().reason());
      co_return std::unexpected(context.cancellation().reason());
    }
    if (!shared_.result.empty()) co_return Message::result(request.id(), shared_.result);
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

  static Request call(const std::string& session, const std::string& method, const nlohmann::json& id = 7) {
    return {.session = session, .body = nlohmann::json{{"jsonrpc", "2.0"}, {"id", id}, {"method", method}}.dump()};
  }

  static Request notification(const std::string& session,
                              const std::string& method,
                              const nlohmann::json& params = nlohmann::json::object()) {
    return {.session = session, .body = nlohmann::json{{"jsonrpc", "2.0"}, {"method", method}, {"params", params}}.dump()};
  }

  static Request initialize(const std::string& version = "2025-11-25") {
    return {.body = R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":")" + version +
                    R"(","capabilities":{}}})"};
  }

  /// Of a client that can be asked.
  static Request initialize_askable() {
    return {.body = R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25",)"
                    R"("capabilities":{"elicitation":{}}}})"};
  }

  static Request listen(const std::string& session) { return {.method = "GET", .session = session, .accept = "text/event-stream"}; }

  static Request resume(const std::string& session, const std::string& last_event_id) {
    Request request = listen(session);
    request.more = "Last-Event-ID: " + last_event_id + "\r\n";
    return request;
  }

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

  /// Sends a message by the call that waits.
  void tell(Message message) {
    loop_.run([&] { shared_.open->notify(std::move(message)); });
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

  /// One server-sent event.
  struct Sse {
    std::string id, retry, data;
  };

  static Sse parse_event(const std::string& text) {
    Sse event;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("id: ")) event.id = line.substr(4);
      if (line.starts_with("retry: ")) event.retry = line.substr(7);
      if (line.starts_with("data: ")) event.data = line.substr(6);
    }
    return event;
  }

  /// The next event that carries a message. Its data is "" when the stream has ended.
  static Sse read_event(RawClient& stream) {
    for (;;) {
      const std::string chunk = stream.read_chunk();
      Sse event = parse_event(chunk);
      if (chunk.empty() || !event.data.empty()) return event;
    }
  }

  /// Sends a request that is answered by a stream, reads up to its priming event and returns that.
  static Sse start_stream(RawClient& client, const Request& request) {
    client.send(text(request));
    const auto head = client.read_head();
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.header("Content-Type"), "text/event-stream");
    Sse priming = parse_event(client.read_chunk());
    EXPECT_EQ(priming.data, "");
    EXPECT_NE(priming.id, "");
    return priming;
  }

  static std::string pushed(const std::string& method) { return R"({"jsonrpc":"2.0","method":")" + method + R"("})"; }

  static std::string answer_of(const std::string& method) {
    return R"({"jsonrpc":"2.0","id":7,"result":{"method":")" + method + R"("}})";
  }

  static nlohmann::json reason(const RawResponse& response) {
    return nlohmann::json::parse(response.body)["error"]["data"]["reason"];
  }

  LoopThread loop_;
  Shared shared_{loop_.executor()};
  std::unique_ptr<StreamableServer> server_;
  std::unique_ptr<HttpServer> http_;
  std::uint16_t port_ = 0;
};

}  // namespace mcp
