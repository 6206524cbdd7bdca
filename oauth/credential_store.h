#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mcp/base/result.h"
#include "oauth/credential.h"

namespace oauth {

/// Held: no other process and no other thread changes the record it is for. Given back with its destruction, or by the kernel
/// with the process.
class StoreLock {
 public:
  virtual ~StoreLock() = default;
};

/// Where logins are kept from one life of the program to the next, for all processes of a user. Every function blocks (files); any
/// thread. What is written is there whole or not at all, whenever the process ends. Times are kept in whole milliseconds. Errors:
/// io_error, naming the file and what to do; never a secret.
class CredentialStore {
 public:
  virtual ~CredentialStore() = default;

  virtual mcp::Result<std::optional<Credential>> load(const CredentialKey& key) = 0;

  struct Loaded {
    std::vector<Credential> credentials;
    std::vector<mcp::Error> unreadable;  // a file each; what it holds is left as it is
  };
  virtual mcp::Result<Loaded> load_all() = 0;

  /// Replaces what is there under `credential.key`. The caller holds its lock.
  virtual mcp::Result<> save(const Credential& credential) = 0;

  /// False where there was none. The caller holds its lock.
  virtual mcp::Result<bool> remove(const CredentialKey& key) = 0;

  /// Null while somebody else holds it; never waits for that.
  virtual mcp::Result<std::unique_ptr<StoreLock>> try_lock(const CredentialKey& key) = 0;

  /// What to say of a lock that is not to be had: io_error, with who holds it, where that can be told.
  virtual mcp::Error locked(const CredentialKey& key);

  // Clients that were registered dynamically, one for each issuer and redirect URI's host.

  virtual mcp::Result<std::optional<Client>> load_client(const std::string& issuer) = 0;
  virtual mcp::Result<> save_client(const std::string& issuer, const Client& client) = 0;
  virtual mcp::Result<> remove_client(const std::string& issuer) = 0;

  // Secrets that the configuration names (${secret:NAME}).

  virtual mcp::Result<std::optional<std::string>> load_secret(const std::string& name) = 0;
  virtual mcp::Result<std::vector<std::string>> secret_names() = 0;
  virtual mcp::Result<> save_secret(const std::string& name, const std::string& value) = 0;
  virtual mcp::Result<bool> remove_secret(const std::string& name) = 0;
};

}  // namespace oauth
