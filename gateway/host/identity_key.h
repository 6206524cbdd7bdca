#pragma once

#include <optional>
#include <string>

#include "mcp/base/result.h"

namespace gateway {

/// The key of ServerIdentity that belongs to a state folder: STATE/identity.key (0600), made where there is none. Error io_error,
/// naming the file.
mcp::Result<std::string> load_identity_key(const std::string& state_dir);

/// The same, but none is made.
mcp::Result<std::optional<std::string>> find_identity_key(const std::string& state_dir);

}  // namespace gateway
