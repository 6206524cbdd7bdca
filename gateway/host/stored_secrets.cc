#include "gateway/host/stored_secrets.h"

#include <mutex>
#include <utility>

#include "mcp/base/log.h"
#include "oauth/file_credential_store.h"

namespace gateway {
namespace {

class Secrets {
 public:
  explicit Secrets(OpenStore open) : open_(std::move(open)) {}

  std::optional<std::string> find(const std::string& name) {
    std::call_once(opened_, [this] { store_ = open_(); });
    if (!store_) return std::nullopt;
    auto value = store_->load_secret(name);
    if (value) return std::move(*value);
    mcp::log_error("config", "the secret " + name + " cannot be read: " + value.error().text());
    return std::nullopt;
  }

 private:
  OpenStore open_;
  std::once_flag opened_;
  std::shared_ptr<oauth::CredentialStore> store_;
};

}  // namespace

std::shared_ptr<oauth::CredentialStore> open_credential_store(const std::string& state_dir, Environment variables) {
  return oauth::open_file_store(
      {.folder = oauth::credentials_folder(state_dir), .key_place = {}, .keyring = {.variable = std::move(variables)}});
}

Environment environment_with_secrets(Environment environment, OpenStore open) {
  return [outer = std::move(environment),
          secrets = std::make_shared<Secrets>(std::move(open))](std::string_view name) -> std::optional<std::string> {
    if (!name.starts_with(kSecretPrefix)) return outer ? outer(name) : std::nullopt;
    return secrets->find(std::string(name.substr(kSecretPrefix.size())));
  };
}

}  // namespace gateway
