#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "oauth/credential_store.h"

namespace gateway {

/// Keeps secrets in memory. It cannot be told apart from one on disk, until `full`.
class MemoryStore : public oauth::CredentialStore {
 public:
  mcp::Result<std::optional<oauth::Credential>> load(const oauth::CredentialKey&) override { return std::nullopt; }
  mcp::Result<Loaded> load_all() override { return Loaded{}; }
  mcp::Result<> save(const oauth::Credential&) override { return {}; }
  mcp::Result<bool> remove(const oauth::CredentialKey&) override { return false; }
  mcp::Result<std::unique_ptr<oauth::StoreLock>> try_lock(const oauth::CredentialKey&) override { return nullptr; }
  mcp::Result<std::optional<oauth::Client>> load_client(const std::string&) override { return std::nullopt; }
  mcp::Result<> save_client(const std::string&, const oauth::Client&) override { return {}; }
  mcp::Result<> remove_client(const std::string&) override { return {}; }

  mcp::Result<std::optional<std::string>> load_secret(const std::string& name) override {
    const auto found = secrets.find(name);
    return found == secrets.end() ? std::nullopt : std::optional(found->second);
  }
  mcp::Result<std::vector<std::string>> secret_names() override {
    std::vector<std::string> names;
    names.reserve(secrets.size());
    for (const auto& [name, value] : secrets)
      names.push_back(name);
    return names;
  }
  mcp::Result<> save_secret(const std::string& name, const std::string& value) override {
    if (secrets.size() >= room) return mcp::fail(mcp::ErrorCode::io_error, "the disk is full", "Make room.");
    secrets[name] = value;
    return {};
  }
  mcp::Result<bool> remove_secret(const std::string& name) override { return secrets.erase(name) > 0; }

  std::map<std::string, std::string> secrets;
  std::size_t room = 1000;
};

}  // namespace gateway
