#include "oauth/callback_listener.h"

#include <utility>

#include "mcp/base/clock.h"
#include "mcp/base/log.h"
#include "mcp/http/http_server.h"
#include "oauth/callback_page.h"

namespace oauth {

struct CallbackListener::State {
  Judge judge;
  LoopbackCallback place;
};

namespace {

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

CallbackListener::Page judge(const mcp::HttpExchange& exchange, std::string_view path, const CallbackListener::Judge& judge) {
  if (exchange.path() != path)
    return {404, "Nothing here", "This address only waits for the end of a login. The login still waits."};
  if (exchange.method() != "GET") return {405, "Not that way", "The end of a login comes as a plain visit. The login still waits."};
  if (!judge) return {400, "No login", "No login waits here any more. Start it again."};
  return judge(exchange.query());
}

}  // namespace

CallbackListener::CallbackListener(const mcp::Executor& executor, Judge judge_query)
    : state_(std::make_shared<State>(State{std::move(judge_query), {}})) {
  auto handle = [state = state_](mcp::HttpExchange& exchange) -> mcp::Task<void> {
    const std::string& path = state->place.path;
    show_page(exchange, judge(exchange, path.empty() ? "/" : path, state->judge));
    co_return;
  };
  server_ = mcp::make_http_server(executor, limits(), std::move(handle));
}

CallbackListener::~CallbackListener() {
  state_->judge = nullptr;
}

mcp::Result<> CallbackListener::open(const LoopbackCallback& place) {
  const bool six = place.host == "[::1]";
  const auto bound = server_->listen(six ? "::1" : "127.0.0.1", place.port);
  if (!bound) return std::unexpected(bound.error());
  port_ = *bound;
  state_->place = place;
  if (six) return {};
  // A browser that was sent to "localhost" may try this one first: nobody else is to be there. A system without it is as good.
  const auto also = server_->listen("::1", port_);
  if (!also && place.host != "127.0.0.1" && also.error().message.contains("in use")) return std::unexpected(also.error());
  if (!also) mcp::log_debug("oauth", "the end of a login is waited for over IPv4 alone", {{"error", also.error().message}});
  return {};
}

std::string CallbackListener::redirect_uri() const {
  return state_->place.uri(port_);
}

mcp::Task<void> CallbackListener::close() {
  const auto state = state_;
  state->judge = nullptr;
  co_await server_->stop(mcp::Clock::now() + std::chrono::seconds(1));
}

}  // namespace oauth
