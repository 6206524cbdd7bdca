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

  Task<Result<std::unique_ptr<HttpClientResponse>>> send(HttpClientRequest request, Cancellation& cancellation) override {
    auto connection = pool_->check(cancellation) ? pool_->take_idle() : nullptr;
    if (!connection) return connect_and_send(pool_, std::move(request), cancellation);
    return ClientExchange::run(pool_, std::move(connection), std::move(request), cancellation);
  }

  void close() override { pool_->close(); }

 private:
  /// Holds the pool, since the client may be let go of meanwhile.
  static Task<Result<std::unique_ptr<HttpClientResponse>>> connect_and_send(std::shared_ptr<ClientPool> pool,
                                                                            HttpClientRequest request,
                                                                            Cancellation& cancellation) {
    if (auto go_on = pool->check(cancellation); !go_on) co_return std::unexpected(std::move(go_on.error()));
    auto connection = co_await pool->acquire(request.control, cancellation);
    if (!connection) co_return std::unexpected(std::move(connection.error()));
    co_return co_await ClientExchange::run(std::move(pool), std::move(*connection), std::move(request), cancellation);
  }

  std::shared_ptr<ClientPool> pool_;
};

}  // namespace

std::shared_ptr<HttpClient> make_http_client(const Executor& executor, Url url, HttpClientOptions options) {
  return std::make_shared<PooledHttpClient>(std::make_shared<ClientPool>(executor, std::move(url), std::move(options)));
}

}  // namespace mcp
