#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "mcp/base/event.h"
#include "mcp/http/http_server.h"
#include "mcp/session/server_session.h"

namespace mcp {

/// A comment: the client's parser skips it, what stands between sees that the stream lives.
inline constexpr std::string_view kSseKeepAlive = ": keep-alive\n\n";

/// The bytes of one server-sent event that carries a message.
std::string sse_event(std::string_view message);

/// A streaming answer that lasts: a client's GET stream, or a POST answered as a stream. Lives in the frame of the coroutine that
/// serves it; the keep-alive sweep reaches it through its session.
class OpenStream {
 public:
  virtual ~OpenStream() = default;

  /// A sign of life for the client and what stands between: a comment line.
  virtual void keep_alive(std::chrono::steady_clock::time_point now) = 0;
};

/// One client's session over HTTP.
struct HttpSession {
  std::string id;    // secret
  std::string path;  // the endpoint that opened it
  std::shared_ptr<ServerSession> session;
  std::chrono::steady_clock::time_point last_used;
  std::function<bool(std::string)> get_stream;  // writes to the open GET stream; {} while there is none
  Event* get_stream_end = nullptr;              // set to end that stream
  std::deque<std::string> parked;               // for the next GET stream
  std::vector<OpenStream*> open_streams;

  bool idle() const { return !get_stream && session->in_flight() == 0; }
};

/// Session ids → sessions, with a cap. Loop thread only.
class HttpSessions {
 public:
  explicit HttpSessions(std::size_t max_sessions) : max_sessions_(max_sessions) {}

  /// Nothing when the table is full of sessions in use. The id has 128 random bits.
  std::shared_ptr<HttpSession> open(std::string path, std::shared_ptr<ServerSession> session);

  /// Nothing when there is none of that id at that path.
  std::shared_ptr<HttpSession> find(std::string_view id, std::string_view path) const;

  /// Ends a session: its calls are cancelled, its stream ends.
  void erase(const std::shared_ptr<HttpSession>& session, const Error& reason);

  /// Ends what has been idle since before `limit`; calls `visit` for the others.
  void sweep(std::chrono::steady_clock::time_point limit, const std::function<void(HttpSession&)>& visit);

  std::size_t size() const { return sessions_.size(); }

 private:
  struct Hash {
    using is_transparent = void;

    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  bool make_room();

  std::size_t max_sessions_;
  std::unordered_map<std::string, std::shared_ptr<HttpSession>, Hash, std::equal_to<>> sessions_;
};

}  // namespace mcp
