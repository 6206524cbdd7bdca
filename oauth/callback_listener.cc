#include "oauth/callback_listener.h"

#include <array>
#include <utility>

#include "mcp/base/clock.h"
#include "mcp/base/log.h"
#include "mcp/http/http_server.h"
#include "oauth/callback_page.h"

namespace oauth {

struct CallbackListener::State {
  Judge judge;
};

namespace {

constexpr std::string_view kPath = "/callback";

mcp::HttpServerOptions limits() {
  mcp::HttpServerOptions options;
  options.max_head = std::size_t{32} << 10;
  options.max_body = std::size_t{4} << 10;
  options.max_bodies = std::size_t{64} << 10;
  options.max_connections = 32;
  options.head_timeout = std::chrono::seconds(5);
  options.body_timeout = std::chrono::seconds(5);
  options.idle_timeout = std::chrono::seconds(10);
  options.write_timeout = std::chrono::seconds(5);
  return options;
}

void show(mcp::HttpExchange& exchange, const CallbackListener::Page& page) {
  static constexpr auto kHeaders = std::to_array<std::pair<std::string_view, std::string_view>>({
      {"Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
      {"Cache-Control", "no-store"},
      {"Referrer-Policy", "no-referrer"},
      {"X-Content-Type-Options", "nosniff"},
  });
  exchange.respond(page.status, "text/html; charset=utf-8", render_page(page.title, page.text), kHeaders);
}

CallbackListener::Page judge(const mcp::HttpExchange& exchange, const CallbackListener::Judge& judge) {
  if (exchange.path() != kPath)
    return {404, "Nothing here", "This address only waits for the end of a login. The login still waits."};
  if (exchange.method() != "GET") return {405, "Not that way", "The end of a login comes as a plain visit. The login still waits."};
  if (!judge) return {400, "No login", "No login waits here any more. Start it again."};
  return judge(exchange.query());
}

}  // namespace

CallbackListener::CallbackListener(const mcp::Executor& executor, Judge judge_query)
    : state_(std::make_shared<State>(State{std::move(judge_query)})) {
  auto handle = [state = state_](mcp::HttpExchange& exchange) -> mcp::Task<void> {
    show(exchange, judge(exchange, state->judge));
    co_return;
  };
  server_ = mcp::make_http_server(executor, limits(), std::move(handle));
}

CallbackListener::~CallbackListener() {
  state_->judge = nullptr;
}

mcp::Result<> CallbackListener::open(std::uint16_t port) {
  const auto bound = server_->listen("127.0.0.1", port);
  if (!bound) return std::unexpected(bound.error());
  port_ = *bound;
  // A browser that was sent to "localhost" may try this one first. A system without it is as good.
  const auto also = server_->listen("::1", port_);
  if (!also) mcp::log_debug("oauth", "the end of a login is waited for over IPv4 alone", {{"error", also.error().message}});
  return {};
}

std::string CallbackListener::redirect_uri() const {
  return "http://127.0.0.1:" + std::to_string(port_) + std::string(kPath);
}

mcp::Task<void> CallbackListener::close() {
  const auto state = state_;
  state->judge = nullptr;
  co_await server_->stop(mcp::Clock::now() + std::chrono::seconds(1));
}

}  // namespace oauth
