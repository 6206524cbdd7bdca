#pragma once

#include <atomic>
#include <string>
#include <string_view>

#include "bench/upstream/echo_core.h"

namespace bench {

/// How the server answers; set before the first connection, shared by all threads.
struct HttpEchoOptions {
  bool sse = false;            // answer requests as one SSE event
  bool strict = false;         // 404 for a session this process did not give out
  bool raw = false;            // no MCP: a POST's body comes back as it is
  std::string session_prefix;  // what this process's sessions begin with
};

struct RequestHead {
  std::string_view method, session;
  std::size_t size = 0, content_length = 0;  // size: 0 while the head is not whole
  bool chunked = false, keep_alive = true;
};

/// One client: bytes in, answers out. Reads no socket, so that the event loop stays in one place.
class HttpConnection {
 public:
  HttpConnection(int fd, const HttpEchoOptions& options, const EchoCore& core, std::atomic<unsigned>& sessions);

  int fd() const { return fd_; }
  std::string& input() { return in_; }

  /// Answers every whole request of the input; what is left of it waits for more.
  void answer_input();

  /// Writes what the socket takes. False when the connection is to be dropped: it broke, or the client asked to close.
  bool flush();
  bool has_output() const { return written_ < out_.size(); }

  bool wants_write = false;  // as registered with the event loop

 private:
  std::size_t answer_one(std::string_view text);
  void respond(const RequestHead& head, std::string_view body);
  void respond_mcp(const RequestHead& head, std::string_view body);
  void respond_empty(std::string_view status);
  void respond_json(std::string_view extra_head, std::string_view body);
  void respond_event(std::string_view extra_head, std::string_view body);

  int fd_;
  const HttpEchoOptions& options_;
  const EchoCore& core_;
  std::atomic<unsigned>& sessions_;
  std::string in_, out_, answer_, body_;
  std::size_t written_ = 0;
  bool close_after_ = false;
};

}  // namespace bench
