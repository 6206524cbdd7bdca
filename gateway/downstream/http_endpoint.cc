#include "gateway/downstream/http_endpoint.h"

#include <array>
#include <utility>

#include "mcp/base/clock.h"
#include "mcp/base/log.h"
#include "mcp/http/url.h"
#include "mcp/rpc/error_codes.h"
#include "mcp/session/http_access.h"

namespace gateway {

using mcp::ErrorCode;
using mcp::HttpExchange;
using mcp::Result;
using mcp::Task;

namespace {

constexpr auto kLastAnswers = std::chrono::seconds(1);  // of requests that were cancelled
constexpr auto kQuiet = std::chrono::minutes(1);        // between two words about strangers
constexpr std::string_view kPlain = "text/plain; charset=utf-8";
constexpr std::string_view kLoopback = "127.0.0.1";

bool is_health(std::string_view path) {
  return path == "/healthz" || path == "/readyz";
}

/// What of the access decides whether the address may be listened on.
AccessSpec kind_of(const HttpEndpointOptions& options) {
  AccessSpec kind{.behind_proxy = options.behind_proxy};
  if (options.access.asks()) kind.tokens.emplace_back();
  if (options.tls) kind.tls.emplace();
  return kind;
}

}  // namespace

Result<std::unique_ptr<HttpEndpoint>> HttpEndpoint::open(const mcp::Executor& executor, HttpEndpointOptions options) {
  if (auto allowed = check_listener(options.listen, kind_of(options)); !allowed) return std::unexpected(std::move(allowed).error());
  std::unique_ptr<HttpEndpoint> endpoint(new HttpEndpoint(executor, std::move(options)));
  if (auto bound = endpoint->bind(); !bound) return std::unexpected(std::move(bound).error());
  return endpoint;
}

Result<> HttpEndpoint::bind() {
  ListenAddress& address = options_.listen;
  server_->set_tls(options_.tls);
  const auto port = options_.tls ? server_->listen_tls(address.host, address.port) : server_->listen(address.host, address.port);
  if (!port) return std::unexpected(port.error());
  address.port = *port;
  if (!options_.tls && mcp::is_loopback_host(address.host)) return {};
  const auto local = server_->listen(std::string(kLoopback), 0);
  if (!local) return std::unexpected(local.error());
  local_port_ = *local;
  return {};
}

std::string HttpEndpoint::url() const {
  return (options_.tls ? "https://" : "http://") + options_.listen.text() + "/mcp";
}

std::string HttpEndpoint::local_url() const {
  if (local_port_ == 0) return url();
  return "http://" + ListenAddress{std::string(kLoopback), local_port_}.text() + "/mcp";
}

HttpEndpoint::HttpEndpoint(const mcp::Executor& executor, HttpEndpointOptions options)
    : executor_(executor), options_(std::move(options)) {
  mcp::StreamableServerOptions streamable;
  streamable.allowed_hosts = options_.allowed_hosts;
  streamable.allowed_origins = options_.allowed_origins;
  mcp_ = std::make_unique<mcp::StreamableServer>(executor, std::move(streamable), options_.open_session);
  // Strangers are not to fill the memory that bodies share.
  options_.http.wary = true;
  options_.http.admit = [this](HttpExchange& exchange) { return admits(exchange); };
  server_ = mcp::make_http_server(executor, options_.http, [this](HttpExchange& exchange) { return handle(exchange); });
}

void HttpEndpoint::allow(const std::vector<std::string>& hosts, const std::vector<std::string>& origins) {
  options_.allowed_hosts = hosts;
  options_.allowed_origins = origins;
  mcp_->allow(hosts, origins);
}

void HttpEndpoint::admit(AccessTable access) {
  options_.access = std::move(access);
  const AccessTable& table = options_.access;
  mcp_->end_sessions_unless(
      [&table](std::string_view credential) { return credential.empty() ? !table.asks() : table.has(credential); });
}

void HttpEndpoint::set_tls(std::shared_ptr<const mcp::TlsServerContext> tls) {
  if (!options_.tls || !tls) return;
  options_.tls = std::move(tls);
  server_->set_tls(options_.tls);
}

Task<void> HttpEndpoint::handle(HttpExchange& exchange) {
  const AccessTable::Entry* known = options_.access.identify(exchange.header("authorization"));
  const bool welcome = known != nullptr || !options_.access.asks();
  if (welcome) exchange.recognise();
  const std::string_view path = exchange.path();
  if (is_health(path)) {
    answer_health(exchange, welcome);
  } else if (answer_document(exchange) || answer_callback(exchange)) {
    return mcp::done();
  } else if (!welcome) {
    refuse_stranger(exchange);
  } else if (path == "/mcp" || path.starts_with("/mcp/")) {
    mcp::HttpVisitor visitor;
    if (known != nullptr) visitor = {known->principal, known->credential, options_.access.asks()};
    return mcp_->handle(exchange, visitor);
  } else if (const auto page = check_page(exchange); !page) {
    const std::string text = page.error().text() + "\n";
    exchange.respond(403, kPlain, text);
  } else {
    exchange.respond(404, kPlain, "Nothing here. MCP is served at /mcp, health at /healthz and /readyz.\n");
  }
  return mcp::done();
}

/// Whether what a browser shows may ask. Where tokens are asked for, what is to be had without one is no secret.
Result<> HttpEndpoint::check_page(const HttpExchange& exchange) const {
  const std::string_view origin = exchange.header("origin");
  if (options_.access.asks()) return mcp::check_origin(origin, options_.allowed_origins);
  return mcp::check_access(exchange.header("host"), origin, options_.allowed_hosts, options_.allowed_origins);
}

/// `known`: who asks may hear what is missing.
void HttpEndpoint::answer_health(HttpExchange& exchange, bool known) const {
  if (const auto page = check_page(exchange); !page) {
    const std::string text = page.error().text() + "\n";
    exchange.respond(403, kPlain, text);
  } else if (exchange.path() == "/healthz") {
    exchange.respond(200, kPlain, "ok\n");
  } else {
    const std::string missing = options_.not_ready();
    const std::string text = missing.empty() ? "ready\n" : (known ? missing : "not ready") + "\n";
    exchange.respond(missing.empty() ? 200 : 503, kPlain, text);
  }
}

/// What is published is for everybody, wherever they come from.
bool HttpEndpoint::answer_document(HttpExchange& exchange) const {
  const std::string_view path = exchange.path();
  const bool may_be = options_.document && exchange.method() == "GET" && path != "/mcp" && !path.starts_with("/mcp/");
  const std::string document = may_be ? options_.document(path) : "";
  if (document.empty()) return false;
  exchange.respond(200, "application/json", document);
  return true;
}

/// So are the ends of logins: the browser has no token, and what it brings is known to that login alone.
bool HttpEndpoint::answer_callback(HttpExchange& exchange) const {
  const std::string_view path = exchange.path();
  const bool may_be = options_.callback && exchange.method() == "GET" && path != "/mcp" && !path.starts_with("/mcp/");
  return may_be && options_.callback(exchange);
}

bool HttpEndpoint::admits(HttpExchange& exchange) {
  if (!options_.access.asks() || options_.access.identify(exchange.header("authorization")) != nullptr) {
    exchange.recognise();
    return true;
  }
  // What is for everybody needs no body, and nobody waits for a stranger's.
  if (is_health(exchange.path())) {
    answer_health(exchange, false);
  } else if (!answer_document(exchange)) {
    refuse_stranger(exchange);
  }
  return false;
}

void HttpEndpoint::refuse_stranger(HttpExchange& exchange) {
  const bool wrong = !bearer_token(exchange.header("authorization")).empty();
  using Header = std::pair<std::string_view, std::string_view>;
  const std::array<Header, 1> headers = {
      Header("WWW-Authenticate", wrong ? R"(Bearer realm="switchyard", error="invalid_token")" : R"(Bearer realm="switchyard")")};
  const mcp::Error error{ErrorCode::invalid_request,
                         wrong ? "the bearer token is not one of this gateway's" : "this gateway asks for a bearer token",
                         "Send \"Authorization: Bearer TOKEN\", with a token that its operator gave you."};
  exchange.respond(401, "application/json", mcp::error_response("null", error).text(), headers);
  ++strangers_;
  const auto now = mcp::Clock::now();
  if (told_ != decltype(told_){} && now - told_ < kQuiet) return;
  told_ = now;
  mcp::log_warn("access",
                "requests without a valid token were refused",
                {{"count", std::int64_t(std::exchange(strangers_, 0))}, {"last", exchange.remote_address()}});
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
