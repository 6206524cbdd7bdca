#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "mcp/session/event_stream.h"
#include "mcp/session/server_session.h"

namespace mcp {

/// An answer that may last: to a POST that is being served. Lives in the frame of the coroutine that serves it; the keep-alive
/// sweep reaches it through its session.
class OpenAnswer {
 public:
  virtual ~OpenAnswer() = default;

  /// A sign of life for the client and what stands between: a comment line.
  virtual void keep_alive(std::chrono::steady_clock::time_point now) = 0;
};

/// One client's session over HTTP.
struct HttpSession {
  explicit HttpSession(std::shared_ptr<ReplayPool> pool) : streams(std::move(pool)) {}

  std::string id;          // secret
  std::string path;        // the endpoint that opened it
  std::string credential;  // with which it was opened; "": none
  std::shared_ptr<ServerSession> session;
  std::chrono::steady_clock::time_point last_used;
  std::vector<OpenAnswer*> open_answers;
  SessionStreams streams;

  bool idle() const { return !streams.is_listening() && session->in_flight() == 0; }

  /// Does the client know events without data (MCP 2025-11-25)? Older ones may stumble over them.
  bool knows_priming() const { return session && session->caller().version >= ProtocolVersion::v2025_11_25; }
};

/// Session ids → sessions, with a cap. Loop thread only.
class HttpSessions {
 public:
  HttpSessions(std::size_t max_sessions, const ReplayLimits& replay)
      : max_sessions_(max_sessions), pool_(std::make_shared<ReplayPool>(replay)) {}

  /// Nothing when the table is full of sessions in use. The id has 128 random bits.
  std::shared_ptr<HttpSession> open(std::string path, std::string credential, std::shared_ptr<ServerSession> session);

  /// Nothing when there is none of that id at that path, opened with that credential.
  std::shared_ptr<HttpSession> find(std::string_view id, std::string_view path, std::string_view credential) const;

  /// Ends a session: its calls are cancelled, its streams end, nothing is kept of them.
  void erase(const std::shared_ptr<HttpSession>& session, const Error& reason);

  /// Ends those whose credential is not kept.
  void erase_unless(const std::function<bool(std::string_view credential)>& keeps, const Error& reason);

  /// Ends what has been idle since before `limit`; calls `visit` for the others.
  void sweep(std::chrono::steady_clock::time_point limit, const std::function<void(HttpSession&)>& visit);

  std::size_t size() const { return sessions_.size(); }

  /// Bytes kept of all sessions' streams.
  std::size_t kept_bytes() const { return pool_->bytes(); }

 private:
  struct Hash {
    using is_transparent = void;

    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  bool make_room();

  std::size_t max_sessions_;
  std::shared_ptr<ReplayPool> pool_;
  std::unordered_map<std::string, std::shared_ptr<HttpSession>, Hash, std::equal_to<>> sessions_;
};

}  // namespace mcp
