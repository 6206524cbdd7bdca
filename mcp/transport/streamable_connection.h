#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "mcp/base/cancellation.h"
#include "mcp/base/event.h"
#include "mcp/http/http_client.h"
#include "mcp/rpc/batch.h"
#include "mcp/rpc/message.h"
#include "mcp/transport/authorizer.h"
#include "mcp/transport/streamable_client.h"
#include "mcp/transport/transport.h"

namespace mcp {

/// What all requests of one transport over HTTP share: the HTTP client, the headers that go with each, their Authorization, the
/// session, and where messages of the server's go. Loop thread only; held by shared_ptr by every coroutine that uses it.
class StreamableConnection : public std::enable_shared_from_this<StreamableConnection> {
 public:
  using Response = std::unique_ptr<HttpClientResponse>;

  StreamableConnection(const Executor& executor, Url url, StreamableClientOptions options);

  void set_receiver(Transport::Receiver& receiver) { receiver_ = &receiver; }

  void set_version(ProtocolVersion version) {
    version_ = to_string(version);
    batches_ = version == ProtocolVersion::v2025_03_26 ? Batches::allowed : Batches::refused;
    post_lines_.reset();
  }

  /// Whether the server may send batches.
  Batches batches() const { return batches_; }

  const Executor& executor() const { return executor_; }

  const Url& url() const { return url_; }

  const std::string& origin() const { return origin_; }

  std::size_t max_message() const { return options_.max_message; }

  bool has_session() const { return !session_.empty() || target_is_session_; }

  /// POSTs go to this path and query of the origin from now on, not to the URL's own (HTTP+SSE).
  void post_to(std::string target) { post_target_ = std::move(target); }

  /// From now on a 404 means that the server has forgotten us: the target it gave us is the session's.
  void target_is_session() { target_is_session_ = true; }

  /// The server answered with an error that only MCP has (its range of codes since 2026-07-28): it is no older than that.
  bool seen_modern_error() const { return seen_modern_error_; }

  void see_modern_error() { seen_modern_error_ = true; }

  /// Takes the session id of the answer to initialize. Error not_mcp for one that no server may give.
  Result<> take_session(const HttpClientResponse& response);

  /// All but calls is control traffic (HttpClientRequest::control).
  enum class Kind { call, control };

  /// One HTTP request to the endpoint, and what has become of it so far: where the server refuses what it was sent with, it is sent
  /// again, three times in all. What the views show must stay valid as long as it.
  struct Request {
    std::string_view method = "POST";
    std::string_view body = {};
    Kind kind = Kind::control;
    std::string_view last_event_id = {};
    Authorizer::Header authorization = {};  // what it was sent with last; null = nothing but the configured headers
    int refusals = 0;
  };

  /// Sends it. Where refused() says so of the answer, send_again() is to follow. In two steps, since most requests need but the
  /// first, which costs no coroutine of its own. `request` must stay valid until it returns. Errors: HttpClient's, and the
  /// authorizer's as they are.
  Task<Result<Response>> send(Request& request, Cancellation& cancellation);

  /// Whether that is for the authorizer: HTTP 401, or 403 for want of a scope. Never without one.
  bool refused(const Result<Response>& response) const;

  /// Asks the authorizer what follows from the refusal, and sends the request again, until it is not refused any more. Errors are
  /// send()'s, and reauthentication_required where the third try is refused like those before.
  Task<Result<Response>> send_again(Request& request, Response refusal, Cancellation& cancellation);

  /// Both steps, for the requests that are seldom made.
  Task<Result<Response>> get(std::string last_event_id, Cancellation& cancellation);
  Task<Result<Response>> remove(Cancellation& cancellation);

  /// Whether the configured headers have an Authorization.
  bool has_own_authorization() const { return own_authorization_; }

  /// Lets go of an answer: what is left of its body is read in the background, if that is little and comes soon, so that the
  /// HTTP connection can be used again.
  void settle(Response response);

  /// Hands a message of the server's up, unless the transport has ended.
  void deliver(Message message, std::optional<std::uint64_t> related_request);

  /// Requested when the transport ends; everything open fails with its reason.
  Cancellation& ending() { return ending_; }

  /// Tells the receiver that the server takes no connections.
  void miss(const Error& reason);

  /// The connection is lost for this reason: tells the receiver, once.
  void lose(const Error& reason);

  /// The connection never came up, for this reason: what waits for it fails, and the receiver, which hears of it that way, is told
  /// nothing.
  void give_up(const Error& reason);

  /// close() begins: the receiver hears nothing any more.
  void shut_down();

  void close_http() { http_->close(); }

  /// Between the sending of notifications/initialized and its arrival, other requests wait: HTTP connections do not keep the order
  /// between them, and servers refuse what comes too early. So do all over HTTP+SSE until it is known where they go.
  void set_initializing(bool initializing);

  bool initializing() const { return initializing_; }

  Task<void> wait_initialized(Cancellation& cancellation);

 private:
  Task<Result<Response>> send_now(const Request& request, Cancellation& cancellation);
  Task<Result<Response>> send_when_authorized(Request& request, Cancellation& cancellation);
  Task<Result<Response>> send_to_the_end(Request request, std::string last_event_id, Cancellation& cancellation);
  void add_post_headers(HttpClientRequest& out, const Authorizer::Header& authorization);
  HttpClientHeaders common_headers(const Authorizer::Header& authorization) const;
  Task<void> drain(Response response);

  Executor executor_;
  StreamableClientOptions options_;
  Url url_;
  std::string origin_;
  std::shared_ptr<HttpClient> http_;
  Transport::Receiver* receiver_ = nullptr;
  std::string session_;
  std::string post_target_;
  bool target_is_session_ = false;
  bool seen_modern_error_ = false;
  std::string_view version_;
  Batches batches_ = Batches::refused;
  std::shared_ptr<const std::string> post_lines_;  // the headers of every POST; null until they are asked for
  Authorizer::Header post_authorization_;          // the one in post_lines_
  bool own_authorization_ = false;
  bool initializing_ = false;
  std::list<Event*> initializing_waiters_;
  Cancellation ending_;
};

}  // namespace mcp
