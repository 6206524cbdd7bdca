#include "mcp/session/streamable_server.h"

#include <array>
#include <utility>

#include "mcp/base/clock.h"
#include "mcp/base/log.h"
#include "mcp/rpc/error_codes.h"
#include "mcp/session/batch_call.h"
#include "mcp/session/era.h"
#include "mcp/session/http_access.h"
#include "mcp/session/http_sessions.h"
#include "mcp/session/post_reply.h"

namespace mcp {

namespace {

using Found = SessionStreams::Found;
using Header = std::pair<std::string_view, std::string_view>;

constexpr std::string_view kJson = "application/json";
constexpr std::array<Header, 1> kAllow = {Header("Allow", "GET, POST, DELETE")};

/// How a GET comes to its stream: with a Last-Event-ID or without one.
enum class Opening : std::uint8_t { fresh, resumed };

void refuse(HttpExchange& exchange, int status, const Error& error, HttpHeaders headers = {}) {
  exchange.respond(status, kJson, error_response("null", error).text(), headers);
}

void refuse(HttpExchange& exchange, int status, std::string_view id, const Error& error) {
  exchange.respond(status, kJson, error_response(id, error).text());
}

}  // namespace

class StreamableServer::Impl : public std::enable_shared_from_this<StreamableServer::Impl> {
 public:
  Impl(const Executor& executor, StreamableServerOptions options, Endpoint endpoint)
      : executor_(executor),
        options_(std::move(options)),
        endpoint_(std::move(endpoint)),
        sessions_(options_.max_sessions, options_.replay),
        sweep_timer_(executor) {}

  StreamableServerOptions& options() { return options_; }

  /// What can be answered at once is; only what waits is a coroutine.
  Task<void> handle(HttpExchange& exchange, const HttpVisitor& visitor) {
    const auto origin = exchange.header("origin");
    const auto access = visitor.authenticated
                            ? check_origin(origin, options_.allowed_origins)
                            : check_access(exchange.header("host"), origin, options_.allowed_hosts, options_.allowed_origins);
    if (!access) {
      refuse(exchange, 403, access.error());
      return done();
    }
    const std::string_view method = exchange.method();
    if (method == "POST") return post(exchange, visitor);
    if (method == "GET") return get(exchange, visitor);
    if (method == "DELETE") {
      remove(exchange, visitor);
      return done();
    }
    const Error error{ErrorCode::invalid_request, "method " + std::string(method) + " is not allowed here"};
    refuse(exchange, 405, error, kAllow);
    return done();
  }

  void close() {
    closed_ = true;
    sweep_timer_.cancel();
    sessions_.sweep(Clock::time_point::min(), [](HttpSession& session) { session.streams.end_listening(); });
  }

  void cancel_all(const Error& reason) {
    sessions_.sweep(Clock::time_point::min(), [&reason](HttpSession& session) { session.session->cancel_all(reason); });
  }

  void end_sessions_unless(const std::function<bool(std::string_view credential)>& keeps) {
    sessions_.erase_unless(keeps, {ErrorCode::session_lost, "the access token of the session is not valid any more"});
  }

  std::size_t sessions() const { return sessions_.size(); }

  std::size_t streams() const { return streams_; }

  std::size_t kept_bytes() const { return sessions_.kept_bytes(); }

  void arm_sweep() {
    sweep_timer_.expires_after(options_.keep_alive);
    sweep_timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
      const auto self = weak.lock();
      if (error || !self || self->closed_) return;
      self->sweep(Clock::now());
      self->arm_sweep();
    });
  }

  void sweep(Clock::time_point now) {
    sessions_.sweep(now - options_.session_idle, [now](HttpSession& session) {
      session.streams.sweep(now);
      for (OpenAnswer* answer : session.open_answers)
        answer->keep_alive(now);
    });
  }

 private:
  Task<void> post(HttpExchange& exchange, const HttpVisitor& visitor) {
    if (!is_media_type(exchange.header("content-type"), kJson)) {
      refuse(exchange, 415, {ErrorCode::invalid_request, "a POST here needs Content-Type: application/json"});
      return done();
    }
    const AcceptedTypes accepted = accepted_types(exchange.header("accept"));
    if (!accepted.json && !accepted.stream) {
      refuse(exchange, 406, {ErrorCode::invalid_request, "a POST here needs Accept: application/json, text/event-stream"});
      return done();
    }
    std::string body = exchange.take_body();
    if (is_batch(body)) return post_batch(exchange, visitor, accepted, std::move(body));
    auto message = Message::parse(std::move(body));
    if (!message) {
      const Error& error = message.error();
      refuse(exchange, 400, error.data, {error.code, error.message});
      return done();
    }
    const std::string_view id = message->kind() == MessageKind::request ? message->id() : "null";
    if (refused_revision(exchange, id) || refused_stateless(exchange, *message)) return done();
    const bool opening = message->kind() == MessageKind::request && exchange.header("mcp-session-id").empty();
    if (opening) return open(exchange, visitor, accepted, std::move(*message));
    auto session = find(exchange, visitor);
    if (!session) return done();
    if (message->kind() != MessageKind::request) {
      session->last_used = Clock::now();
      session->session->accept(std::move(*message));
      exchange.respond(202, {}, {});
      return done();
    }
    return serve(shared_from_this(), exchange, std::move(session), accepted, std::move(*message));
  }

  Task<void> post_batch(HttpExchange& exchange, const HttpVisitor& visitor, AcceptedTypes accepted, std::string body) {
    if (refused_revision(exchange, "null")) return done();
    auto session = find(exchange, visitor);
    if (!session) return done();
    session->last_used = Clock::now();
    auto batch = read_batch(std::move(body), session->session->caller().version);
    if (!batch) {
      refuse(exchange, 400, batch.error());
      return done();
    }
    if (batch->has_answers()) return serve(shared_from_this(), exchange, std::move(session), accepted, std::move(*batch));
    for (Message& message : batch->messages)
      session->session->accept(std::move(message));
    exchange.respond(202, {}, {});
    return done();
  }

  /// A request without a session: initialize opens one.
  Task<void> open(HttpExchange& exchange, const HttpVisitor& visitor, AcceptedTypes accepted, Message request) {
    if (request.method() != "initialize") {
      const Error error{ErrorCode::invalid_request,
                        "\"" + std::string(request.method().substr(0, 80)) + "\" came without a session",
                        "Send initialize first, then repeat the Mcp-Session-Id of its answer on every request."};
      refuse(exchange, 400, request.id(), error);
      return done();
    }
    auto handler = endpoint_(exchange.path());
    if (!handler) {
      refuse(exchange, 404, request.id(), handler.error());
      return done();
    }
    ServerSessionOptions options;
    options.label = std::string(exchange.remote_address());
    options.principal = std::string(visitor.principal);
    auto server_session = ServerSession::create(std::move(*handler), std::move(options));
    auto session = sessions_.open(std::string(exchange.path()), std::string(visitor.credential), std::move(server_session));
    if (!session) {
      const Error error{ErrorCode::overloaded, "too many sessions are in use", "Close some, or try again later."};
      refuse(exchange, 503, request.id(), error);
      return done();
    }
    return initialize(shared_from_this(), exchange, std::move(session), accepted, std::move(request));
  }

  static Task<void> initialize(std::shared_ptr<Impl> self,
                               HttpExchange& exchange,
                               std::shared_ptr<HttpSession> session,
                               AcceptedTypes accepted,
                               Message request) {
    co_await serve(self, exchange, session, accepted, std::move(request), true);
    if (!session->session->initialized()) {
      self->sessions_.erase(session, {ErrorCode::invalid_request, "initialize was refused"});
    }
  }

  /// `opening`: the answer tells the client its session id.
  static Task<void> serve(std::shared_ptr<Impl> self,
                          HttpExchange& exchange,
                          std::shared_ptr<HttpSession> session,
                          AcceptedTypes accepted,
                          Message request,
                          bool opening = false) {
    const std::array<Header, 1> headers = {Header("Mcp-Session-Id", session->id)};
    const auto now = Clock::now();
    session->last_used = now;
    // Two thirds, since the sweep that looks at it comes by only once in that time.
    const auto patience = self->options_.keep_alive * 2 / 3;
    PostReply reply(exchange, *session, accepted, opening ? HttpHeaders(headers) : HttpHeaders(), now, patience);
    ServerSession::Outlet outlet = [&reply](const Message& message) { return reply.send(message); };
    const auto answer = co_await session->session->serve(std::move(request), std::move(outlet));
    if (!reply.finish(answer)) co_await exchange.end_stream();
    session->last_used = Clock::now();
  }

  /// True when it was answered because its header names a revision we do not speak.
  static bool refused_revision(HttpExchange& exchange, std::string_view id) {
    const std::string_view version = exchange.header("mcp-protocol-version");
    if (is_spoken(version)) return false;
    exchange.respond(400, kJson, refuse_version(id, version).text());
    return true;
  }

  /// True when it was answered because it needs no session, in a revision we do not speak.
  static bool refused_stateless(HttpExchange& exchange, const Message& message) {
    if (message.kind() != MessageKind::request) return false;
    const auto refusal = refuse_stateless(message);
    if (refusal) exchange.respond(400, kJson, refusal->text());
    return refusal.has_value();
  }

  /// The answers to a batch: a stream in which each is an event, or an array for who takes no stream.
  static Task<void> serve(std::shared_ptr<Impl> self,
                          HttpExchange& exchange,
                          std::shared_ptr<HttpSession> session,
                          AcceptedTypes accepted,
                          BatchCall batch) {
    const auto patience = self->options_.keep_alive * 2 / 3;
    PostReply reply(exchange, *session, accepted, {}, Clock::now(), patience);
    std::vector<Message> answers;
    ServerSession::Outlet outlet = [&reply](const Message& message) { return reply.send(message); };
    std::function<void(Message)> answered = [&](Message answer) {
      if (accepted.stream) {
        reply.send(answer);
      } else {
        answers.push_back(std::move(answer));
      }
    };
    co_await serve_batch(self->executor_, session->session, std::move(batch), std::move(outlet), std::move(answered));
    session->last_used = Clock::now();
    if (!answers.empty()) {
      const std::string text = batch_text(answers);
      exchange.respond(200, kJson, text);
    } else if (!reply.finish(std::nullopt)) {
      co_await exchange.end_stream();
    }
  }

  /// The session a request names; answers the request itself where there is none.
  std::shared_ptr<HttpSession> find(HttpExchange& exchange, const HttpVisitor& visitor) {
    const std::string_view id = exchange.header("mcp-session-id");
    if (id.empty()) {
      refuse(exchange, 400, {ErrorCode::invalid_request, "the Mcp-Session-Id header is missing", "Send initialize first."});
      return nullptr;
    }
    auto session = sessions_.find(id, exchange.path(), visitor.credential);
    if (!session) {
      const Error error{ErrorCode::session_lost, "there is no such session here (any more)", "Send initialize to open a new one."};
      refuse(exchange, 404, error);
      return nullptr;
    }
    return session;
  }

  Task<void> get(HttpExchange& exchange, const HttpVisitor& visitor) {
    if (const auto accept = exchange.header("accept"); accept.empty() || !accepted_types(accept).stream) {
      const Error error{ErrorCode::invalid_request,
                        "this is an MCP endpoint, not a page: a GET needs Accept: text/event-stream and a session",
                        "Point an MCP client at this URL."};
      refuse(exchange, 406, error, kAllow);
      return done();
    }
    if (refused_revision(exchange, "null")) return done();
    auto session = find(exchange, visitor);
    if (!session) return done();
    const std::string_view last_event = exchange.header("last-event-id");
    if (last_event.empty()) {
      auto stream = session->streams.listening();
      const auto after = stream->sent();
      return listen(shared_from_this(), exchange, std::move(session), {Found::here, std::move(stream), after}, Opening::fresh);
    }
    auto position = session->streams.find(last_event);
    if (!resumable(exchange, position.found)) return done();
    return listen(shared_from_this(), exchange, std::move(session), std::move(position), Opening::resumed);
  }

  /// Answers the request itself where the stream cannot be resumed.
  static bool resumable(HttpExchange& exchange, Found found) {
    if (found == Found::here) return true;
    if (found == Found::unknown) {
      refuse(exchange, 400, {ErrorCode::invalid_request, "no event of this session has that Last-Event-ID"});
      return false;
    }
    // Not 404, which would tell the client that its session is gone.
    const Error error{ErrorCode::invalid_request,
                      "the stream of that Last-Event-ID has ended, and nothing more is kept of it",
                      "Open a GET without Last-Event-ID for what is new; a request that was not answered has to be sent again."};
    refuse(exchange, 405, error, kAllow);
    return false;
  }

  /// Serves a GET: carries a stream until its client is gone, another GET takes it over, or it has ended.
  static Task<void> listen(std::shared_ptr<Impl> self,
                           HttpExchange& exchange,
                           std::shared_ptr<HttpSession> session,
                           SessionStreams::Position from,
                           Opening opening) {
    Event end(self->executor_);
    exchange.begin_stream();
    const bool resumes_post = from.stream != session->streams.listening();
    exchange.on_stream_end([&exchange, &end, resumes_post] {
      // Where only the server wants its streams to end, the client is still there for the answer.
      if (!resumes_post || exchange.write({}) == StreamWrite::gone) end.set();
    });
    session->last_used = Clock::now();
    ++self->streams_;
    from.stream->attach(exchange, &end);
    if (opening == Opening::fresh && session->knows_priming()) from.stream->prime();
    from.stream->replay(from.after);
    if (!from.stream->finished() && (resumes_post || !self->closed_)) co_await end.wait();
    --self->streams_;
    from.stream->detach(exchange);
    session->last_used = Clock::now();
    co_await exchange.end_stream();
  }

  void remove(HttpExchange& exchange, const HttpVisitor& visitor) {
    if (refused_revision(exchange, "null")) return;
    const auto session = find(exchange, visitor);
    if (!session) return;
    sessions_.erase(session, {ErrorCode::cancelled, "the client ended its session"});
    exchange.respond(200, {}, {});
  }

  Executor executor_;
  StreamableServerOptions options_;
  Endpoint endpoint_;
  HttpSessions sessions_;
  Timer sweep_timer_;
  std::size_t streams_ = 0;
  bool closed_ = false;
};

StreamableServer::StreamableServer(const Executor& executor, StreamableServerOptions options, Endpoint endpoint)
    : impl_(std::make_shared<Impl>(executor, std::move(options), std::move(endpoint))) {
  impl_->arm_sweep();
}

StreamableServer::~StreamableServer() = default;

void StreamableServer::allow(std::vector<std::string> hosts, std::vector<std::string> origins) {
  impl_->options().allowed_hosts = std::move(hosts);
  impl_->options().allowed_origins = std::move(origins);
}

Task<void> StreamableServer::handle(HttpExchange& exchange, const HttpVisitor& visitor) {
  return impl_->handle(exchange, visitor);
}

void StreamableServer::end_sessions_unless(const std::function<bool(std::string_view credential)>& keeps) {
  impl_->end_sessions_unless(keeps);
}

void StreamableServer::sweep(Clock::time_point now) {
  impl_->sweep(now);
}

std::size_t StreamableServer::sessions() const {
  return impl_->sessions();
}

std::size_t StreamableServer::streams() const {
  return impl_->streams();
}

std::size_t StreamableServer::kept_bytes() const {
  return impl_->kept_bytes();
}

void StreamableServer::cancel_all(const Error& reason) {
  impl_->cancel_all(reason);
}

void StreamableServer::close() {
  impl_->close();
}

}  // namespace mcp
