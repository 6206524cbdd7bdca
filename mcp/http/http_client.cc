#include "mcp/http/http_client.h"

#include <utility>

#include "mcp/http/client_exchange.h"
#include "mcp/http/client_pool.h"

namespace mcp {
namespace {

class PooledHttpClient final : public HttpClient {
 public:
  explicit PooledHttpClient(std::shared_ptr<ClientPool> pool) : pool_(std::move(pool)) {}

  ~PooledHttpClient() override { pool_->close(); }

  Task<Result<std::unique_ptr<HttpClientResponse>>> send(const HttpClientRequest& request, Cancellation& cancellation) override {
    // The client may be let go of meanwhile.
    auto pool = pool_;
    if (auto go_on = pool->check(cancellation); !go_on) co_return std::unexpected(std::move(go_on.error()));
    auto connection = pool->take_idle();
    if (!connection) {
      auto acquired = co_await pool->acquire(cancellation);
      if (!acquired) co_return std::unexpected(std::move(acquired.error()));
      connection = std::move(*acquired);
    }
    auto exchange = ClientExchange::make(pool, std::move(connection));
    auto started = co_await exchange->start(request, cancellation);
    if (!started) co_return std::unexpected(std::move(started.error()));
    co_return std::unique_ptr<HttpClientResponse>(std::move(exchange));
  }

  void close() override { pool_->close(); }

 private:
  std::shared_ptr<ClientPool> pool_;
};

}  // namespace

std::shared_ptr<HttpClient> make_http_client(const Executor& executor, Url url, HttpClientOptions options) {
  return std::make_shared<PooledHttpClient>(std::make_shared<ClientPool>(executor, std::move(url), std::move(options)));
}

}  // namespace mcp
