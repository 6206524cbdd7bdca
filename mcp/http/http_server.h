#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "mcp/base/result.h"
#include "mcp/base/task.h"

namespace mcp {

class HttpExchange;
class TlsServerContext;

struct HttpServerOptions {
  std::size_t max_head = std::size_t{32} << 10;  // request line and headers; 431 beyond
  std::size_t max_body = std::size_t{4} << 20;   // declared or chunked; 413 beyond, without reading it
  /// Of all bodies together, while they come and until a handler takes them; one more is refused with 503. Counted as they come,
  /// since a length alone costs nothing; those that come whole with their head never wait, and are not.
  std::size_t max_bodies = std::size_t{256} << 20;
  std::size_t max_connections = 20'000;           // one more waits in the backlog
  std::size_t max_queued = std::size_t{8} << 20;  // bytes of a stream that wait behind the message being sent, whatever its size
  std::chrono::steady_clock::duration head_timeout = std::chrono::seconds(15);   // from the first byte of a head to its end, and
                                                                                 // for a TLS handshake
  std::chrono::steady_clock::duration body_timeout = std::chrono::seconds(60);   // from the end of the head to the end of the body
  std::chrono::steady_clock::duration idle_timeout = std::chrono::minutes(5);    // a keep-alive connection without a request
  std::chrono::steady_clock::duration write_timeout = std::chrono::seconds(60);  // without one byte taken by the client
  /// Connections on which nobody was recognised (HttpExchange::recognise()) are idle for head_timeout at most, and make room
  /// where a new one finds max_connections.
  bool wary = false;
  /// Asked when a head has come and its body has not: false turns the request away, and has answered it with respond(). Its body is
  /// not read then, and the connection ends. Not asked about what comes whole, so the handler has to look, too. Null: all may come.
  std::function<bool(HttpExchange&)> admit = {};
};

using HttpHeaders = std::span<const std::pair<std::string_view, std::string_view>>;

/// What became of bytes written to a stream. `unread`: the client does not read what it asked for (over max_queued), and its
/// connection was closed just now. `gone`: it is not there any more, or the stream has ended.
enum class StreamWrite : std::uint8_t { queued, gone, unread };

/// One request, and the way to answer it: respond() once, or begin_stream(), any number of write(), then end_stream(). Views and
/// the exchange itself are valid until the handler returned. Loop thread only.
class HttpExchange {
 public:
  virtual ~HttpExchange() = default;

  virtual std::string_view method() const = 0;
  virtual std::string_view path() const = 0;   // of the target, without the query, not decoded
  virtual std::string_view query() const = 0;  // without '?'
  /// "" when absent. A header that may come only once and came twice has been refused before (Host, Content-Length,
  /// Content-Type, Origin, Authorization, Mcp-Session-Id, Mcp-Protocol-Version).
  virtual std::string_view header(std::string_view name) const = 0;
  virtual std::string_view remote_address() const = 0;  // "127.0.0.1:41234", for logs
  virtual std::string take_body() = 0;

  /// The client has shown that it may be here: its connection is not taken for a stranger's any more (HttpServerOptions::wary).
  virtual void recognise() {}

  /// The whole answer: what the socket takes at once is sent at once, the rest (of which it keeps a copy) when the handler has
  /// returned. False when it was answered before or the client is gone. With an empty content_type no Content-Type is sent.
  virtual bool respond(int status, std::string_view content_type, std::string_view body, HttpHeaders headers = {}) = 0;

  /// Starts a 200 answer of type text/event-stream (chunked for HTTP/1.1), with Cache-Control: no-cache and X-Accel-Buffering: no,
  /// sends the head at once, and from here on notices when the client goes away. Does not wait.
  virtual void begin_stream(HttpHeaders headers = {}) = 0;
  /// Queues bytes. Never waits. Without bytes it only tells whether the client is there.
  virtual StreamWrite write(std::string bytes) = 0;
  /// The stream's client is gone, or the server wants the stream to end. Runs at most once, from the loop; set it before the first
  /// await after begin_stream().
  virtual void on_stream_end(std::function<void()> callback) = 0;
  /// Writes what is queued, and the terminating chunk. The connection can then serve the next request.
  virtual Task<void> end_stream() = 0;
};

/// Answers one request. An exception, or no answer, becomes a 500; a stream that it did not end is cut off. The object is kept at
/// least as long as its coroutines, so it may be a capturing lambda. They may outlive the client's connection, and stop().
using HttpHandler = std::function<Task<void>(HttpExchange&)>;

/// HTTP/1.1 on the loop, one coroutine a connection, no thread; Beast's strict parser with every limit of the options. An idle
/// connection holds no read buffer. Keep-alive, pipelining (answered in order), chunked bodies, Expect: 100-continue.
class HttpServer {
 public:
  virtual ~HttpServer() = default;

  /// Binds and accepts. `host` is an address literal or "localhost"; port 0 picks a free one. Error io_error names the address and
  /// why ("address already in use") with a remedy. Returns the port.
  virtual Result<std::uint16_t> listen(const std::string& host, std::uint16_t port) = 0;

  /// The same over TLS. A connection takes what set_tls() gave last when it was accepted, and keeps it; its handshake has as long
  /// as a head. Who speaks HTTP without TLS there is told so.
  virtual Result<std::uint16_t> listen_tls(const std::string& host, std::uint16_t port) = 0;

  /// Needed before listen_tls(); any time after, for the connections that come then.
  virtual void set_tls(std::shared_ptr<const TlsServerContext> context) = 0;

  virtual void stop_accepting() = 0;

  /// Stops accepting, closes connections that have no request's head, lets requests that are being handled finish until `deadline`
  /// (their streams get on_stream_end at once and may end properly), then closes what is left. Answers carry Connection: close
  /// meanwhile.
  virtual Task<void> stop(std::chrono::steady_clock::time_point deadline) = 0;

  virtual std::size_t connections() const = 0;
};

std::unique_ptr<HttpServer> make_http_server(const Executor& executor, const HttpServerOptions& options, HttpHandler handler);

}  // namespace mcp
