#pragma once

#include <functional>
#include <memory>
#include <string>

#include "gateway/config/config.h"
#include "mcp/http/http_server.h"
#include "mcp/session/streamable_server.h"

namespace gateway {

/// What the MCP listener serves, apart from who answers.
struct HttpEndpointOptions {
  ListenAddress listen;
  std::vector<std::string> allowed_hosts, allowed_origins;
  mcp::HttpServerOptions http;
  mcp::StreamableServer::Endpoint open_session;
  /// "" when the gateway is able to serve, else what is missing: the body of /readyz.
  std::function<std::string()> not_ready;
};

/// The MCP listener: /mcp… by streamable HTTP, /healthz and /readyz in plain text. Loop thread only; stop() before it is destroyed.
class HttpEndpoint {
 public:
  /// Error config_invalid for an address beyond loopback; io_error where it cannot be bound.
  static mcp::Result<std::unique_ptr<HttpEndpoint>> open(const mcp::Executor& executor, HttpEndpointOptions options);

  /// Where it listens, the port filled in.
  const ListenAddress& address() const { return options_.listen; }

  std::size_t sessions() const { return mcp_->sessions(); }
  std::size_t streams() const { return mcp_->streams(); }
  std::size_t connections() const { return server_->connections(); }

  void stop_accepting() { server_->stop_accepting(); }

  /// From here on these are allowed beside loopback ones (HttpEndpointOptions).
  void allow(const std::vector<std::string>& hosts, const std::vector<std::string>& origins);

  /// Ends streams, lets calls finish until `deadline`; those that have not are cancelled (shutting_down) and answered within a
  /// second.
  mcp::Task<void> stop(std::chrono::steady_clock::time_point deadline);

 private:
  HttpEndpoint(const mcp::Executor& executor, HttpEndpointOptions options);

  mcp::Task<void> handle(mcp::HttpExchange& exchange);
  void health(mcp::HttpExchange& exchange);

  const mcp::Executor executor_;
  HttpEndpointOptions options_;
  std::unique_ptr<mcp::StreamableServer> mcp_;
  std::unique_ptr<mcp::HttpServer> server_;
};

}  // namespace gateway
