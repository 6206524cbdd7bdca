#pragma once

#include <string>

#include "gateway/admin/status.h"

namespace gateway {

/// "starting: everything, files (2 of 4 ready)"
std::string startup_text(const GatewayStatus& status);

}  // namespace gateway
