#pragma once

#include <functional>
#include <memory>
#include <string>

#include "gateway/config/config.h"
#include "gateway/downstream/access_table.h"
#include "mcp/http/http_server.h"
#include "mcp/http/tls_server.h"
#include "mcp/session/streamable_server.h"

namespace gateway {

/// What the MCP listener serves, apart from who answers.
struct HttpEndpointOptions {
  ListenAddress listen;
  AccessTable access;                                // who may come in; everybody where it asks nobody
  std::shared_ptr<const mcp::TlsServerContext> tls;  // null: plain HTTP
  bool behind_proxy = false;                         // a proxy in front does TLS, where we listen beyond loopback
  std::vector<std::string> allowed_hosts, allowed_origins;
  mcp::HttpServerOptions http;
  mcp::StreamableServer::Endpoint open_session;
  /// "" when the gateway is able to serve, else what is missing: the body of /readyz.
  std::function<std::string()> not_ready;
  /// The document that is published at a path, JSON, for everybody; "" = none. {}: there are none.
  std::function<std::string(std::string_view path)> document;
  /// Answers a browser that comes back from a login; false: the path is none that they come back to. {}: there are none.
  std::function<bool(mcp::HttpExchange& exchange)> callback;
};

/// The MCP listener: /mcp… by streamable HTTP, /healthz and /readyz in plain text. Where tokens are asked for, everything but
/// health, published documents and the ends of logins needs one (401 else; RFC 6750), and Host is not looked at: a page whose name
/// leads here has no token. A session belongs to the token it was opened with, whose name is the caller's principal. Commands of
/// this user on this machine have a door of their own, plain and on loopback, where the listener itself is beyond it or speaks TLS.
/// Loop thread only; stop() before it is destroyed.
class HttpEndpoint {
 public:
  /// Error config_invalid for an address beyond loopback without tokens, or without TLS or a proxy that does it; io_error where it
  /// cannot be bound.
  static mcp::Result<std::unique_ptr<HttpEndpoint>> open(const mcp::Executor& executor, HttpEndpointOptions options);

  /// Where it listens, the port filled in.
  const ListenAddress& address() const { return options_.listen; }

  /// "http://127.0.0.1:7332/mcp", "https://…".
  std::string url() const;

  /// The same for this machine's commands, which have the gateway's own token.
  std::string local_url() const;

  bool speaks_tls() const { return options_.tls != nullptr; }

  std::size_t sessions() const { return mcp_->sessions(); }
  std::size_t streams() const { return mcp_->streams(); }
  std::size_t connections() const { return server_->connections(); }

  void stop_accepting() { server_->stop_accepting(); }

  /// From here on these are allowed beside loopback ones (HttpEndpointOptions).
  void allow(const std::vector<std::string>& hosts, const std::vector<std::string>& origins);

  /// From here on these may come in: sessions of tokens that are gone end, others go on.
  void admit(AccessTable access);

  /// For connections that come from here on, where it speaks TLS.
  void set_tls(std::shared_ptr<const mcp::TlsServerContext> tls);

  /// Ends streams, lets calls finish until `deadline`; those that have not are cancelled (shutting_down) and answered within a
  /// second.
  mcp::Task<void> stop(std::chrono::steady_clock::time_point deadline);

 private:
  HttpEndpoint(const mcp::Executor& executor, HttpEndpointOptions options);

  mcp::Result<> bind();
  mcp::Task<void> handle(mcp::HttpExchange& exchange);
  mcp::Result<> check_page(const mcp::HttpExchange& exchange) const;
  void answer_health(mcp::HttpExchange& exchange, bool known) const;
  bool answer_document(mcp::HttpExchange& exchange) const;
  bool answer_callback(mcp::HttpExchange& exchange) const;
  bool admits(mcp::HttpExchange& exchange);
  void refuse_stranger(mcp::HttpExchange& exchange);

  const mcp::Executor executor_;
  HttpEndpointOptions options_;
  std::unique_ptr<mcp::StreamableServer> mcp_;
  std::unique_ptr<mcp::HttpServer> server_;
  std::uint16_t local_port_ = 0;                // of the door for this machine's commands; 0: none of their own
  std::uint64_t strangers_ = 0;                 // refused since the last word about them
  std::chrono::steady_clock::time_point told_;  // the last word
};

}  // namespace gateway
