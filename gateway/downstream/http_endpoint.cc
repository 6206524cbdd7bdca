#include "gateway/downstream/http_endpoint.h"

#include <utility>

#include "mcp/base/clock.h"
#include "mcp/http/url.h"
#include "mcp/session/http_access.h"

namespace gateway {

using mcp::ErrorCode;
using mcp::fail;
using mcp::HttpExchange;
using mcp::Result;
using mcp::Task;

Result<std::unique_ptr<HttpEndpoint>> HttpEndpoint::open(const mcp::Executor& executor, HttpEndpointOptions options) {
  if (!mcp::is_loopback_host(options.listen.host)) {
    return fail(ErrorCode::config_invalid,
                "refusing to listen on " + options.listen.text() +
                    ": that is beyond this machine, and there is no authorization yet for who may call tools there",
                "Listen on 127.0.0.1, and put a proxy that authenticates in front where others need to reach it.");
  }
  std::unique_ptr<HttpEndpoint> endpoint(new HttpEndpoint(executor, std::move(options)));
  const auto port = endpoint->server_->listen(endpoint->options_.listen.host, endpoint->options_.listen.port);
  if (!port) return std::unexpected(port.error());
  endpoint->options_.listen.port = *port;
  return endpoint;
}

constexpr auto kLastAnswers = std::chrono::seconds(1);  // of requests that were cancelled

HttpEndpoint::HttpEndpoint(const mcp::Executor& executor, HttpEndpointOptions options)
    : executor_(executor), options_(std::move(options)) {
  mcp::StreamableServerOptions streamable;
  streamable.allowed_hosts = options_.allowed_hosts;
  streamable.allowed_origins = options_.allowed_origins;
  mcp_ = std::make_unique<mcp::StreamableServer>(executor, std::move(streamable), options_.open_session);
  server_ = mcp::make_http_server(executor, options_.http, [this](HttpExchange& exchange) { return handle(exchange); });
}

void HttpEndpoint::allow(const std::vector<std::string>& hosts, const std::vector<std::string>& origins) {
  options_.allowed_hosts = hosts;
  options_.allowed_origins = origins;
  mcp_->allow(hosts, origins);
}

Task<void> HttpEndpoint::handle(HttpExchange& exchange) {
  const std::string_view path = exchange.path();
  if (path == "/mcp" || path.starts_with("/mcp/")) return mcp_->handle(exchange);
  health(exchange);
  return mcp::done();
}

void HttpEndpoint::health(HttpExchange& exchange) {
  static constexpr std::string_view kPlain = "text/plain; charset=utf-8";
  const auto access =
      mcp::check_access(exchange.header("host"), exchange.header("origin"), options_.allowed_hosts, options_.allowed_origins);
  if (!access) {
    const std::string text = access.error().text() + "\n";
    exchange.respond(403, kPlain, text);
  } else if (exchange.path() == "/healthz") {
    exchange.respond(200, kPlain, "ok\n");
  } else if (exchange.path() == "/readyz") {
    const std::string missing = options_.not_ready();
    const std::string text = missing.empty() ? "ready\n" : missing + "\n";
    exchange.respond(missing.empty() ? 200 : 503, kPlain, text);
  } else {
    exchange.respond(404, kPlain, "Nothing here. MCP is served at /mcp, health at /healthz and /readyz.\n");
  }
}

Task<void> HttpEndpoint::stop(std::chrono::steady_clock::time_point deadline) {
  mcp_->close();
  // What is not done by then is answered all the same.
  mcp::Timer limit(executor_);
  limit.expires_at(deadline);
  const auto stopped = std::make_shared<bool>(false);
  limit.async_wait([this, stopped](boost::system::error_code error) {
    if (error || *stopped) return;
    mcp_->cancel_all({mcp::ErrorCode::shutting_down, "the gateway is stopping", "The call may or may not have run."});
  });
  co_await server_->stop(deadline + kLastAnswers);
  *stopped = true;
}

}  // namespace gateway
