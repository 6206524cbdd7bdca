#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "mcp/base/clock.h"
#include "mcp/http/timed_cancellation.h"
#include "oauth/login_store.h"

namespace oauth {

/// What several processes would share, in memory: each has a MemoryLoginStore over the same one.
struct SharedLogins {
  std::map<CredentialKey, Credential> credentials;
  std::map<std::string, Client> clients;
  std::set<CredentialKey> locked;
  int saves = 0;
  bool full = false;                     // nothing can be saved
  bool unreadable = false;               // nothing can be read
  std::optional<CredentialKey> damaged;  // this one cannot
};

class MemoryLoginStore final : public LoginStore {
 public:
  explicit MemoryLoginStore(std::shared_ptr<SharedLogins> shared) : shared_(std::move(shared)) {}

  mcp::Task<mcp::Result<std::unique_ptr<StoreLock>>> lock(CredentialKey key,
                                                          mcp::Cancellation& cancellation,
                                                          std::chrono::milliseconds wait) override {
    const auto shared = shared_;
    const auto deadline = mcp::Clock::now() + wait;
    while (shared->locked.contains(key)) {
      if (cancellation.requested()) co_return std::unexpected(cancellation.reason());
      if (mcp::Clock::now() >= deadline)
        co_return mcp::fail(mcp::ErrorCode::io_error, "/state/credentials/x.lock is locked by another process");
      co_await mcp::pause(std::chrono::milliseconds(50), cancellation);
    }
    shared->locked.insert(key);
    co_return std::make_unique<Lock>(shared, key);
  }

  mcp::Task<mcp::Result<std::optional<Credential>>> load(CredentialKey key) override {
    if (shared_->unreadable || shared_->damaged == key)
      co_return mcp::fail(mcp::ErrorCode::io_error, "/state/credentials/x cannot be read");
    const auto found = shared_->credentials.find(key);
    co_return found == shared_->credentials.end() ? std::nullopt : std::optional(found->second);
  }

  mcp::Task<mcp::Result<CredentialStore::Loaded>> load_all() override {
    if (shared_->unreadable) co_return mcp::fail(mcp::ErrorCode::io_error, "/state/credentials cannot be read");
    CredentialStore::Loaded all;
    for (const auto& [key, credential] : shared_->credentials) {
      if (shared_->damaged != key) all.credentials.push_back(credential);
    }
    if (shared_->damaged) all.unreadable.push_back({mcp::ErrorCode::io_error, "/state/credentials/x is damaged"});
    co_return all;
  }

  mcp::Task<mcp::Result<bool>> remove(CredentialKey key) override { co_return shared_->credentials.erase(key) > 0; }

  mcp::Task<mcp::Result<>> save(Credential credential) override {
    if (shared_->full) co_return mcp::fail(mcp::ErrorCode::io_error, "/state/credentials/x cannot be written: no space left");
    ++shared_->saves;
    const CredentialKey key = credential.key;
    shared_->credentials.insert_or_assign(key, std::move(credential));
    co_return mcp::Result<>();
  }

  mcp::Task<mcp::Result<std::optional<Client>>> load_client(std::string issuer) override {
    const auto found = shared_->clients.find(issuer);
    co_return found == shared_->clients.end() ? std::nullopt : std::optional(found->second);
  }

  mcp::Task<mcp::Result<>> remove_client(std::string issuer) override {
    shared_->clients.erase(issuer);
    co_return mcp::Result<>();
  }

  mcp::Task<mcp::Result<>> save_client(std::string issuer, Client client) override {
    shared_->clients.insert_or_assign(std::move(issuer), std::move(client));
    co_return mcp::Result<>();
  }

 private:
  class Lock final : public StoreLock {
   public:
    Lock(std::shared_ptr<SharedLogins> shared, CredentialKey key) : shared_(std::move(shared)), key_(std::move(key)) {}

    ~Lock() override { shared_->locked.erase(key_); }

    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

   private:
    std::shared_ptr<SharedLogins> shared_;
    CredentialKey key_;
  };

  std::shared_ptr<SharedLogins> shared_;
};

}  // namespace oauth
