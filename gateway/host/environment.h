#pragma once

#include <functional>
#include <memory>
#include <string>

#include "gateway/config/config_file.h"

namespace oauth {
class CredentialStore;
}

namespace gateway {

/// Opens the store of a state folder; never null.
using StoreOpener = std::function<std::shared_ptr<oauth::CredentialStore>(const std::string& state_dir)>;

/// What the program takes from the world around it; tests pass their own.
struct HostEnvironment {
  Environment variables;   // the process's environment
  std::string guardian;    // path of the switchyard-guardian program
  std::string folder;      // that it was started in; "" where nobody is to know
  StoreOpener open_store;  // of logins and secrets; open_credential_store() where it is empty

  /// The real one. The guardian is looked for beside our own executable, then in ../libexec/switchyard.
  static HostEnvironment of_process();
};

/// The path from the root, without "." and "..": another process, in another folder, finds the same file by it.
std::string absolute_path(const std::string& path);

/// $XDG_CONFIG_HOME/switchyard/switchyard.json (or ~/.config/…), unless SWITCHYARD_CONFIG names a file. Absolute.
std::string default_config_file(const Environment& variables);

/// $XDG_STATE_HOME/switchyard (or ~/.local/state/switchyard), unless SWITCHYARD_STATE names a folder. Absolute.
std::string default_state_dir(const Environment& variables);

/// `environment` with SWITCHYARD_STATE naming this very folder, however the program was told of it ("": unchanged). No program of a
/// server's inherits it.
Environment environment_with_state(Environment environment, const std::string& state_dir);

/// Where the records of a gateway's children lie, in its state folder; "" where there is none.
std::string child_records_dir(const std::string& state_dir);

}  // namespace gateway
