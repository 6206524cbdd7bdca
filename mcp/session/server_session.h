#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "mcp/adapt/adapt.h"
#include "mcp/base/event.h"
#include "mcp/rpc/request_handler.h"
#include "mcp/session/client_questions.h"

namespace mcp {

class ServerSession;

/// The RequestHandler behind one client's session; made for it, and told which session that is.
class SessionHandler : public RequestHandler {
 public:
  /// Before the first request. The session holds the handler, so the handler keeps only a weak pointer.
  virtual void opened(const std::weak_ptr<ServerSession>& session) = 0;

  /// A question as the client is to see it.
  virtual Message present(Message question) { return question; }
};

struct ServerSessionOptions {
  std::string principal = "local";
  std::string label;                 // the session in logs
  std::size_t max_in_flight = 1000;  // requests of this client being answered; one more is refused (overloaded)
  std::size_t max_questions = 100;   // requests to this client waiting for its answer; likewise
};

/// One client's session at our face, whatever carries it: negotiates the revision, keeps who the client is, holds its open requests
/// so that it can cancel them, and gives everything else to a RequestHandler. initialize goes to the handler too, which writes the
/// result; the context's caller() then already carries the negotiated revision (MCP 2025-11-25, "Lifecycle"). Requests that come
/// before it was answered wait for it, but for pings: some clients send their first ones all at once.
///
/// What a client of an older revision does not know it gets in its own words (mcp/adapt).
///
/// The client is asked (sampling, elicitation, roots) only what it declared in initialize that it can be asked: on the way of the
/// request that gave rise to the question, or, where none did, on the way of push().
///
/// Loop thread only. Held by shared_ptr.
class ServerSession final : public ClientPeer, public std::enable_shared_from_this<ServerSession> {
 public:
  /// Sends a message to the client; false when it is gone or does not read.
  using Outlet = std::function<bool(Message)>;

  static std::shared_ptr<ServerSession> create(std::shared_ptr<SessionHandler> handler, ServerSessionOptions options);

  /// Answers a request; nothing when the client took it back meanwhile (then no answer may be sent). Notifications that belong to
  /// the request go to `outlet`; when that returns false, the request is cancelled.
  Task<std::optional<Message>> serve(Message request, Outlet outlet);

  /// Takes a notification or a response. What concerns no request or question of the session goes to the handler's notice().
  void accept(Message message);

  /// Where push() leads; {} while the client cannot be reached outside its requests.
  void set_outlet(Outlet outlet) { outlet_ = std::move(outlet); }

  /// How to tell whether the client listens; {}: it always does.
  void set_listens(std::function<bool()> listens) { listens_ = std::move(listens); }

  bool push(Message notification) override;
  bool listens() const override { return !listens_ || listens_(); }
  Task<Result<Message>> ask(Message request, Question& question) override;

  /// Cancels every open request with this reason, and every question to the client: it is gone.
  void cancel_all(const Error& reason);

  /// The client cannot be told of a question that was to go to it, by its id there (JSON text).
  void question_lost(std::string_view id);

  /// True once initialize was answered with a result.
  bool initialized() const { return initialized_; }

  std::size_t in_flight() const { return in_flight_.size(); }

  /// Questions to the client that wait for its answer.
  std::size_t questions() const { return questions_->open(); }

  /// What the client wants to read of its servers' logs from now on.
  void set_log_level(LoggingLevel level) { caller_->log_level = level; }

  const Caller& caller() const override { return *caller_; }

 private:
  class Call;
  class NoticeContext;

  ServerSession(std::shared_ptr<SessionHandler> handler, ServerSessionOptions options);

  /// Reads who the client is; the error is what initialize is refused with.
  Result<> introduce(const Message& request);
  Task<std::optional<Message>> answer_initialize(Message request, Call& call);
  Result<> admit(const Message& request) const;
  void cancel(const Message& notification);
  /// What goes to the client is said in its revision's words.
  Hop hop() const;
  Task<Result<Message>> ask_by(Outlet outlet, const void* owner, Message request, Question& question);

  std::shared_ptr<SessionHandler> handler_;
  ServerSessionOptions options_;
  std::shared_ptr<Caller> caller_;
  std::shared_ptr<ClientQuestions> questions_;
  std::unordered_map<std::string, Call*> in_flight_;  // by the id's JSON text
  Outlet outlet_;
  std::function<bool()> listens_;
  std::shared_ptr<Event> introducing_;  // while initialize is being answered; set then
  bool initialized_ = false;
};

}  // namespace mcp
