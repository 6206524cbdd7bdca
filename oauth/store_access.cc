#include "oauth/store_access.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <type_traits>
#include <utility>

#include "mcp/base/clock.h"
#include "mcp/base/event.h"
#include "oauth/find_credentials.h"

namespace oauth {

namespace asio = boost::asio;
using mcp::Result;
using mcp::Task;

namespace {

constexpr auto kLookAgain = std::chrono::milliseconds(50);  // at a lock that somebody else holds

template <class Value>
Task<Value> call(std::function<Value()> work) {
  co_return work();
}

template <class Value>
Task<Value> run_on(asio::thread_pool& helpers, std::function<Value()> work) {
  auto calling = call<Value>(std::move(work));
  co_return co_await asio::co_spawn(helpers, std::move(calling), asio::use_awaitable);
}

/// `work` owns all it needs: nobody else may be there any more when it is its turn.
template <class Work>
auto on(asio::thread_pool& helpers, Work work) {
  return run_on<std::invoke_result_t<Work&>>(helpers, std::move(work));
}

}  // namespace

StoreAccess::StoreAccess(std::shared_ptr<CredentialStore> store, asio::thread_pool& helpers)
    : store_(std::move(store)), helpers_(helpers) {}

Task<Result<std::optional<Credential>>> StoreAccess::load(CredentialKey key) {
  return on(helpers_, [store = store_, key = std::move(key)] { return store->load(key); });
}

Task<Result<CredentialStore::Loaded>> StoreAccess::load_all() {
  return on(helpers_, [store = store_] { return store->load_all(); });
}

Task<Result<CredentialStore::Loaded>> StoreAccess::find(std::string server_url, std::string account) {
  return on(helpers_, [store = store_, server_url = std::move(server_url), account = std::move(account)] {
    return find_credentials(*store, server_url, account);
  });
}

Task<Result<>> StoreAccess::save(Credential credential) {
  return on(helpers_, [store = store_, credential = std::move(credential)] { return store->save(credential); });
}

Task<Result<bool>> StoreAccess::remove(CredentialKey key) {
  return on(helpers_, [store = store_, key = std::move(key)] { return store->remove(key); });
}

Task<Result<std::unique_ptr<StoreLock>>> StoreAccess::lock(CredentialKey key,
                                                           mcp::Cancellation& cancellation,
                                                           std::chrono::milliseconds wait) {
  const mcp::Executor executor = co_await asio::this_coro::executor;
  mcp::Event cancelled(executor);
  const mcp::Cancellation::Callback on_cancel(cancellation, [&cancelled] { cancelled.set(); });
  const auto until = mcp::Clock::now() + wait;
  for (;;) {
    auto trying = on(helpers_, [store = store_, key] { return store->try_lock(key); });
    auto lock = co_await std::move(trying);
    if (cancellation.requested()) co_return std::unexpected(cancellation.reason());
    if (!lock || *lock) co_return lock;
    const auto now = mcp::Clock::now();
    if (now >= until) break;
    co_await cancelled.wait_until(std::min(until, now + kLookAgain));
    if (cancellation.requested()) co_return std::unexpected(cancellation.reason());
  }
  auto asking = on(helpers_, [store = store_, key] { return store->locked(key); });
  auto error = co_await std::move(asking);
  co_return std::unexpected(std::move(error));
}

Task<Result<std::optional<Client>>> StoreAccess::load_client(std::string issuer) {
  return on(helpers_, [store = store_, issuer = std::move(issuer)] { return store->load_client(issuer); });
}

Task<Result<>> StoreAccess::save_client(std::string issuer, Client client) {
  return on(helpers_, [store = store_, issuer = std::move(issuer), client = std::move(client)] {
    return store->save_client(issuer, client);
  });
}

Task<Result<>> StoreAccess::remove_client(std::string issuer) {
  return on(helpers_, [store = store_, issuer = std::move(issuer)] { return store->remove_client(issuer); });
}

Task<Result<std::optional<std::string>>> StoreAccess::load_secret(std::string name) {
  return on(helpers_, [store = store_, name = std::move(name)] { return store->load_secret(name); });
}

Task<Result<std::vector<std::string>>> StoreAccess::secret_names() {
  return on(helpers_, [store = store_] { return store->secret_names(); });
}

Task<Result<>> StoreAccess::save_secret(std::string name, std::string value) {
  return on(helpers_,
            [store = store_, name = std::move(name), value = std::move(value)] { return store->save_secret(name, value); });
}

Task<Result<bool>> StoreAccess::remove_secret(std::string name) {
  return on(helpers_, [store = store_, name = std::move(name)] { return store->remove_secret(name); });
}

}  // namespace oauth
