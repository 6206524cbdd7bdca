#include "mcp/session/streamable_server.h"

#include <array>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "mcp/base/log.h"
#include "mcp/rpc/error_codes.h"
#include "mcp/session/http_access.h"
#include "mcp/session/http_sessions.h"

namespace mcp {

namespace {

using Clock = std::chrono::steady_clock;
using Header = std::pair<std::string_view, std::string_view>;

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kEventStream = "text/event-stream";
constexpr std::string_view kKeepAlive = ": keep-alive\n\n";

Task<void> refuse(HttpExchange& exchange, int status, const Error& error, HttpHeaders headers = {}) {
  const Message body = error_response("null", error);
  co_await exchange.respond(status, kJson, body.text(), headers);
}

/// The answer to one POSTed request: JSON, or a stream from the first notification (or the first sign of life) on.
class PostReply final : public OpenStream {
 public:
  /// `headers` go with the answer, whichever form it takes, and must outlive this.
  /// `patience` is how long it may take without a sign of life.
  PostReply(HttpExchange& exchange, HttpSession& session, HttpHeaders headers, Clock::time_point now, Clock::duration patience)
      : exchange_(exchange),
        session_(session),
        headers_(headers),
        can_stream_(accepts(exchange.header("accept"), kEventStream)),
        must_stream_(!accepts(exchange.header("accept"), kJson)),
        silent_until_(now + patience) {
    place_ = session_.open_streams.insert(session_.open_streams.end(), this);
  }

  ~PostReply() override { session_.open_streams.erase(place_); }

  PostReply(const PostReply&) = delete;
  PostReply& operator=(const PostReply&) = delete;

  /// False when the client does not read; one that is gone counts as one that is not interested (disconnecting is no cancellation).
  bool notify(const Message& notification) {
    if (!can_stream_) return true;
    begin();
    return gone_ || exchange_.write(sse_event(notification.text())) || gone_;
  }

  void keep_alive(Clock::time_point now) override {
    if (!can_stream_ || gone_ || (!streaming_ && now < silent_until_)) return;
    begin();
    exchange_.write(std::string(kKeepAlive));
  }

  Task<void> finish(const std::optional<Message>& answer) {
    if (answer && answer->is_error()) headers_ = {};  // an initialize that is refused opens no session
    if (!streaming_ && answer && !must_stream_) {
      co_await exchange_.respond(200, kJson, answer->text(), headers_);
      co_return;
    }
    if (!streaming_ && !can_stream_) {
      co_await exchange_.respond(202, {}, {}, headers_);
      co_return;
    }
    begin();
    if (answer) exchange_.write(sse_event(answer->text()));
    co_await exchange_.end_stream();
  }

 private:
  void begin() {
    if (std::exchange(streaming_, true)) return;
    exchange_.begin_stream(headers_);
    exchange_.on_stream_end([this] { gone_ = true; });
  }

  HttpExchange& exchange_;
  HttpSession& session_;
  HttpHeaders headers_;
  std::list<OpenStream*>::iterator place_;
  const bool can_stream_, must_stream_;
  bool streaming_ = false;
  bool gone_ = false;
  const Clock::time_point silent_until_;
};

}  // namespace

class StreamableServer::Impl : public std::enable_shared_from_this<StreamableServer::Impl> {
 public:
  Impl(const Executor& executor, StreamableServerOptions options, Endpoint endpoint)
      : executor_(executor),
        options_(std::move(options)),
        endpoint_(std::move(endpoint)),
        sessions_(options_.max_sessions),
        sweep_timer_(executor) {}

  Task<void> handle(HttpExchange& exchange) {
    const auto self = shared_from_this();
    const auto access =
        check_access(exchange.header("host"), exchange.header("origin"), options_.allowed_hosts, options_.allowed_origins);
    if (!access) {
      co_await refuse(exchange, 403, access.error());
      co_return;
    }
    const std::string_view method = exchange.method();
    if (method == "POST") {
      co_await post(exchange);
    } else if (method == "GET") {
      co_await get(exchange);
    } else if (method == "DELETE") {
      co_await remove(exchange);
    } else {
      const std::array<Header, 1> allow = {Header("Allow", "GET, POST, DELETE")};
      const Error error{ErrorCode::invalid_request, "method " + std::string(method) + " is not allowed here"};
      co_await refuse(exchange, 405, error, allow);
    }
  }

  void close() {
    closed_ = true;
    sweep_timer_.cancel();
    sessions_.sweep(Clock::time_point::min(), [](HttpSession& session) {
      if (session.get_stream_end != nullptr) session.get_stream_end->set();
    });
  }

  std::size_t sessions() const { return sessions_.size(); }

  std::size_t streams() const { return streams_; }

  void arm_sweep() {
    sweep_timer_.expires_after(options_.keep_alive);
    sweep_timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
      const auto self = weak.lock();
      if (error || !self || self->closed_) return;
      self->sweep();
      self->arm_sweep();
    });
  }

 private:
  Task<void> post(HttpExchange& exchange) {
    if (!is_media_type(exchange.header("content-type"), kJson)) {
      const Error error{ErrorCode::invalid_request, "a POST here needs Content-Type: application/json"};
      co_await refuse(exchange, 415, error);
      co_return;
    }
    const std::string_view accept = exchange.header("accept");
    if (!accepts(accept, kJson) && !accepts(accept, kEventStream)) {
      const Error error{ErrorCode::invalid_request, "a POST here needs Accept: application/json, text/event-stream"};
      co_await refuse(exchange, 406, error);
      co_return;
    }
    auto message = Message::parse(exchange.take_body());
    if (!message) {
      const Message answer = error_response(message.error().data, {message.error().code, message.error().message});
      co_await exchange.respond(400, kJson, answer.text());
      co_return;
    }
    const bool opening = message->kind() == MessageKind::request && exchange.header("mcp-session-id").empty();
    if (opening) {
      co_await open(exchange, std::move(*message));
      co_return;
    }
    const auto session = co_await find(exchange);
    if (!session) co_return;
    if (message->kind() != MessageKind::request) {
      session->session->accept(std::move(*message));
      co_await exchange.respond(202, {}, {});
      co_return;
    }
    co_await serve(exchange, *session, std::move(*message), {});
  }

  /// A request without a session: initialize opens one.
  Task<void> open(HttpExchange& exchange, Message request) {
    const std::string id(request.id());
    if (request.method() != "initialize") {
      const Error error{ErrorCode::invalid_request,
                        "\"" + std::string(request.method().substr(0, 80)) + "\" came without a session",
                        "Send initialize first, then repeat the Mcp-Session-Id of its answer on every request."};
      const Message answer = error_response(id, error);
      co_await exchange.respond(400, kJson, answer.text());
      co_return;
    }
    auto handler = endpoint_(exchange.path());
    if (!handler) {
      const Message answer = error_response(id, handler.error());
      co_await exchange.respond(404, kJson, answer.text());
      co_return;
    }
    ServerSessionOptions options;
    options.label = std::string(exchange.remote_address());
    auto server_session = ServerSession::create(std::move(*handler), std::move(options));
    const auto session = sessions_.open(std::string(exchange.path()), std::move(server_session));
    if (!session) {
      const Error error{ErrorCode::overloaded, "too many sessions are in use", "Close some, or try again later."};
      const Message answer = error_response(id, error);
      co_await exchange.respond(503, kJson, answer.text());
      co_return;
    }
    session->session->set_outlet([this, weak = std::weak_ptr(session)](const Message& message) {
      const auto target = weak.lock();
      return target && push(*target, message);
    });
    const std::array<Header, 1> headers = {Header("Mcp-Session-Id", session->id)};
    co_await serve(exchange, *session, std::move(request), headers);
    if (!session->session->initialized()) {
      sessions_.erase(session, {ErrorCode::invalid_request, "initialize was refused"});
    }
  }

  Task<void> serve(HttpExchange& exchange, HttpSession& session, Message request, HttpHeaders headers) {
    const auto now = Clock::now();
    session.last_used = now;
    // Two thirds, since the sweep that looks at it comes by only once in that time.
    PostReply reply(exchange, session, headers, now, options_.keep_alive * 2 / 3);
    ServerSession::Outlet outlet = [&reply](const Message& message) { return reply.notify(message); };
    auto answer = co_await session.session->serve(std::move(request), std::move(outlet));
    co_await reply.finish(answer);
    session.last_used = Clock::now();
  }

  /// The session a request names; answers the request itself where there is none.
  Task<std::shared_ptr<HttpSession>> find(HttpExchange& exchange) {
    const std::string_view id = exchange.header("mcp-session-id");
    std::shared_ptr<HttpSession> session = id.empty() ? nullptr : sessions_.find(id, exchange.path());
    const std::string_view version = exchange.header("mcp-protocol-version");
    if (id.empty()) {
      const Error error{ErrorCode::invalid_request, "the Mcp-Session-Id header is missing", "Send initialize first."};
      co_await refuse(exchange, 400, error);
    } else if (!session) {
      const Error error{ErrorCode::session_lost, "there is no such session here (any more)", "Send initialize to open a new one."};
      co_await refuse(exchange, 404, error);
    } else if (!version.empty() && !parse_protocol_version(version)) {
      const Error error{ErrorCode::unsupported_version,
                        "MCP-Protocol-Version \"" + std::string(version.substr(0, 40)) + "\" is not supported",
                        {},
                        R"({"supported":)" + std::string(supported_versions_json()) + "}"};
      co_await refuse(exchange, 400, error);
      session = nullptr;
    }
    co_return session;
  }

  Task<void> get(HttpExchange& exchange) {
    if (exchange.header("accept").empty() || !accepts(exchange.header("accept"), kEventStream)) {
      const std::array<Header, 1> allow = {Header("Allow", "GET, POST, DELETE")};
      const Error error{ErrorCode::invalid_request,
                        "this is an MCP endpoint, not a page: a GET needs Accept: text/event-stream and a session",
                        "Point an MCP client at this URL."};
      co_await refuse(exchange, 406, error, allow);
      co_return;
    }
    const auto session = co_await find(exchange);
    if (!session) co_return;
    // A client that comes again has lost the stream it had: the newest one counts.
    if (session->get_stream_end != nullptr) session->get_stream_end->set();
    Event end(executor_);
    exchange.begin_stream();
    exchange.on_stream_end([&end] { end.set(); });
    session->get_stream_end = &end;
    session->get_stream = [&exchange](std::string event) { return exchange.write(std::move(event)); };
    session->last_used = Clock::now();
    ++streams_;
    while (!session->parked.empty()) {
      exchange.write(std::move(session->parked.front()));
      session->parked.pop_front();
    }
    if (!closed_) co_await end.wait();
    --streams_;
    if (session->get_stream_end == &end) {
      session->get_stream_end = nullptr;
      session->get_stream = {};
      session->last_used = Clock::now();
    }
    co_await exchange.end_stream();
  }

  Task<void> remove(HttpExchange& exchange) {
    const auto session = co_await find(exchange);
    if (!session) co_return;
    sessions_.erase(session, {ErrorCode::cancelled, "the client ended its session"});
    co_await exchange.respond(200, {}, {});
  }

  bool push(HttpSession& session, const Message& message) {
    std::string event = sse_event(message.text());
    if (session.get_stream && session.get_stream(event)) return true;
    if (session.parked.size() >= options_.max_parked) session.parked.pop_front();
    session.parked.push_back(std::move(event));
    return true;
  }

  void sweep() {
    const auto now = Clock::now();
    sessions_.sweep(now - options_.session_idle, [now](HttpSession& session) {
      if (session.get_stream) session.get_stream(std::string(kKeepAlive));
      for (OpenStream* stream : session.open_streams)
        stream->keep_alive(now);
    });
  }

  Executor executor_;
  StreamableServerOptions options_;
  Endpoint endpoint_;
  HttpSessions sessions_;
  boost::asio::steady_timer sweep_timer_;
  std::size_t streams_ = 0;
  bool closed_ = false;
};

StreamableServer::StreamableServer(const Executor& executor, StreamableServerOptions options, Endpoint endpoint)
    : impl_(std::make_shared<Impl>(executor, std::move(options), std::move(endpoint))) {
  impl_->arm_sweep();
}

StreamableServer::~StreamableServer() = default;

Task<void> StreamableServer::handle(HttpExchange& exchange) {
  return impl_->handle(exchange);
}

std::size_t StreamableServer::sessions() const {
  return impl_->sessions();
}

std::size_t StreamableServer::streams() const {
  return impl_->streams();
}

void StreamableServer::close() {
  impl_->close();
}

}  // namespace mcp
