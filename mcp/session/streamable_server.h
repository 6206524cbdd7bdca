#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mcp/http/http_server.h"
#include "mcp/session/replay_buffer.h"
#include "mcp/session/server_session.h"

namespace mcp {

struct StreamableServerOptions {
  std::vector<std::string> allowed_hosts;    // besides loopback names, without port, lower case
  std::vector<std::string> allowed_origins;  // besides those of loopback hosts: "https://app.example.com"
  std::size_t max_sessions = 20'000;         // one more ends the one that is idle longest; where none is idle it is refused (503)
  ReplayLimits replay;                       // what is kept for clients whose stream broke, or who have none open just now
  std::chrono::steady_clock::duration session_idle = std::chrono::hours(1);   // without a request, an open call or a stream
  std::chrono::steady_clock::duration keep_alive = std::chrono::seconds(15);  // a comment on every open stream; a call that takes
                                                                              // longer is answered as a stream
};

/// Who sends a request, as far as was found out before. Views need to be valid only while handle() is called.
struct HttpVisitor {
  std::string_view principal = "local";
  std::string_view credential;  // what it was told by, never the secret itself; "": nothing
  /// It has shown what a web page in somebody's browser cannot have, so any Host will do.
  bool authenticated = false;
};

/// The server's face of streamable HTTP (MCP 2025-03-26 to 2025-11-25, "Transports"): sessions over POST, GET and DELETE of one or
/// more paths. A request is answered as JSON, or as a stream from its first notification on. A stream that breaks can be resumed by
/// a GET with Last-Event-ID: the client's GET stream as long as the session lives; a POST's until the client had its answer, or for
/// as long as the answer is kept (405 then; 400 for an id that is none of this session's). Checks Host and Origin of every request
/// against DNS rebinding; a session belongs to the path and the credential that opened it: to others it is unknown.
/// Loop thread only; must outlive the HttpServer that calls handle(), but not the calls that are under way then.
class StreamableServer {
 public:
  /// Makes the handler of a new session for a path; an Error (its text goes to the client, status 404) where there is none.
  using Endpoint = std::function<Result<std::shared_ptr<SessionHandler>>(std::string_view path)>;

  StreamableServer(const Executor& executor, StreamableServerOptions options, Endpoint endpoint);
  ~StreamableServer();
  StreamableServer(const StreamableServer&) = delete;
  StreamableServer& operator=(const StreamableServer&) = delete;

  Task<void> handle(HttpExchange& exchange, const HttpVisitor& visitor = {});

  /// From here on these are allowed (StreamableServerOptions).
  void allow(std::vector<std::string> hosts, std::vector<std::string> origins);

  /// Ends the sessions whose credential is not kept: their calls are cancelled.
  void end_sessions_unless(const std::function<bool(std::string_view credential)>& keeps);

  /// Ends the sessions that have been idle too long at `now`, and shows life on the open streams. Its own timer does that as often
  /// as keep_alive says.
  void sweep(std::chrono::steady_clock::time_point now);

  std::size_t sessions() const;
  std::size_t streams() const;     // GETs that are being answered
  std::size_t kept_bytes() const;  // for resuming, of all sessions

  /// Ends every GET stream and stops the timers; requests in flight go on.
  void close();

  /// Cancels the requests of all clients; they are answered with this reason.
  void cancel_all(const Error& reason);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace mcp
