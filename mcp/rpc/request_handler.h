#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "mcp/base/cancellation.h"
#include "mcp/base/task.h"
#include "mcp/rpc/message.h"
#include "mcp/types/logging_level.h"
#include "mcp/types/protocol_version.h"

namespace mcp {

/// Who a request comes from. Lives as long as the client's session; calls hold it by shared_ptr.
struct Caller {
  std::uint64_t id = 0;   // of the session; never used twice in this process; 0: nobody's
  std::string principal;  // who was authenticated; "local" on a loopback listener without authentication
  std::string session;    // for logs; not the secret session id
  ProtocolVersion version = kLatestVersion;
  std::string client_name, client_version;  // as the client says; for display only
  std::string capabilities = "{}";          // the client's capabilities object, JSON text
  std::optional<LoggingLevel> log_level;    // as set by logging/setLevel; {} while the client has not
};

/// A question to a client while it is open: lets the asker take it back, and hear of progress. Outlives the ask() it is given to.
struct Question {
  Cancellation cancellation;
  /// Takes the client's notifications/progress, under the token of the request; {} where nobody wants them.
  std::function<void(Message)> on_progress;
};

/// The client of a session, apart from any request of its own. Loop thread only.
class ClientPeer {
 public:
  virtual ~ClientPeer() = default;

  virtual const Caller& caller() const = 0;

  /// Sends a notification that belongs to no request. False when it could not be delivered.
  virtual bool push(Message notification) = 0;

  /// Whether push() reaches it at once: over HTTP only while it listens.
  virtual bool listens() const { return true; }

  /// Asks the client's user or host (sampling, elicitation, roots; MCP 2025-11-25, "Client Features") and waits for the answer.
  /// `request` carries any id and progress token; answer and progress carry the same. Errors: method_not_found where the client
  /// has not declared that it can be asked, invalid_params for a mode of elicitation that it has not, overloaded, the reason of
  /// the question's cancellation (the client is told), session_lost where the client went away.
  virtual Task<Result<Message>> ask(Message request, Question& question) = 0;
};

/// One request on its way: who asked, until when, and the way back to the asker while the request is open. Made by the downstream
/// face, handed down by reference; whoever keeps work past the return of handle() must not keep the context.
class CallContext {
 public:
  CallContext() = default;
  virtual ~CallContext() = default;
  CallContext(const CallContext&) = delete;
  CallContext& operator=(const CallContext&) = delete;

  virtual const Caller& caller() const = 0;

  /// Sends a notification that belongs to this request (progress, a log line) to the asker. Never waits: over the client's queue
  /// limit the call itself is cancelled with Error::overloaded.
  virtual void notify(Message notification) = 0;

  /// Asks the asker's user or host: ClientPeer::ask, on the way that belongs to this request. The question ends with the request
  /// (Error cancelled). The task may outlive the context.
  virtual Task<Result<Message>> ask(Message request, Question& question) = 0;

  /// The asker beyond this request; null where there is none.
  virtual std::shared_ptr<ClientPeer> peer() { return nullptr; }

  /// Set when the asker no longer wants the answer.
  Cancellation& cancellation() { return cancellation_; }

  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();

  /// What of the request's time went by before it could be sent to a server (a turn, a start), and until the server had answered.
  std::chrono::steady_clock::duration waited{}, upstream{};

  /// The revision whose words the answer is in: of the server that gave it. What the gateway says itself is in the latest one's.
  ProtocolVersion answered_in = kLatestVersion;

  /// As the asker was told last: it must rise, whoever reports it, also where a request goes to another session or server.
  double progress = -std::numeric_limits<double>::infinity();

 private:
  Cancellation cancellation_;
};

/// Both ends of a call: who calls holds one, who answers is one; everything in between (router, policy gate, runtime) is one and
/// holds one. Loop thread only.
class RequestHandler {
 public:
  virtual ~RequestHandler() = default;

  /// Answers `request` with a response message that carries the request's id: a result, or a JSON-RPC error the answering side
  /// chose. An Error is for what kept us from an answer; the face towards the client turns it into a JSON-RPC error.
  /// `request` and `context` outlive the returned task.
  virtual Task<Result<Message>> handle(Message request, CallContext& context) = 0;

  /// Takes a notification; there is no answer, and what it does not understand it ignores.
  virtual void notice(Message notification, CallContext& context) = 0;
};

}  // namespace mcp
