#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "mcp/base/event.h"
#include "mcp/rpc/request_handler.h"

namespace mcp {

class ServerSession;

/// The RequestHandler behind one client's session; made for it, and told which session that is.
class SessionHandler : public RequestHandler {
 public:
  /// Before the first request. The session holds the handler, so the handler keeps only a weak pointer.
  virtual void opened(const std::weak_ptr<ServerSession>& session) = 0;
};

struct ServerSessionOptions {
  std::string principal = "local";
  std::string label;                 // the session in logs
  std::size_t max_in_flight = 1000;  // requests of this client being answered; one more is refused (overloaded)
};

/// One client's session at our face, whatever carries it: negotiates the revision, keeps who the client is, holds its open requests
/// so that it can cancel them, and gives everything else to a RequestHandler. initialize goes to the handler too, which writes the
/// result; the context's caller() then already carries the negotiated revision (MCP 2025-11-25, "Lifecycle"). Requests that come
/// before it was answered wait for it, but for pings: some clients send their first ones all at once.
///
/// Loop thread only. Held by shared_ptr.
class ServerSession final : public std::enable_shared_from_this<ServerSession> {
 public:
  /// Sends a message to the client; false when it is gone or does not read.
  using Outlet = std::function<bool(Message)>;

  static std::shared_ptr<ServerSession> create(std::shared_ptr<SessionHandler> handler, ServerSessionOptions options);

  /// Answers a request; nothing when the client took it back meanwhile (then no answer may be sent). Notifications that belong to
  /// the request go to `outlet`; when that returns false, the request is cancelled.
  Task<std::optional<Message>> serve(Message request, Outlet outlet);

  /// Takes a notification or a response.
  void accept(Message message);

  /// Where push() leads; {} while the client cannot be reached outside its requests.
  void set_outlet(Outlet outlet) { outlet_ = std::move(outlet); }

  /// Sends a notification that belongs to no request. False when it could not be delivered.
  bool push(Message notification);

  /// Cancels every open request with this reason.
  void cancel_all(const Error& reason);

  /// True once initialize was answered with a result.
  bool initialized() const { return initialized_; }

  std::size_t in_flight() const { return in_flight_.size(); }

  const Caller& caller() const { return *caller_; }

 private:
  class Call;

  ServerSession(std::shared_ptr<SessionHandler> handler, ServerSessionOptions options);

  /// Reads who the client is; the error is what initialize is refused with.
  Result<> introduce(const Message& request);
  Task<std::optional<Message>> answer_initialize(Message request, Call& call);
  Result<> admit(const Message& request) const;
  void cancel(const Message& notification);

  std::shared_ptr<SessionHandler> handler_;
  ServerSessionOptions options_;
  std::shared_ptr<Caller> caller_;
  std::unordered_map<std::string, Call*> in_flight_;  // by the id's JSON text
  Outlet outlet_;
  std::shared_ptr<Event> introducing_;  // while initialize is being answered; set then
  bool initialized_ = false;
};

}  // namespace mcp
