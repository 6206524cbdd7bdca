#pragma once

#include <condition_variable>

#include "mcp/transport/sse_client.h"
#include "tests/mcp/transport/streamable_client_test.h"

namespace mcp {

inline std::string endpoint_event(const std::string& reference) {
  return "event: endpoint\ndata: " + reference + "\n\n";
}

/// A server on HTTP+SSE, with one stream at a time. POSTs are answered with 202, and requests on the stream, by hand where
/// `on_post` is set.
class FakeSseServer {
 public:
  using Peer = ScriptedServer::Peer;

  explicit FakeSseServer(std::string beginning = kSseHead + endpoint_event("/messages?session=s1"))
      : beginning_(std::move(beginning)),
        http_([this](Peer& peer, const std::string& request) { return post(peer, request); },
              [this](Peer& peer, const std::string& request) { return get(peer, request); }) {}

  /// Answers a POST; false ends its connection. To be set before the first request.
  std::function<bool(Peer&, const std::string& request)> on_post;

  /// The answer to a GET that gets no stream; "" = it gets one. To be set before the first request.
  std::function<std::string(const std::string& request)> refuse_get;

  /// On the stream, as soon as there is one. In pieces of that many bytes; 0 = all at once.
  void say(const std::string& text, std::size_t piece = 0) {
    std::unique_lock lock(mutex_);
    opened_.wait(lock, [this] { return stream_ != nullptr; });
    stream_->send(text, piece);
  }

  /// The answer that says nothing, and the response on the stream.
  bool respond(Peer& peer, const std::string& request) {
    const bool sent = peer.send(http_answer(202, "text/plain", "Accepted"));
    if (const int id = id_of(request); id != 0) say("event: message\n" + event_text(response_text(id)));
    return sent;
  }

  void end_stream() {
    const std::lock_guard lock(mutex_);
    if (stream_ != nullptr) stream_->end();
  }

  bool streaming() const {
    const std::lock_guard lock(mutex_);
    return stream_ != nullptr;
  }

  /// The number of "id":NUMBER in a request; 0 when there is none.
  static int id_of(const std::string& request) {
    const auto at = request.find("\"id\":");
    return at == std::string::npos ? 0 : std::atoi(request.c_str() + at + 5);
  }

  std::vector<std::string> requests(const std::string& method) const { return http_.requests(method); }

  FakeMcpServer& http() { return http_; }

 private:
  bool get(Peer& peer, const std::string& request) {
    if (const auto refusal = refuse_get ? refuse_get(request) : std::string(); !refusal.empty()) return peer.send(refusal);
    peer.send(beginning_);
    {
      const std::lock_guard lock(mutex_);
      stream_ = &peer;
    }
    opened_.notify_all();
    peer.wait_for_end();
    const std::lock_guard lock(mutex_);
    stream_ = nullptr;
    return false;
  }

  bool post(Peer& peer, const std::string& request) { return on_post ? on_post(peer, request) : respond(peer, request); }

  std::string beginning_;
  mutable std::mutex mutex_;
  std::condition_variable opened_;
  Peer* stream_ = nullptr;  // guarded by mutex_
  FakeMcpServer http_;      // last: its threads use the rest
};

class SseClientTest : public StreamableClientTest {
 protected:
  void connect(FakeSseServer& server) { connect_sse(server.http().wire().url()); }

  void connect_sse(const std::string& url) {
    sse_options_.http = options_;
    sse_ = make_sse_client(loop_.get_executor(), Url::parse(url).value(), sse_options_);
    transport_ = sse_;
    ASSERT_TRUE(run_task(loop_, transport_->open(receiver_)));
  }

  void notify(const std::string& method) { transport_->send(Message::notification(method, {})); }

  SseClientOptions sse_options_;
  std::shared_ptr<SseClient> sse_;
};

}  // namespace mcp
