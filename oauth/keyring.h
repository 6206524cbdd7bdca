#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "mcp/base/result.h"
#include "oauth/seal.h"

namespace oauth {

/// How the desktop's keyring is reached: by libsecret's own program (Debian: libsecret-tools).
struct KeyringOptions {
  std::string program = "secret-tool";
  /// Our environment; what names the session bus and what a keyring needs to ask its user for a password is handed on.
  std::function<std::optional<std::string>(std::string_view name)> variable;
  std::chrono::milliseconds patience{60'000};  // a person may have to unlock it
};

/// Sealing keys in the keyring (Secret Service) of this user's session. Each is kept under its id, so that the stores of several
/// state folders do not meet. The functions block, as long as `patience`; any thread. A key never stands in an argument or in the
/// environment of a process. Errors: io_error, with what is missing.
class Keyring {
 public:
  explicit Keyring(KeyringOptions options);

  /// Nothing where the keyring has none of that id.
  mcp::Result<std::optional<SealingKey>> find(const std::string& key_id) const;

  /// Once this has succeeded, the keyring has given it back, too.
  mcp::Result<> store(const SealingKey& key) const;

  /// No error where there is none.
  mcp::Result<> remove(const std::string& key_id) const;

 private:
  struct Said {
    int code = 0;
    std::string out;
    std::string complaint;  // the beginning of what it wrote on standard error, on one line
  };

  mcp::Result<Said> ask(std::string_view verb, const std::string& key_id, std::string input) const;
  std::optional<std::string> variable(std::string_view name) const;
  mcp::Result<> check_bus() const;

  const KeyringOptions options_;
};

}  // namespace oauth
