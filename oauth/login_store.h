#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "mcp/base/cancellation.h"
#include "mcp/base/result.h"
#include "mcp/base/task.h"
#include "oauth/credential.h"
#include "oauth/credential_store.h"

namespace oauth {

/// The store as the loop asks it: nothing here blocks. Loop thread only; a call may outlive whoever made it, the store may not go
/// before the call is done. Errors as CredentialStore has them.
class LoginStore {
 public:
  virtual ~LoginStore() = default;

  /// Waits until no other process, and nobody in this one, holds the login; io_error, naming the file, where that takes longer than
  /// `wait`. Whoever renews a token may hold it for as long as an authorization server takes to answer.
  virtual mcp::Task<mcp::Result<std::unique_ptr<StoreLock>>> lock(CredentialKey key,
                                                                  mcp::Cancellation& cancellation,
                                                                  std::chrono::milliseconds wait) = 0;

  static constexpr std::chrono::milliseconds kRenewalWait = std::chrono::seconds(60);
  static constexpr std::chrono::milliseconds kLoginWait = std::chrono::seconds(180);

  virtual mcp::Task<mcp::Result<std::optional<Credential>>> load(CredentialKey key) = 0;
  virtual mcp::Task<mcp::Result<CredentialStore::Loaded>> load_all() = 0;
  virtual mcp::Task<mcp::Result<>> save(Credential credential) = 0;
  virtual mcp::Task<mcp::Result<bool>> remove(CredentialKey key) = 0;

  virtual mcp::Task<mcp::Result<std::optional<Client>>> load_client(std::string issuer) = 0;
  virtual mcp::Task<mcp::Result<>> save_client(std::string issuer, Client client) = 0;
  virtual mcp::Task<mcp::Result<>> remove_client(std::string issuer) = 0;
};

}  // namespace oauth
