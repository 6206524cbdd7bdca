#pragma once

#include <cstdint>

#include "gateway/admin/status.h"
#include "gateway/config/config.h"

namespace gateway {

/// Where the listeners got other ports than the configuration has for them, says so in the log.
void warn_of_other_ports(const Config& wanted, std::uint16_t mcp_port, std::uint16_t admin_port, const GatewayStatus& status);

}  // namespace gateway
