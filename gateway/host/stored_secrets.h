#pragma once

#include <functional>
#include <memory>
#include <string>

#include "gateway/config/config_file.h"
#include "oauth/credential_store.h"

namespace gateway {

/// The store of a state folder; `variables` is for a keyring that its key may be in. Nothing is written until something is kept.
/// Never null.
std::shared_ptr<oauth::CredentialStore> open_credential_store(const std::string& state_dir, Environment variables);

/// Makes the store when it is first asked for.
using OpenStore = std::function<std::shared_ptr<oauth::CredentialStore>()>;

/// `environment` with the store's secrets behind kSecretPrefix. A secret that cannot be read counts as missing, and the log says
/// why. The store is opened with the first secret that is looked up. As for threads: as `environment`; looking a secret up blocks.
Environment environment_with_secrets(Environment environment, OpenStore open);

}  // namespace gateway
