#include "mcp/http/http_server.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>
#include <vector>

#include "mcp/http/server_listener.h"
#include "mcp/http/server_state.h"

namespace mcp {

namespace asio = boost::asio;

namespace {

class HttpServerImpl final : public HttpServer {
 public:
  explicit HttpServerImpl(std::shared_ptr<ServerState> state) : state_(std::move(state)) {}

  ~HttpServerImpl() override {
    stop_accepting();
    state_->close_all();
  }

  HttpServerImpl(const HttpServerImpl&) = delete;
  HttpServerImpl& operator=(const HttpServerImpl&) = delete;

  Result<std::uint16_t> listen(const std::string& host, std::uint16_t port) override {
    return open(host, port, ServerListener::Wire::plain);
  }

  Result<std::uint16_t> listen_tls(const std::string& host, std::uint16_t port) override {
    return open(host, port, ServerListener::Wire::tls);
  }

  void set_tls(std::shared_ptr<const TlsServerContext> context) override { state_->set_tls(std::move(context)); }

  void stop_accepting() override {
    for (const auto& listener : listeners_)
      listener->close();
    listeners_.clear();
    state_->wake_acceptors();
  }

  Task<void> stop(std::chrono::steady_clock::time_point deadline) override {
    stop_accepting();
    const std::shared_ptr<ServerState> state = state_;
    co_await state->drain(deadline);
    state->close_all();
  }

  std::size_t connections() const override { return state_->connections(); }

 private:
  Result<std::uint16_t> open(const std::string& host, std::uint16_t port, ServerListener::Wire wire) {
    auto listener = std::make_shared<ServerListener>(state_, wire);
    Result<std::uint16_t> bound = listener->open(host, port);
    if (!bound) return bound;
    listeners_.push_back(listener);
    asio::co_spawn(state_->executor(), ServerListener::run(std::move(listener)), asio::detached);
    return bound;
  }

  const std::shared_ptr<ServerState> state_;
  std::vector<std::shared_ptr<ServerListener>> listeners_;
};

}  // namespace

std::unique_ptr<HttpServer> make_http_server(const Executor& executor, const HttpServerOptions& options, HttpHandler handler) {
  return std::make_unique<HttpServerImpl>(std::make_shared<ServerState>(executor, options, std::move(handler)));
}

}  // namespace mcp
