#pragma once

#include <string>

#include "gateway/config/jsonc.h"

namespace gateway {

/// A server's entry in few words, as it is written in the file: "npx -y server /srv", "https://host/mcp"; what seems to be a secret
/// is "…". At most some 200 characters.
std::string entry_text(const JsonNode& entry);

}  // namespace gateway
