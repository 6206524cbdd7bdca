#pragma once

#include <string_view>

#include "mcp/base/result.h"
#include "oauth/credential_store.h"

namespace oauth {

/// When the login was made. One that does not say is as old as its token.
WallTime login_time(const Credential& credential);

/// The logins to the server at that URL (as the configuration has it, byte by byte) under that account, the newest login first.
/// There are several where the server has moved to another authorization server: none is forgotten before its user logs out.
/// Blocks, as the store does; what cannot be read is told, whosever it is.
mcp::Result<CredentialStore::Loaded> find_credentials(CredentialStore& store,
                                                      std::string_view server_url,
                                                      std::string_view account);

}  // namespace oauth
