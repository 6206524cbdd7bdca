#pragma once

#include <functional>
#include <optional>
#include <string>

#include "gateway/config/config.h"
#include "gateway/doctor/check.h"
#include "mcp/base/result.h"
#include "oauth/credential.h"

namespace gateway {

/// The login that is kept for a server's URL under an account, the newest where there are several. Must not block.
using FindLogin =
    std::function<mcp::Result<std::optional<oauth::Credential>>(const std::string& server_url, const std::string& account)>;

/// What it means that an HTTP server refuses a request (401, 403) that came without what the gateway would give it: a login that is
/// kept, a token, a standing of its own. Nothing where it would give none, or the headers of the configuration have one.
std::optional<Check> judge_login(const ServerSpec& server, int status, const FindLogin& find, oauth::WallTime now);

}  // namespace gateway
