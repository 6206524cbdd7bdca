#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "mcp/adapt/adapt.h"
#include "mcp/base/clock.h"
#include "mcp/rpc/request_handler.h"
#include "mcp/session/open_requests.h"
#include "mcp/session/server_introduction.h"
#include "mcp/transport/transport.h"

namespace mcp {

struct ClientSessionOptions {
  std::string client_name = "switchyard";
  std::string client_version;
  std::string instance;             // goes into initialize as _meta "switchyard/instance", where set: see instance_of()
  std::string server;               // its name: goes with its questions as params._meta "switchyard/server", where set
  std::string capabilities = "{}";  // what we declare in initialize; JSON text
  std::size_t max_open = 10'000;    // requests waiting for an answer; one more fails (overloaded)
  /// Requests of the server's being answered; likewise. A quarter of what a client may be asked at once
  /// (ServerSessionOptions::max_questions): no server takes all its places.
  std::size_t max_questions = 25;
  /// Notifications that belong to no request (list_changed, log lines, progress after the answer, …).
  std::function<void(Message)> on_notification;
  /// Sees each notification and request of the server's first and may change it. False: a notification is dealt with already. What
  /// it writes into `note` of a request on_answer is told with the answer.
  std::function<bool(Message&, std::string& note)> on_incoming;
  /// Sees each answer of a client's to a question of the server's last and may change it.
  std::function<void(const std::string& note, Message&)> on_answer;
  /// Answers a request of the server's that belongs to no open request of ours; {}: none is answered. As in CallContext::ask.
  std::function<Task<Result<Message>>(Message, Question&)> on_question;
  /// A question of the server's came (roots/list, …), whoever is to answer it.
  std::function<void(std::string_view method)> on_asked;
  /// The connection ended by itself. Runs once, from the loop, never after close() began.
  std::function<void(const Error&)> on_closed;
  /// The server seems to be gone; a request would tell. May come again and again.
  std::function<void()> on_unreachable;
};

/// How a request is tied to others of the same task (MCP 2025-11-25, "Tasks": the progress token of the request that made the task
/// stays good as long as the task lives).
struct RequestLink {
  std::uint64_t id = 0;           // out: under which the server knows the request, and its progress token
  std::uint64_t progress_of = 0;  // in: progress under this earlier id is this request's, too; 0: there is none
  std::string token;              // in: the caller's token for that progress, JSON text
};

/// Our session with one MCP server, over any Transport: handshake (revisions 2024-11-05 to 2025-11-25), numbering, deadlines,
/// cancellation, progress to the one who asked. A RequestHandler: what handle() is given goes to the server under an id, and where
/// it asks for progress under a token, of the session's own; the answer comes back under the caller's.
///
/// A request that is cancelled or out of time is told to the server (notifications/cancelled, under the id the server knows) and
/// fails at once with the reason. Progress for a request moves its deadline: each report gives it as long again as it had at the
/// start, up to twelve times that in all (MCP 2025-11-25, "Lifecycle", timeouts). While a question of the server's waits for the
/// client, the request it belongs to is not out of time before those twelve times.
///
/// Requests of the server's (sampling, elicitation, roots) and its log lines go to the one whose request gave rise to them: the
/// request on whose response stream they came, else the open request of the only client that has one here. A question that could
/// be of two clients is nobody's: it is answered with an error (on_question never sees it). A log line then goes to both.
///
/// Loop thread only. Held by shared_ptr; close() before letting go.
class ClientSession final : public RequestHandler, public std::enable_shared_from_this<ClientSession>, private Transport::Receiver {
 public:
  static std::shared_ptr<ClientSession> create(const Executor& executor,
                                               std::shared_ptr<Transport> transport,
                                               ClientSessionOptions options);

  /// Opens the transport. Separate from initialize() so that the caller can tell which of the two took too long.
  Task<Result<>> open();

  /// Shakes hands. Errors: the transport's, timeout, unsupported_version (the server wants a revision we do not speak),
  /// not_mcp (its answer is no initialize result), or what the server's JSON-RPC error said (invalid_request).
  Task<Result<ServerIntroduction>> initialize(Cancellation& cancellation);

  Task<Result<Message>> handle(Message request, CallContext& context) override {
    return handle(std::move(request), context, nullptr);
  }
  void notice(Message notification, CallContext& context) override;

  /// The same; `link`, where it is not null, must outlive the returned task.
  Task<Result<Message>> handle(Message request, CallContext& context, RequestLink* link);

  /// A request of our own. `params` is JSON text, or empty.
  Task<Result<Message>> call(std::string_view method, std::string_view params, Cancellation& cancellation);

  /// Requests of callers waiting for an answer; our own are not counted.
  std::size_t open_requests() const { return open_.size() - own_; }

  /// Questions of the server's that wait for an answer.
  std::size_t open_questions() const { return questions_.size(); }

  /// The server speaks this revision; the latest one before initialize().
  ProtocolVersion version() const { return version_; }

  /// The connection has ended, or is being ended: nothing more can be asked.
  bool closed() const { return closed_; }

  /// Fails what is open with `reason` and ends the connection within `grace`.
  Task<void> close(std::chrono::steady_clock::duration grace, Error reason = closing());

  /// The reason of a close that somebody asked for.
  static Error closing() { return {ErrorCode::shutting_down, "the connection to the server is being closed"}; }

 private:
  struct Asked;
  class AskedEntry;

  ClientSession(const Executor& executor, std::shared_ptr<Transport> transport, ClientSessionOptions options);

  void on_message(Message message, std::optional<std::uint64_t> related_request) override;
  void on_closed(const Error& reason) override;
  void on_unreachable(const Error& reason) override;

  void on_progress(Message message);
  void on_log(Message message, std::optional<std::uint64_t> related_request);
  void on_cancelled(const Message& message);
  bool may_be_asked(std::string_view method) const;
  /// Whether a question of the server's may go on.
  Result<> admit(const Message& request, std::optional<std::uint64_t> related_request) const;
  void on_request(Message request, std::optional<std::uint64_t> related_request, std::string note);
  Task<void> answer(Message request, std::optional<std::uint64_t> cause, std::string note);
  Task<Result<Message>> find_answer(Message request, Question& question, std::optional<std::uint64_t> cause);
  /// What goes to the server is said in its revision's words.
  Hop hop() const { return {.from = kLatestVersion, .to = version_}; }
  void drop_questions(const Error& reason);
  void tell_cancelled(std::uint64_t id, const Error& reason);
  void arm_sweep();
  void sweep();

  Executor executor_;
  std::shared_ptr<Transport> transport_;
  ClientSessionOptions options_;
  std::uint64_t next_id_;
  std::size_t own_ = 0;  // open requests of our own
  OpenRequests open_;
  std::unordered_map<std::string, Asked*> questions_;  // of the server's, by its id's JSON text
  ProtocolVersion version_ = kLatestVersion;
  Timer sweep_timer_;
  bool sweeping_ = false;
  bool closed_ = false;
};

}  // namespace mcp
