#pragma once

#include <string>

#include "mcp/base/cancellation.h"
#include "mcp/base/result.h"
#include "mcp/base/task.h"
#include "oauth/credential.h"

namespace oauth {

/// What can be asked about a login's place in the world when a refresh went wrong. Loop thread only.
class Registrar {
 public:
  virtual ~Registrar() = default;

  /// The issuer that the server's own metadata names now. Errors: it cannot be told just now.
  virtual mcp::Task<mcp::Result<std::string>> issuer_now(const Credential& credential, mcp::Cancellation& cancellation) = 0;

  /// Registers with that issuer again (RFC 7591). Errors: it refuses, offers no registration, or is not there.
  virtual mcp::Task<mcp::Result<Client>> register_again(const Credential& credential,
                                                        std::string issuer,
                                                        mcp::Cancellation& cancellation) = 0;
};

}  // namespace oauth
