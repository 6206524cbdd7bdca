#pragma once

#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mcp/base/cancellation.h"
#include "mcp/base/task.h"
#include "mcp/http/url.h"

namespace mcp {

class Resolver;
class TlsContexts;
class ProxySettings;

/// Whether an address may be connected to. Loop thread only.
using AddressGuard = std::function<bool(const boost::asio::ip::address&)>;

struct HttpClientOptions {
  std::size_t max_head = std::size_t{64} << 10;
  std::size_t max_body = std::size_t{64} << 20;
  std::size_t max_connections = 256;  // open at once to this origin; one more request waits its turn (but see `control`)
  std::size_t max_idle = 64;
  std::chrono::steady_clock::duration idle_timeout = std::chrono::seconds(30);
  std::chrono::steady_clock::duration connect_timeout = std::chrono::seconds(10);  // name, TCP, proxy and TLS together
  std::string ca_file;                         // PEM, added to the system's; "" = the system's alone (SSL_CERT_FILE honoured)
  std::shared_ptr<Resolver> resolver;          // to be shared by all clients of a process; null = one of its own
  std::shared_ptr<TlsContexts> tls;            // likewise
  std::shared_ptr<const ProxySettings> proxy;  // null = every connection is direct
  /// Asked of each address that the host's name leads to, before a connection to it; an address that it refuses is not tried, so
  /// that what was checked is what is connected to. {} = any. Where a proxy finds the address it is asked of address literals
  /// alone, and names are as name_may_be_public() says.
  AddressGuard allows;
};

using HttpClientHeaders = std::vector<std::pair<std::string_view, std::string_view>>;

struct HttpClientRequest {
  std::string_view method;    // "POST", "GET", "DELETE"
  std::string_view target;    // "" = the URL's own
  HttpClientHeaders headers;  // besides Host, Content-Length, User-Agent
  std::string_view body;
  std::shared_ptr<const std::string> header_lines;  // more headers, made by format_header_lines() for many requests; or null
  /// What keeps the connection's users in order and is done soon: it does not wait behind calls, but goes first, and may have one
  /// of a few connections beyond max_connections. Cancelled while it waits even so, it fails with overloaded: that is our own
  /// doing, and says nothing about the server.
  bool control = false;
};

/// Appends "Name: value" lines to `out`. Error config_invalid for a header that would break the message's frame; it names the
/// header and `origin`, never the value.
Result<> format_header_lines(std::string& out, std::string_view origin, const HttpClientHeaders& headers);

/// An answer whose head is here and whose body is read as it comes. Destroyed before the body's end: the connection is closed.
class HttpClientResponse {
 public:
  virtual ~HttpClientResponse() = default;
  virtual int status() const = 0;
  virtual std::string_view header(std::string_view name) const = 0;

  /// All values of a header that may occur more than once, in their order, joined by ", " (RFC 9110, 5.3).
  virtual std::string all_of(std::string_view name) const = 0;

  /// The rest of the body, whole; too_large beyond max_body (or `limit`, where that is smaller). Afterwards the connection has gone
  /// back to the pool.
  virtual Task<Result<std::string>> read_all(Cancellation& cancellation, std::size_t limit = SIZE_MAX) = 0;

  /// The next piece as soon as some of it is here; "" at the end. The view is valid until the next call.
  virtual Task<Result<std::string_view>> read_some(Cancellation& cancellation) = 0;

  /// The rest of the body where all of it is here already, and no longer than `limit`; else nothing has happened. Afterwards as
  /// after read_all().
  virtual std::optional<std::string> take_all(std::size_t limit) = 0;

  /// Whether all of the body has been read, as far as that can be told without waiting. The connection has then gone back to the
  /// pool. Ends the validity of the last piece like a call of read_some().
  virtual bool at_end() = 0;
};

/// HTTP/1.1 client of one origin with a pool of keep-alive connections, on the loop. TLS 1.2 or later; the certificate must be
/// valid for the host by its subject alternative names (never the common name), or for the address literal. Redirects are not
/// followed: the 3xx is the answer. No compression is asked for. Names are resolved on threads of their own. Through a proxy https
/// goes in a tunnel (CONNECT), of which the proxy sees the host alone, and http is the proxy's to pass on.
///
/// A pooled connection is checked for a close by the peer before it is used again. A request is never sent twice: where the
/// connection breaks before the answer's head, the error is connection_lost.
/// Errors: connect_failed (which address, why, what to check; what a proxy refuses; no address that `allows` lets through),
/// config_invalid (ProxySettings::proxy_for()), tls_failed (the verification's own words, the host, what to do),
/// connection_lost, parse error of the answer as not_mcp, too_large (head), overloaded (no socket or thread left here,
/// HttpClientRequest::control), or the cancellation's reason.
class HttpClient {
 public:
  virtual ~HttpClient() = default;

  /// `request`'s views must stay valid until it returns.
  virtual Task<Result<std::unique_ptr<HttpClientResponse>>> send(HttpClientRequest request, Cancellation& cancellation) = 0;

  /// Closes idle connections and fails what is open with shutting_down.
  virtual void close() = 0;
};

std::shared_ptr<HttpClient> make_http_client(const Executor& executor, Url url, HttpClientOptions options);

}  // namespace mcp
