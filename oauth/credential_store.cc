#include "oauth/credential_store.h"

namespace oauth {

mcp::Error CredentialStore::locked(const CredentialKey& key) {
  return {mcp::ErrorCode::io_error,
          "the login with " + key.issuer + " is locked by another process",
          "Wait until it is done with that login; if it hangs, end it.",
          {}};
}

}  // namespace oauth
