#pragma once

#include <string>

#include "gateway/admin/status.h"

namespace gateway {

/// "starting: everything, files (2 of 4 ready)"
std::string startup_text(const GatewayStatus& status);

/// What people paste to connect a client to the endpoint at `url`, where clients need a token with the place for it.
std::string connect_text(const std::string& url, bool asks_for_token);

}  // namespace gateway
