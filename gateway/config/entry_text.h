#pragma once

#include <string>

#include "gateway/config/jsonc.h"

namespace gateway {

/// A server's entry in few words, as it is written in the file: "npx -y server /srv", "https://host/mcp"; what seems to be a secret
/// is "…". At most some 200 characters.
std::string entry_text(const JsonNode& entry);

/// The URL of a server with "…" in the place of passwords, values of its query, and parts of its path that seem to be secrets.
std::string url_text(const std::string& url);

}  // namespace gateway
