#pragma once

#include <string>
#include <vector>

#include "tests/mcp/session/streamable_server_fixture.h"

namespace mcp {

class StreamableServerResumeTest : public StreamableServerTest {
 protected:
  static Message step(int number) {
    return Message::notification("notifications/progress", R"({"progressToken":1,"progress":)" + std::to_string(number) + "}");
  }

  /// What an event is about: a progress number, "answer", "error", or a method.
  static std::string gist(const std::string& data) {
    if (data.empty()) return "end";
    const nlohmann::json message = nlohmann::json::parse(data);
    if (message.contains("result")) return "answer";
    if (message.contains("error")) return "error";
    if (message["method"] == "notifications/progress") return message["params"]["progress"].dump();
    return message["method"];
  }

  /// All that comes until the stream ends.
  static std::vector<std::string> read_gists(RawClient& stream) {
    std::vector<std::string> all;
    for (Sse event = read_event(stream); !event.data.empty(); event = read_event(stream))
      all.push_back(gist(event.data));
    return all;
  }

  /// Begins a call whose first notification is read, and breaks the connection. Returns that event's id.
  std::string break_off(const std::string& session) {
    loop_.run([this] { shared_.waiting = {}; });
    auto one = client();
    start_stream(one, call(session, "report"));
    const Sse first = read_event(one);
    EXPECT_EQ(gist(first.data), "1");
    wait_until_called();
    one.reset();
    return first.id;
  }

  RawClient resumed(const std::string& session, const std::string& last) {
    auto one = client();
    one.send(text(resume(session, last)));
    EXPECT_EQ(one.read_head().status, 200);
    return one;
  }

  std::size_t kept_bytes() {
    return loop_.run([this] { return server_->kept_bytes(); });
  }

  void sweep_later(std::chrono::steady_clock::duration later) {
    loop_.run([&] { server_->sweep(std::chrono::steady_clock::now() + later); });
  }

  int status_of(const Request& request) const { return ask(request).status; }
};

}  // namespace mcp
