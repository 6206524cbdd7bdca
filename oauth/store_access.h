#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mcp/base/cancellation.h"
#include "mcp/base/result.h"
#include "mcp/base/task.h"
#include "oauth/credential_store.h"
#include "oauth/login_store.h"

namespace boost::asio {
class thread_pool;  // NOLINT(readability-identifier-naming): Asio has named it
}

namespace oauth {

/// A CredentialStore for the loop thread: what blocks runs on `helpers`. Loop thread only; outlives what is awaited of it, as
/// `helpers` does. Errors are the store's.
class StoreAccess final : public LoginStore {
 public:
  StoreAccess(std::shared_ptr<CredentialStore> store, boost::asio::thread_pool& helpers);

  mcp::Task<mcp::Result<std::optional<Credential>>> load(CredentialKey key) override;
  mcp::Task<mcp::Result<CredentialStore::Loaded>> load_all() override;
  mcp::Task<mcp::Result<CredentialStore::Loaded>> find(std::string server_url, std::string account);  // find_credentials.h

  /// Whoever is destroyed while it awaits these has still begun something that will be done, or fail, whole.
  mcp::Task<mcp::Result<>> save(Credential credential) override;
  mcp::Task<mcp::Result<bool>> remove(CredentialKey key) override;

  /// Waits until it has the lock, and holds no thread meanwhile. Errors: io_error where somebody else holds it all of the time,
  /// with who that is; the cancellation's reason. Never null.
  mcp::Task<mcp::Result<std::unique_ptr<StoreLock>>> lock(CredentialKey key,
                                                          mcp::Cancellation& cancellation,
                                                          std::chrono::milliseconds wait) override;

  mcp::Task<mcp::Result<std::optional<Client>>> load_client(std::string issuer) override;
  mcp::Task<mcp::Result<>> save_client(std::string issuer, Client client) override;
  mcp::Task<mcp::Result<>> remove_client(std::string issuer) override;

  mcp::Task<mcp::Result<std::optional<std::string>>> load_secret(std::string name);
  mcp::Task<mcp::Result<std::vector<std::string>>> secret_names();
  mcp::Task<mcp::Result<>> save_secret(std::string name, std::string value);
  mcp::Task<mcp::Result<bool>> remove_secret(std::string name);

  /// For threads that may block.
  const std::shared_ptr<CredentialStore>& store() const { return store_; }

 private:
  const std::shared_ptr<CredentialStore> store_;
  boost::asio::thread_pool& helpers_;
};

}  // namespace oauth
