#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mcp/transport/streamable_client.h"
#include "tests/support/run_task.h"
#include "tests/support/scripted_server.h"

namespace mcp {

inline const std::string kJson = "application/json";
inline const std::string kSse = "text/event-stream";
inline const std::string kPing = R"({"jsonrpc":"2.0","id":9,"method":"ping"})";

inline std::string response_text(int id, const std::string& result = "{}") {
  return R"({"jsonrpc":"2.0","id":)" + std::to_string(id) + R"(,"result":)" + result + "}";
}

inline std::string event_text(const std::string& data, const std::string& id = {}) {
  return (id.empty() ? "" : "id: " + id + "\n") + "data: " + data + "\n\n";
}

/// The value of a header of a request's text; "" when absent.
inline std::string header_of(const std::string& request, const std::string& name) {
  const auto at = request.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const auto begin = at + name.size() + 4;
  return request.substr(begin, request.find("\r\n", begin) - begin);
}

inline constexpr const char* kSseHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";

/// A server that plays a function for each request, keeps what it was asked, and answers GET with 405.
class FakeMcpServer {
 public:
  /// Answers one request; false ends the connection.
  using Handler = std::function<bool(ScriptedServer::Peer&, const std::string& request)>;

  explicit FakeMcpServer(Handler post, Handler get = {}) : post_(std::move(post)), get_(std::move(get)) {
    server_ = std::make_unique<ScriptedServer>([this](ScriptedServer::Peer& peer) { play(peer); });
  }

  /// Requests whose start is `method`, in the order they came.
  std::vector<std::string> requests(const std::string& method) const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> out;
    for (const auto& each : requests_)
      if (each.starts_with(method)) out.push_back(each);
    return out;
  }

  ScriptedServer& wire() { return *server_; }

 private:
  void play(ScriptedServer::Peer& peer) {
    for (;;) {
      const auto request = peer.request();
      if (request.empty()) return;
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
      }
      bool go_on = true;
      if (request.starts_with("POST")) {
        go_on = post_(peer, request);
      } else if (request.starts_with("GET") && get_) {
        go_on = get_(peer, request);
      } else {
        go_on = peer.send(http_answer(request.starts_with("DELETE") ? 200 : 405, "", ""));
      }
      if (!go_on) return;
    }
  }

  Handler post_, get_;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::unique_ptr<ScriptedServer> server_;  // last: its threads use the rest
};

class RecordingReceiver final : public Transport::Receiver {
 public:
  void on_message(Message message, std::optional<std::uint64_t> related_request) override {
    messages.emplace_back(std::string(message.method()), related_request);
    if (on_each) on_each();
  }

  void on_closed(const Error& reason) override { closed.push_back(reason); }
  void on_unreachable(const Error& reason) override { missed.push_back(reason); }

  std::vector<std::pair<std::string, std::optional<std::uint64_t>>> messages;
  std::vector<Error> closed, missed;
  std::function<void()> on_each;
};

class StreamableClientTest : public testing::Test {
 protected:
  ~StreamableClientTest() override {
    if (transport_) close();
    transport_.reset();
    // What still runs in the background ends by itself.
    loop_.restart();
    loop_.run_for(std::chrono::seconds(30));
    EXPECT_TRUE(loop_.stopped()) << "something goes on after the end";
  }

  void connect(FakeMcpServer& server) { connect_to(server.wire().url()); }

  void connect_to(const std::string& url) {
    transport_ = make_streamable_client(loop_.get_executor(), Url::parse(url).value(), options_);
    ASSERT_TRUE(run_task(loop_, transport_->open(receiver_)));
  }

  Result<Message> call(int id, const std::string& method = "tools/call") { return call(id, method, cancellation_); }

  Result<Message> call(int id, const std::string& method, Cancellation& cancellation) {
    std::optional<Result<Message>> out;
    boost::asio::co_spawn(loop_, request(transport_, id, method, cancellation, out), boost::asio::detached);
    run_until([&] { return out.has_value(); });
    return std::move(*out);
  }

  /// Starts a call whose outcome goes to `out`.
  void start_call(int id, std::optional<Result<Message>>& out) {
    boost::asio::co_spawn(loop_, request(transport_, id, "tools/call", cancellation_, out), boost::asio::detached);
  }

  /// initialize, and what follows it.
  void shake_hands(ProtocolVersion version = ProtocolVersion::v2025_11_25) {
    ASSERT_TRUE(call(1, "initialize"));
    // As a session does it, on the loop.
    boost::asio::post(loop_, [this, version] {
      transport_->negotiated(version);
      transport_->send(Message::notification("notifications/initialized", {}));
    });
    loop_.restart();
    loop_.poll();
  }

  void close(std::chrono::milliseconds grace = std::chrono::seconds(5)) { run_task(loop_, transport_->close(grace)); }

  void run_until(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    loop_.restart();
    while (!done()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "what the test waits for did not happen";
      // The server's threads are no events of the loop: what they do is seen at the next look.
      loop_.run_one_for(std::chrono::milliseconds(5));
      loop_.restart();
    }
  }

  static Task<void> request(std::shared_ptr<Transport> transport,
                            int id,
                            std::string method,
                            Cancellation& cancellation,
                            std::optional<Result<Message>>& out) {
    Message message = Message::request(std::to_string(id), method, R"({"name":"echo"})");
    auto result = co_await transport->request(std::move(message), static_cast<std::uint64_t>(id), cancellation);
    out.emplace(std::move(result));
  }

  boost::asio::io_context loop_;
  StreamableClientOptions options_;
  RecordingReceiver receiver_;
  Cancellation cancellation_;
  std::shared_ptr<Transport> transport_;
};

}  // namespace mcp
